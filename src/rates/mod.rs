//! L3. Rates, proportions and funnel limits.

//! L3. What rounding and suppression leave possible.

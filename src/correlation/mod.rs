//! L3. Correlation between columns of a table of areas.

//! L3. Adjusting p-values for many tests.

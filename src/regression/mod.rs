//! L3. Linear regression.

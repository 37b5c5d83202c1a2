//! L1. Scalar numerics and linear algebra: no domain words.

//! L3. Bootstrap, jackknife and permutation.

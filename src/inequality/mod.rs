//! L3. Inequality along a ranking: slope index, concentration index.

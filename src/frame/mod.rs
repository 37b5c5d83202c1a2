//! L2. The only importer of Arrow below the bindings.

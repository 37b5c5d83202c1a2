//! A table that is held, or one that is scanned: what the doors of regression take.

use super::{Frame, ModelData, Roles, Scan, fingerprint};
use crate::error::Result;
use crate::parallel::Control;

/// Rows, wherever they are.
#[derive(Debug, Clone)]
pub enum Rows {
    /// In memory.
    Held(Frame),
    /// In files.
    Files(Scan),
}

impl Rows {
    /// [`Frame::model`] or [`Scan::model`].
    ///
    /// # Errors
    /// As there; `Empty` for a table without rows.
    pub fn model(self, roles: &Roles, control: &Control) -> Result<ModelData> {
        match self {
            Self::Held(frame) => frame.not_empty()?.model(roles, control),
            Self::Files(scan) => scan.model(roles, control),
        }
    }

    /// The data id: of values in memory, of stored bytes in files.
    ///
    /// # Errors
    /// As [`fingerprint`] and [`Scan::fingerprint`].
    pub fn fingerprint(&self, columns: &[String]) -> Result<String> {
        match self {
            Self::Held(frame) => fingerprint(frame, columns),
            Self::Files(scan) => scan.fingerprint(columns),
        }
    }
}

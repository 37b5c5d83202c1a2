//! L2. The only importer of Arrow below the bindings: named columns in, result tables out.
//!
//! | file | what |
//! | --- | --- |
//! | [`Frame`] | record batches of one schema, columns by name |
//! | `numeric` | any integer, float, decimal or boolean column as f64 |
//! | `categorical` | any string, dictionary, integer or boolean column as a factor |
//! | `cells` `coder` | rows grouped into unique patterns with n, Σy, Σy² |
//! | `scan` `stream` | Parquet files and streams of batches, grouped without being held |
//! | `rows` | a table that is held or one that is scanned |
//! | `model` | what a regression needs: variables, outcome sums, clusters |
//! | `complete` | several columns over the rows complete in all of them |
//! | `codes` | the same without a string per row |
//! | `output` | building a result table |
//! | `fingerprint` | a content hash: the data id of a result |
//!
//! One null rule: a null is never read as a value; it travels as `false` in a mask. NaN and infinity
//! are not nulls: they are refused, naming the rows, unless a caller asks otherwise.

mod categorical;
mod cells;
mod coder;
mod codes;
mod complete;
mod fingerprint;
mod model;
mod numeric;
mod output;
mod rows;
mod scan;
mod stream;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Schema, SchemaRef};

use crate::error::{Error, Result};

pub use cells::{Columns, Grouped, GroupedKey, merge_cells};
pub use complete::{Complete, Named, Nested};
pub use fingerprint::fingerprint;
pub use model::{ModelData, Roles};
pub use numeric::NumericColumn;
pub use output::TableBuilder;
pub use rows::Rows;
pub use scan::{Scan, ScanReader};
pub use stream::stream_cells;

/// A table: record batches of one schema.
#[derive(Debug, Clone)]
pub struct Frame {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    n_rows: usize,
}

impl Frame {
    /// A table from its batches.
    pub fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let n_rows = batches.iter().map(RecordBatch::num_rows).sum();
        Self { schema, batches, n_rows }
    }

    /// Refuses a table without rows (also what a consumed reader looks like).
    ///
    /// # Errors
    /// `Empty`.
    pub fn not_empty(self) -> Result<Self> {
        if self.n_rows == 0 {
            return Err(Error::Empty { what: "the table".to_owned() });
        }
        Ok(self)
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Column names, in order.
    pub fn names(&self) -> Vec<String> {
        self.schema.fields().iter().map(|f| f.name().clone()).collect()
    }

    /// The chunks of one column.
    ///
    /// # Errors
    /// `UnknownColumn` with the nearest name; `Duplicate` when two columns have it.
    fn chunks(&self, name: &str) -> Result<Vec<ArrayRef>> {
        let index = position(&self.schema, name)?;
        Ok(self.batches.iter().map(|b| ArrayRef::clone(b.column(index))).collect())
    }
}

/// Where a column stands.
fn position(schema: &Schema, name: &str) -> Result<usize> {
    let mut found = schema.fields().iter().enumerate().filter(|(_, f)| f.name() == name);
    let Some((index, _)) = found.next() else {
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        return Err(Error::unknown_column(name, &names));
    };
    let repeats: Vec<usize> = found.map(|(i, _)| i).collect();
    if !repeats.is_empty() {
        let columns = vec!["column names".to_owned()];
        return Err(Error::Duplicate { columns, n: repeats.len(), rows: repeats, got: name.to_owned() });
    }
    Ok(index)
}

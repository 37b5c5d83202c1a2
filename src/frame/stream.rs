//! Cells of a stream: batches are taken as they come, grouped in parallel and let go.

use arrow_array::{RecordBatch, RecordBatchReader};

use super::cells::Part;
use super::{Columns, Grouped, position};
use crate::error::{Error, Result};
use crate::parallel::{Control, pipeline};

/// Rows read before they are grouped: what a thread holds of the stream.
const PART: usize = 1 << 18;

/// Groups the rows of a stream by `columns.keys`.
///
/// # Errors
/// As [`super::Frame::cells`]; `Empty` for a stream without rows; `File` where the producer fails.
pub fn stream_cells(
    stream: &mut (dyn RecordBatchReader + Send),
    columns: Columns<'_>,
    control: &Control,
) -> Result<Grouped> {
    let schema = stream.schema();
    let places: Vec<usize> = columns.all().iter().map(|n| position(&schema, n)).collect::<Result<_>>()?;
    let mut first = 0;
    let next = || {
        let (mut batches, mut rows) = (Vec::new(), 0);
        while rows < PART
            && let Some(batch) = stream.next()
        {
            let used = batch.and_then(|b| b.project(&places)).map_err(|e| Error::File {
                file: "the stream of batches".to_owned(),
                column: None,
                reason: e.to_string(),
            })?;
            rows += used.num_rows();
            batches.push(used);
            control.tick(0)?;
        }
        control.announce(rows as u64);
        first += rows;
        Ok((rows > 0).then_some((first - rows, batches)))
    };
    let make = |(first, batches): (usize, Vec<RecordBatch>)| {
        let mut part = Part::new(columns, first);
        for batch in batches {
            part.push_batch(&batch, columns)?;
            control.tick(batch.num_rows() as u64)?;
        }
        Ok(part)
    };
    let mut all = Part::new(columns, 0);
    pipeline(next, make, |part: Part| all.absorb(&part))?;
    if all.is_empty() {
        return Err(Error::Empty { what: "the stream".to_owned() });
    }
    all.finish(columns)
}

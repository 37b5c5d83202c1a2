//! Parquet files as one table that is never held: row groups are read, grouped and let go.
//!
//! Text stays dictionary codes where the file has them so, and a row group is read by one thread, with a file handle of
//! its own (cloned handles share their position). Which row groups make a part depends on the files alone, so results
//! do not depend on the number of threads. Each row group has its own dictionary: see `coder`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchReader};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use super::cells::{Part, part_rows};
use super::fingerprint::{bytes_of, mix};
use super::{Columns, Frame, Grouped, position};
use crate::error::{Error, Result};
use crate::parallel::{Control, map_indexed, pipeline};

/// Rows decoded at a time.
const BATCH: usize = 1 << 14;
/// Bytes hashed at a time.
const BLOCK: usize = 1 << 18;

/// Parquet files of the same columns.
#[derive(Debug, Clone)]
pub struct Scan {
    files: Arc<Vec<ParquetFile>>,
    schema: SchemaRef,
    n_rows: usize,
}

#[derive(Debug)]
struct ParquetFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

/// A row group: file, number within it, rows before it in the scan, its rows.
#[derive(Debug, Clone, Copy)]
struct Group {
    file: usize,
    number: usize,
    first: usize,
    n_rows: usize,
}

impl Scan {
    /// Opens the files and compares their columns.
    ///
    /// # Errors
    /// `File`, naming the file and, where its columns differ from the first file's, the column.
    pub fn open(paths: &[PathBuf]) -> Result<Self> {
        let files = map_indexed(paths.len(), |i| ParquetFile::open(&paths[i]))?;
        let Some(first) = files.first() else {
            return Err(Error::Empty { what: "the list of files".to_owned() });
        };
        let marks: HashMap<String, String> = files.iter().flat_map(ParquetFile::marks).collect();
        let schema = Arc::new(first.metadata.schema().as_ref().clone().with_metadata(marks));
        files.iter().skip(1).try_for_each(|f| f.compare(&schema, &first.path))?;
        let n_rows = files.iter().map(ParquetFile::n_rows).sum();
        Ok(Self { files: Arc::new(files), schema, n_rows })
    }

    /// The columns; text is `Dictionary(Int32, Utf8)`.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows, as the files' metadata has them.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn groups(&self) -> Vec<Group> {
        let mut first = 0;
        let mut groups = Vec::new();
        for (file, f) in self.files.iter().enumerate() {
            for (number, meta) in f.metadata.metadata().row_groups().iter().enumerate() {
                let n_rows = usize::try_from(meta.num_rows()).unwrap_or(0);
                groups.push(Group { file, number, first, n_rows });
                first += n_rows;
            }
        }
        groups.retain(|g| g.n_rows > 0);
        groups
    }

    /// Groups the rows by `columns.keys`.
    ///
    /// # Errors
    /// As [`Frame::cells`]; `Empty` without rows; `File` for a file that cannot be decoded.
    pub fn cells(&self, columns: Columns<'_>, control: &Control) -> Result<Grouped> {
        let names = columns.all();
        names.iter().try_for_each(|n| position(&self.schema, n).map(|_| ()))?;
        if self.n_rows == 0 {
            return Err(Error::Empty { what: "the scan".to_owned() });
        }
        control.announce(self.n_rows as u64);
        let least = part_rows(self.n_rows);
        let mut groups = self.groups().into_iter().peekable();
        let next = || {
            let (mut part, mut rows) = (Vec::new(), 0);
            while let Some(group) = groups.next_if(|_| rows < least) {
                rows += group.n_rows;
                part.push(group);
            }
            Ok((!part.is_empty()).then_some(part))
        };
        let make = |part: Vec<Group>| {
            let mut made = Part::new(columns, part.first().map_or(0, |g| g.first));
            for group in part {
                for batch in self.read(group, &names)? {
                    let batch = batch.map_err(|e| self.unreadable(group, &e))?;
                    made.push_batch(&batch, columns)?;
                    control.tick(batch.num_rows() as u64)?;
                }
            }
            Ok(made)
        };
        let mut all = Part::new(columns, 0);
        pipeline(next, make, |part: Part| all.absorb(&part))?;
        all.finish(columns)
    }

    fn unreadable(&self, group: Group, error: &ArrowError) -> Error {
        Error::file(&self.files[group.file].path, format!("row group {}: {error}", group.number))
    }

    fn read(&self, group: Group, names: &[&str]) -> Result<ParquetRecordBatchReader> {
        let file = &self.files[group.file];
        let handle = File::open(&file.path).map_err(|e| Error::file(&file.path, e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, file.metadata.clone());
        let roots: Vec<usize> =
            names.iter().map(|n| position(file.metadata.schema(), n)).collect::<Result<_>>()?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        builder
            .with_row_groups(vec![group.number])
            .with_projection(mask)
            .with_batch_size(BATCH)
            .build()
            .map_err(|e| Error::file(&file.path, e))
    }

    /// The named columns, batch after batch, in the order of the rows.
    ///
    /// # Errors
    /// `UnknownColumn`.
    pub fn reader(&self, names: &[String]) -> Result<ScanReader> {
        let fields: Vec<Field> = names
            .iter()
            .map(|n| position(&self.schema, n).map(|i| self.schema.field(i).clone()))
            .collect::<Result<_>>()?;
        Ok(ScanReader {
            scan: self.clone(),
            schema: Arc::new(Schema::new(fields).with_metadata(self.schema.metadata().clone())),
            groups: self.groups().into_iter(),
            current: None,
        })
    }

    /// The first rows of the named columns: at least `n`, or all there are.
    ///
    /// # Errors
    /// `UnknownColumn`, `File`.
    pub fn head(&self, names: &[String], n: usize) -> Result<Frame> {
        let mut reader = self.reader(names)?;
        let (mut batches, mut held) = (Vec::new(), 0);
        while held < n
            && let Some(batch) = reader.advance().transpose()?
        {
            held += batch.num_rows();
            batches.push(batch);
        }
        Ok(Frame::new(reader.schema, batches))
    }

    /// A hash of the bytes that the files hold for the named columns: the data id of a result.
    ///
    /// # Errors
    /// `UnknownColumn`, `File`.
    pub fn fingerprint(&self, names: &[String]) -> Result<String> {
        let groups = self.groups();
        let mut state = bytes_of(self.n_rows as u64, &[]);
        for name in names {
            position(&self.schema, name)?;
            let parts = map_indexed(groups.len(), |i| self.hash(groups[i], name))?;
            state = parts.into_iter().fold(bytes_of(state, name.as_bytes()), mix);
        }
        Ok(format!("{state:016x}"))
    }

    fn hash(&self, group: Group, name: &str) -> Result<u64> {
        let file = &self.files[group.file];
        let broken = |e: std::io::Error| Error::file(&file.path, e);
        let mut handle = File::open(&file.path).map_err(broken)?;
        let mut state = group.n_rows as u64;
        let mut block = vec![0; BLOCK];
        let chunks = file.metadata.metadata().row_group(group.number).columns();
        for chunk in chunks.iter().filter(|c| c.column_path().parts().first().is_some_and(|p| p == name)) {
            let (start, length) = chunk.byte_range();
            handle.seek(SeekFrom::Start(start)).map_err(broken)?;
            let mut left = usize::try_from(length).unwrap_or(0);
            while left > 0 {
                let piece = &mut block[..left.min(BLOCK)];
                handle.read_exact(piece).map_err(broken)?;
                state = bytes_of(state, piece);
                left -= piece.len();
            }
        }
        Ok(state)
    }
}

impl ParquetFile {
    fn open(path: &Path) -> Result<Self> {
        let broken =
            |e: &dyn std::fmt::Display| Error::file(path, format!("not a readable Parquet file: {e}"));
        let handle = File::open(path).map_err(|e| broken(&e))?;
        // What the writer noted about Arrow types is set aside: two writers may differ in it for the same columns.
        let options = || ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let plain = ArrowReaderMetadata::load(&handle, options()).map_err(|e| broken(&e))?;
        let coded: Vec<Field> = plain.schema().fields().iter().map(|f| coded(f)).collect();
        let options = options().with_schema(Arc::new(Schema::new(coded)));
        let metadata = ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options);
        Ok(Self { path: path.to_owned(), metadata: metadata.map_err(|e| broken(&e))? })
    }

    /// What gofal noted about the rows when it made them (that they are simulated).
    fn marks(&self) -> Vec<(String, String)> {
        let noted = self.metadata.metadata().file_metadata().key_value_metadata();
        let own = noted.into_iter().flatten().filter(|kv| kv.key.starts_with("gofal."));
        own.filter_map(|kv| kv.value.as_ref().map(|v| (kv.key.clone(), v.clone()))).collect()
    }

    fn n_rows(&self) -> usize {
        usize::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// The columns must be those of the first file, in any order.
    fn compare(&self, schema: &Schema, first: &Path) -> Result<()> {
        let own = self.metadata.schema();
        let differs = |column: &str, reason: String| Error::File {
            file: self.path.display().to_string(),
            column: Some(column.to_owned()),
            reason: format!("{reason}; write the files with the same columns, or scan them apart"),
        };
        for field in schema.fields() {
            match own.field_with_name(field.name()) {
                Err(_) => {
                    return Err(differs(field.name(), format!("missing here, but in {}", first.display())));
                }
                Ok(found) if found.data_type() != field.data_type() => {
                    let types = (said(found.data_type()), said(field.data_type()));
                    let reason = format!("{} here, {} in {}", types.0, types.1, first.display());
                    return Err(differs(field.name(), reason));
                }
                Ok(_) => {}
            }
        }
        match own.fields().iter().find(|f| schema.field_with_name(f.name()).is_err()) {
            Some(extra) => Err(differs(extra.name(), format!("not in {}", first.display()))),
            None => Ok(()),
        }
    }
}

/// Text as dictionary codes; 32 bits, since narrower ones fail beyond their range.
fn coded(field: &Field) -> Field {
    match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => field
            .clone()
            .with_data_type(DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))),
        _ => field.clone(),
    }
}

fn said(kind: &DataType) -> String {
    match kind {
        DataType::Dictionary(_, _) => "text".to_owned(),
        other => other.to_string(),
    }
}

/// A [`Scan`] read once from top to bottom.
#[derive(Debug)]
pub struct ScanReader {
    scan: Scan,
    schema: SchemaRef,
    groups: std::vec::IntoIter<Group>,
    current: Option<(Group, ParquetRecordBatchReader)>,
}

impl ScanReader {
    fn advance(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            if let Some((group, reader)) = &mut self.current {
                match reader.next() {
                    Some(Ok(batch)) => return Some(self.in_order(&batch)),
                    Some(Err(error)) => return Some(Err(self.scan.unreadable(*group, &error))),
                    None => self.current = None,
                }
            }
            let group = self.groups.next()?;
            let names: Vec<&str> = self.schema.fields().iter().map(|f| f.name().as_str()).collect();
            match self.scan.read(group, &names) {
                Ok(reader) => self.current = Some((group, reader)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Columns in the order asked for, which a file need not have them in.
    fn in_order(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = self
            .schema
            .fields()
            .iter()
            .map(|f| position(batch.schema_ref(), f.name()).map(|i| ArrayRef::clone(batch.column(i))))
            .collect::<Result<_>>()?;
        let made = RecordBatch::try_new(SchemaRef::clone(&self.schema), columns);
        made.map_err(|e| Error::Internal { message: e.to_string() })
    }
}

impl Iterator for ScanReader {
    type Item = std::result::Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.advance().map(|batch| batch.map_err(|e| ArrowError::ExternalError(Box::new(e))))
    }
}

impl RecordBatchReader for ScanReader {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }
}

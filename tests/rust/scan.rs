//! Files scanned into cells: the contents of every cell against a plain map over the rows, whatever the encoding,
//! the row groups, the files and the number of threads.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int16Array, RecordBatch, RecordBatchIterator, StringArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use gofal::design::Levels;
use gofal::error::Error;
use gofal::frame::{Columns, Frame, Grouped, Scan, merge_cells, stream_cells};
use gofal::parallel::{Control, with_threads};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

type Cells = BTreeMap<Vec<String>, [u64; 3]>;

/// A folder that goes when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gofal-scan-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn schema() -> SchemaRef {
    let field = |name: &str, kind: DataType| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        field("area", DataType::Utf8),
        field("year", DataType::Int16),
        field("abuse", DataType::Boolean),
        field("note", DataType::Utf8),
        field("band", DataType::Float64),
        field("care", DataType::Float64),
    ]))
}

/// Rows whose levels, and the order they come in, change all the way down; a fifth of each column is null.
fn batch(start: usize, n: usize) -> RecordBatch {
    let draw = |i: usize, k: u64| {
        let mut z = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(k << 40);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
    };
    let some = |i: usize, k: u64| !draw(i, k + 50).is_multiple_of(5);
    let rows = start..start + n;
    let area = |i: usize| some(i, 1).then(|| format!("area {}", (draw(i, 1) % 7 + i as u64 / 90) % 22));
    let note = |i: usize| some(i, 2).then(|| format!("{}", draw(i, 2) % 400));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.clone().map(area).collect::<StringArray>()),
        Arc::new(
            rows.clone()
                .map(|i| some(i, 3).then(|| i16::try_from(2014 + draw(i, 3) % 9).unwrap()))
                .collect::<Int16Array>(),
        ),
        Arc::new(
            rows.clone().map(|i| some(i, 4).then(|| draw(i, 4).is_multiple_of(3))).collect::<BooleanArray>(),
        ),
        Arc::new(rows.clone().map(note).collect::<StringArray>()),
        Arc::new(
            rows.clone().map(|i| some(i, 5).then(|| (draw(i, 5) % 4) as f64 / 4.0)).collect::<Float64Array>(),
        ),
        Arc::new(
            rows.map(|i| some(i, 6).then(|| f64::from(u8::from(draw(i, 6).is_multiple_of(4)))))
                .collect::<Float64Array>(),
        ),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn write(path: &Path, batches: &[RecordBatch], group: usize, how: WriterPropertiesBuilder) {
    let properties = how.set_max_row_group_row_count(Some(group)).build();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batches[0].schema(), Some(properties)).unwrap();
    batches.iter().for_each(|b| writer.write(b).unwrap());
    writer.close().unwrap();
}

fn label(batch: &RecordBatch, name: &str, i: usize) -> String {
    use arrow_array::Array;
    let column = batch.column_by_name(name).unwrap();
    if column.is_null(i) {
        return "null".to_owned();
    }
    let any = column.as_any();
    if let Some(a) = any.downcast_ref::<StringArray>() {
        a.value(i).to_owned()
    } else if let Some(a) = any.downcast_ref::<Int16Array>() {
        f64::from(a.value(i)).to_string()
    } else if let Some(a) = any.downcast_ref::<BooleanArray>() {
        f64::from(u8::from(a.value(i))).to_string()
    } else {
        any.downcast_ref::<Float64Array>().unwrap().value(i).to_string()
    }
}

/// The cells by a plain map.
fn expected(batches: &[RecordBatch], keys: &[String]) -> Cells {
    let mut cells = Cells::new();
    for b in batches {
        for i in 0..b.num_rows() {
            let y = label(b, "care", i);
            if y != "null" {
                let y: u64 = y.parse().unwrap();
                let cell = cells.entry(keys.iter().map(|k| label(b, k, i)).collect()).or_default();
                *cell = [cell[0] + 1, cell[1] + y, cell[2] + y];
            }
        }
    }
    cells
}

fn found(grouped: &Grouped) -> Cells {
    let mut cells = Cells::new();
    for (i, sums) in grouped.sums.iter().enumerate() {
        let key = grouped.keys.iter().map(|k| match k.codes[i].checked_sub(u32::from(k.has_null)) {
            None => "null".to_owned(),
            Some(c) => match &k.levels {
                Levels::Text(names) => names[c as usize].clone(),
                Levels::Number(values) => values[c as usize].to_string(),
            },
        });
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let sums = sums.map(|s| s as u64);
        assert!(cells.insert(key.collect(), sums).is_none(), "a pattern twice");
    }
    cells
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn by(keys: &[String]) -> Columns<'_> {
    Columns { keys, outcome: Some("care"), ..Columns::default() }
}

#[test]
fn cells_of_files_are_those_of_the_rows_under_every_encoding() {
    let folder = Folder::new("encodings");
    let batches: Vec<RecordBatch> = (0..6).map(|i| batch(i * 1000, 1000)).collect();
    let names = keys(&["area", "year", "abuse", "note", "band"]);
    let want = expected(&batches, &names);
    let builder = WriterProperties::builder;
    let plans = [
        ("dictionary", builder()),
        ("plain", builder().set_dictionary_enabled(false)),
        ("overflow", builder().set_dictionary_page_size_limit(64).set_data_page_row_count_limit(50)),
    ];
    for (name, how) in plans {
        for group in [37, 1000, 100_000] {
            let path = folder.file(&format!("{name}-{group}.parquet"));
            write(&path, &batches, group, how.clone().set_write_batch_size(16));
            let scan = Scan::open(&[path]).unwrap();
            assert_eq!(scan.n_rows(), 6000);
            for threads in [1, 2, 8] {
                let grouped = with_threads(threads, || scan.cells(by(&names), &Control::new()).unwrap());
                assert_eq!(found(&grouped), want, "{name} {group} {threads}");
                assert_eq!((grouped.n_rows, grouped.binary), (6000, true));
                assert_eq!(grouped.n_missing as u64, 6000 - want.values().map(|c| c[0]).sum::<u64>());
            }
        }
    }
}

#[test]
fn many_files_streams_frames_and_merged_cells_agree_level_for_level() {
    let folder = Folder::new("many");
    let batches: Vec<RecordBatch> = (0..5).map(|i| batch(i * 700, 700)).collect();
    let names = keys(&["note", "area", "year"]);
    let mut paths = Vec::new();
    for (i, b) in batches.iter().enumerate() {
        paths.push(folder.file(&format!("{i}.parquet")));
        // The third file has its columns in another order; the second has no rows.
        let order: Vec<usize> = if i == 2 { vec![5, 3, 0, 4, 2, 1] } else { (0..6).collect() };
        let b = b.project(&order).unwrap();
        write(&paths[i], &[if i == 1 { b.slice(0, 0) } else { b }], 64, WriterProperties::builder());
    }
    let used: Vec<RecordBatch> =
        batches.iter().enumerate().filter(|(i, _)| *i != 1).map(|(_, b)| b.clone()).collect();
    let frame = Frame::new(schema(), used.clone());
    let held = frame.cells(by(&names), &Control::new()).unwrap();
    assert_eq!(found(&held), expected(&used, &names));
    let scanned = Scan::open(&paths).unwrap().cells(by(&names), &Control::new()).unwrap();
    let mut reader = RecordBatchIterator::new(used.iter().cloned().map(Ok), schema());
    let streamed = stream_cells(&mut reader, by(&names), &Control::new()).unwrap();
    for other in [&scanned, &streamed] {
        assert_eq!(other.sums, held.sums);
        for (a, b) in other.keys.iter().zip(&held.keys) {
            assert_eq!((&a.levels, &a.codes, a.has_null), (&b.levels, &b.codes, b.has_null));
        }
    }
    let head = Scan::open(&paths).unwrap().head(&names, 800).unwrap();
    assert!((800..2800).contains(&head.n_rows()) && head.names() == names);
}

#[test]
fn sums_of_cells_are_added_as_they_are() {
    let field = |name: &str, kind: DataType| Field::new(name, kind, true);
    let schema = Arc::new(Schema::new(vec![
        field("k", DataType::Utf8),
        field("n", DataType::Int16),
        field("s", DataType::Float64),
        field("q", DataType::Float64),
    ]));
    let table = |k: Vec<Option<&str>>, n: Vec<i16>, s: Vec<f64>, q: Vec<Option<f64>>| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(k)),
            Arc::new(Int16Array::from(n)),
            Arc::new(Float64Array::from(s)),
            Arc::new(Float64Array::from(q)),
        ];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
        Frame::new(Arc::clone(&schema), vec![batch])
    };
    let names = keys(&["k"]);
    let own = Columns { keys: &names, outcome: Some("s"), weight: Some("n"), squares: Some("q") };
    let one = table(vec![Some("b"), None], vec![2, 1], vec![3.5, 1.0], vec![Some(6.25), Some(1.0)]);
    let two = table(vec![Some("a"), Some("b")], vec![1, 4], vec![-1.0, 2.0], vec![Some(1.0), Some(9.5)]);
    let all = merge_cells(&[(one.clone(), own), (two, own)], &names).unwrap();
    assert_eq!(all.sums, [[1.0, 1.0, 1.0], [1.0, -1.0, 1.0], [6.0, 5.5, 15.75]]);
    let broken = table(vec![Some("a")], vec![1], vec![0.0], vec![None]);
    let error = merge_cells(&[(one, own), (broken, own)], &names).unwrap_err();
    assert!(matches!(error, Error::Values { ref column, .. } if column == "q"), "{error}");
}

#[test]
fn files_that_cannot_be_one_table_are_refused_by_name() {
    let folder = Folder::new("refused");
    let good = folder.file("good.parquet");
    write(&good, &[batch(0, 50)], 64, WriterProperties::builder());
    let refused = |second: &Path| Scan::open(&[good.clone(), second.to_owned()]).map(|_| ()).unwrap_err();
    let named = |error: &Error, file: &Path| match error {
        Error::File { file: f, column, .. } => {
            assert_eq!(f, &file.display().to_string());
            column.clone()
        }
        other => unreachable!("{other}"),
    };
    let other = folder.file("other.parquet");
    let fewer = batch(0, 50).project(&[0, 1, 2, 3, 4]).unwrap();
    write(&other, &[fewer], 64, WriterProperties::builder());
    assert_eq!(named(&refused(&other), &other).as_deref(), Some("care"));
    let years: ArrayRef = Arc::new(StringArray::from(vec!["2014"; 50]));
    let mut columns = batch(0, 50).columns().to_vec();
    columns[1] = years;
    let mut fields: Vec<Field> = schema().fields().iter().map(|f| f.as_ref().clone()).collect();
    fields[1] = Field::new("year", DataType::Utf8, true);
    let changed = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    write(&other, &[changed], 64, WriterProperties::builder());
    let error = refused(&other);
    assert_eq!(named(&error, &other).as_deref(), Some("year"));
    assert!(error.to_string().contains("text here, Int16 in"), "{error}");
    for content in ["", "PAR1 but no more"] {
        let broken = folder.file("broken.parquet");
        std::fs::write(&broken, content).unwrap();
        assert_eq!(named(&refused(&broken), &broken), None);
    }
    let absent = folder.file("absent.parquet");
    assert_eq!(named(&refused(&absent), &absent), None);
    let names = keys(&["area"]);
    write(&other, &[batch(0, 0)], 64, WriterProperties::builder());
    let empty = Scan::open(std::slice::from_ref(&other)).unwrap().cells(by(&names), &Control::new());
    assert!(matches!(empty, Err(Error::Empty { .. })));
    let typo = keys(&["aera"]);
    let error = Scan::open(&[good]).unwrap().cells(by(&typo), &Control::new()).unwrap_err();
    assert!(matches!(error, Error::UnknownColumn { nearest: Some(ref n), .. } if n == "area"), "{error}");
}

#[test]
fn outcomes_that_are_not_finite_are_named_by_their_row_in_the_scan() {
    let folder = Folder::new("rows");
    let mut columns = batch(0, 300).columns().to_vec();
    let mut y = vec![0.0; 300];
    y[211] = f64::NAN;
    columns[5] = Arc::new(Float64Array::from(y));
    let broken = RecordBatch::try_new(schema(), columns).unwrap();
    let paths = [folder.file("0.parquet"), folder.file("1.parquet")];
    write(&paths[0], &[batch(0, 100)], 64, WriterProperties::builder());
    write(&paths[1], &[broken], 64, WriterProperties::builder());
    let names = keys(&["area"]);
    for threads in [1, 2] {
        let found = with_threads(threads, || Scan::open(&paths).unwrap().cells(by(&names), &Control::new()));
        assert!(matches!(found, Err(Error::Values { ref rows, .. }) if rows == &[311]), "{found:?}");
    }
}

#[test]
fn a_scan_stops_when_asked() {
    let folder = Folder::new("stop");
    let path = folder.file("0.parquet");
    write(&path, &[batch(0, 100)], 64, WriterProperties::builder());
    let (control, names) = (Control::new(), keys(&["area"]));
    control.stop();
    assert!(matches!(Scan::open(&[path]).unwrap().cells(by(&names), &control), Err(Error::Interrupted)));
}

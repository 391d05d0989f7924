//! One Parquet file: rows are collected by column, and written as a row group when there are enough.

use std::io;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use serde_json::Value;

use super::columns::{Column, Kind, Layout};
use super::{SCHEMA, Sink};

/// Rows of a row group: what readers skip or read as a whole.
const MOST_ROWS: usize = 64 << 10;

/// Bytes of text in it; messages of findings are long.
const MOST_TEXT: usize = 16 << 20;

/// How many levels of the schema are there where a value is, and where it is null.
const THERE: i16 = 1;
const NULL: i16 = 0;

/// A table under way.
pub(super) struct Table {
    layout: &'static Layout,
    writer: SerializedFileWriter<Sink>,
    cells: Vec<Cells>,
    rows: usize,
    text: usize,
}

/// The cells of a column that are not written yet: a level for each, a value for those that are there.
#[derive(Default)]
struct Cells {
    levels: Vec<i16>,
    numbers: Vec<i64>,
    booleans: Vec<bool>,
    texts: Vec<ByteArray>,
}

impl Table {
    pub(super) fn new(layout: &'static Layout, sink: Sink) -> io::Result<Self> {
        let told = KeyValue::new("schema".to_owned(), SCHEMA.to_owned());
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("smtp-decrypt ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![told]));
        let schema = parse_message_type(&declared(layout)).map_err(io_error)?;
        let writer =
            SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties.build()))
                .map_err(io_error)?;
        let cells = layout.columns.iter().map(|_| Cells::default()).collect();
        Ok(Self { layout, writer, cells, rows: 0, text: 0 })
    }

    pub(super) fn name(&self) -> &'static str {
        self.layout.name
    }

    /// Takes a row, an object of the JSON report.
    pub(super) fn push(&mut self, row: &Value) -> io::Result<()> {
        for (column, cells) in self.layout.columns.iter().zip(&mut self.cells) {
            self.text += cells.push(column, row.pointer(column.at));
        }
        self.rows += 1;
        if self.rows >= MOST_ROWS || self.text >= MOST_TEXT {
            self.write_group().map_err(io_error)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_group().map_err(io_error)?;
        let mut sink = self.writer.into_inner().map_err(io_error)?;
        sink.flush()
    }

    fn write_group(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        (self.rows, self.text) = (0, 0);
        let mut group = self.writer.next_row_group()?;
        for (column, cells) in self.layout.columns.iter().zip(&mut self.cells) {
            if let Some(writer) = group.next_column()? {
                std::mem::take(cells).write(column.kind, writer)?;
            }
        }
        group.close().map(drop)
    }
}

impl Cells {
    /// Adds a cell. Gives its bytes of text.
    fn push(&mut self, column: &Column, value: Option<&Value>) -> usize {
        let mut text_len = 0;
        let is_there = match column.kind {
            Kind::Number => put(&mut self.numbers, value.and_then(whole)),
            Kind::Nanoseconds => put(&mut self.numbers, value.and_then(instant)),
            Kind::Time => {
                put(&mut self.numbers, value.and_then(instant).map(|ns| ns.div_euclid(1000)))
            }
            Kind::Boolean => put(&mut self.booleans, value.and_then(Value::as_bool)),
            Kind::Text => {
                let text = value.and_then(text);
                text_len = text.as_ref().map_or(0, String::len);
                put(&mut self.texts, text.map(|text| ByteArray::from(text.into_bytes())))
            }
        };
        self.levels.push(if is_there { THERE } else { NULL });
        text_len
    }

    fn write(self, kind: Kind, mut writer: SerializedColumnWriter<'_>) -> Result<()> {
        let levels = Some(&self.levels[..]);
        match kind {
            Kind::Number | Kind::Time | Kind::Nanoseconds => {
                writer.typed::<Int64Type>().write_batch(&self.numbers, levels, None)?
            }
            Kind::Boolean => {
                writer.typed::<BoolType>().write_batch(&self.booleans, levels, None)?
            }
            Kind::Text => writer.typed::<ByteArrayType>().write_batch(&self.texts, levels, None)?,
        };
        writer.close()
    }
}

fn put<T>(cells: &mut Vec<T>, value: Option<T>) -> bool {
    let is_there = value.is_some();
    cells.extend(value);
    is_there
}

/// No count of a report is near the limit.
fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_u64().map(|_| i64::MAX))
}

/// Nanoseconds since 1970.
fn instant(value: &Value) -> Option<i64> {
    let time: jiff::Timestamp = value.as_str()?.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// `message sessions { optional int64 id; ... }`
fn declared(layout: &Layout) -> String {
    let field = |column: &Column| {
        let (kind, logical) = column.kind.declared();
        format!("optional {kind} {}{logical};", column.name)
    };
    let fields: Vec<_> = layout.columns.iter().map(field).collect();
    format!("message {} {{ {} }}", layout.name, fields.join(" "))
}

fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => io::Error::other(inner),
        other => io::Error::other(other),
    }
}

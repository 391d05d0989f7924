//! Parquet: the report as tables, for engines that go over many (`docs/fleet.md`). The columns are
//! fields of the JSON report; lists of unknown length are JSON text in one column.

mod columns;
mod table;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::{Conclusion, Renderer};
use crate::report::SessionReport;
use columns::TABLES;
use table::Table;

/// The schema of the tables, told in the metadata of each file. Columns are added under it, never
/// renamed or retyped.
pub const SCHEMA: &str = "smtp-decrypt/parquet/v1";

/// Where the bytes of a table go.
pub type Sink = Box<dyn Write + Send>;

/// All tables of a report.
pub struct Tables(Vec<Table>);

impl Tables {
    /// Begins the tables; `open` gives the file of each, by its name.
    ///
    /// # Errors
    ///
    /// What `open` says.
    pub fn new(mut open: impl FnMut(&str) -> io::Result<Sink>) -> io::Result<Self> {
        let begin = |layout: &'static columns::Layout| Table::new(layout, open(layout.name)?);
        TABLES.iter().map(begin).collect::<io::Result<_>>().map(Self)
    }

    fn push(&mut self, table: &str, row: &Value) -> io::Result<()> {
        let named = self.0.iter_mut().find(|candidate| candidate.name() == table);
        named.map_or(Ok(()), |table| table.push(row))
    }

    /// A row for each element of a list, with the session and the place in it.
    fn push_all(&mut self, table: &str, session: &Value, list: Option<&Value>) -> io::Result<()> {
        let rows = list.and_then(Value::as_array).into_iter().flatten();
        for (place, element) in (1_u64..).zip(rows) {
            let mut row = element.clone();
            if let Some(fields) = row.as_object_mut() {
                fields.insert("session".into(), session.clone());
                fields.insert("n".into(), place.into());
            }
            self.push(table, &row)?;
        }
        Ok(())
    }
}

fn value_of(model: &impl Serialize) -> io::Result<Value> {
    Ok(serde_json::to_value(model)?)
}

impl Renderer for Tables {
    fn session(&mut self, session: SessionReport, _out: &mut dyn Write) -> io::Result<()> {
        let session = value_of(&session)?;
        let id = &session["id"];
        self.push("sessions", &session)?;
        self.push_all("exchanges", id, session.pointer("/smtp/exchanges"))?;
        self.push_all("mails", id, session.pointer("/smtp/mails"))?;
        self.push_all("findings", id, session.pointer("/findings"))?;
        self.push_all("timeline", id, session.pointer("/timeline"))
    }

    fn finish(&mut self, rest: Conclusion, _out: &mut dyn Write) -> io::Result<()> {
        self.push_all("findings", &Value::Null, Some(&value_of(&rest.findings)?))?;
        self.push_all("keys", &Value::Null, Some(&value_of(&rest.keys)?))?;
        self.0.drain(..).try_for_each(Table::finish)
    }
}

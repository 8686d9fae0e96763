//! Every object against the newest entry about it in the ledger: the rows the entry says there are, in all tables, are compared
//! with those that are there. What follows from the dependency graph (effective objectives) is no part of an entry.
use crate::model::{Error, Id, Result, StringEnum};
use crate::on;
use crate::store::audit::from_audit_body;
use crate::store::bind::Bind;
use crate::store::cell::{Cell, Cells};
use crate::store::conn::{Conn, MapDbError};
use crate::store::consequence::rows_of;
use crate::store::fragment::Fragment;
use crate::store::kind::AnyKind;
use crate::store::object::AnyObject;
use crate::store::past;
use diesel::sql_types::Untyped;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Objects that are compared at once.
const PAGE: i64 = 500;
/// Faults that are told; after that it is enough.
const TOLD: usize = 100;

/// The comparison of many objects.
#[derive(Default)]
pub struct Comparison {
    pub objects: u64,
    faults: Vec<String>,
}

/// One object as its entry tells it.
struct Entry {
    seq: i64,
    key: String,
}

/// The rows of a table by the object they are of, each as a text to be compared, with its values.
type Rows = HashMap<Id, BTreeMap<String, Vec<String>>>;

impl Comparison {
    /// Compares all objects of a kind.
    ///
    /// # Errors
    /// When the database does not answer. What differs is told by [`Comparison::end`].
    pub async fn compare(&mut self, conn: &mut Conn<'_>, org: Id, kind: &dyn AnyKind) -> Result<()> {
        let (mut after, mut known) = (0, HashSet::new());
        loop {
            let page = past::live_after(conn, org, kind.info().kind, after, PAGE).await?;
            let last = (page.len() as i64) < PAGE;
            after = page.last().map_or(after, |entry| entry.seq);
            let (mut objects, mut entries) = (Vec::new(), HashMap::new());
            for entry in page {
                known.insert(entry.object_id.0);
                // What was taken out of it cannot be compared with anything.
                let Some(body) = &entry.body else { continue };
                match from_audit_body(kind, body) {
                    Ok(object) => objects.push(object),
                    Err(error) => {
                        self.fault(org, &entry.object_key, entry.object_id.0, entry.seq, &format!("it cannot be read: {error}"))
                    }
                }
                entries.insert(entry.object_id.0, Entry { seq: entry.seq, key: entry.object_key });
            }
            self.objects += objects.len() as u64;
            self.rows(conn, org, kind, &objects, &entries).await?;
            if last {
                break;
            }
        }
        for id in objects_of(conn, org, kind).await? {
            if !known.contains(&id) {
                self.tell(format!("organisation {org}: {} {id} stands in no ledger", kind.info().kind.as_str()));
            }
        }
        Ok(())
    }

    /// # Errors
    /// What differs, a line each.
    pub fn end(&mut self) -> Result<()> {
        let faults = std::mem::take(&mut self.faults);
        if faults.is_empty() { Ok(()) } else { Err(Error::Internal(faults.join("\n"))) }
    }

    async fn rows(
        &mut self,
        conn: &mut Conn<'_>,
        org: Id,
        kind: &dyn AnyKind,
        objects: &[AnyObject],
        entries: &HashMap<Id, Entry>,
    ) -> Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let ids: Vec<Id> = objects.iter().map(|object| object.meta().id).collect();
        let tables = rows_of(kind, org, &objects.iter().collect::<Vec<_>>())?.into_tables();
        for (table, columns, values) in tables {
            let owner = columns.iter().position(|column| ["id", "object_id", "owner_id"].contains(column));
            let owner = owner.ok_or_else(|| Error::Internal(format!("{table} does not say whose its rows are")))?;
            let told: Vec<usize> = (0..columns.len()).filter(|place| !columns[*place].starts_with("effective_")).collect();
            let json: HashSet<usize> =
                (0..columns.len()).filter(|place| matches!(values.get(*place), Some(Bind::Json(_)))).collect();
            let mut wanted = Rows::new();
            for row in values.chunks(columns.len()) {
                let Bind::Id(Some(id)) = &row[owner] else { continue };
                add(&mut wanted, id.0, told.iter().map(|place| text(bound(&row[*place]), json.contains(place))).collect());
            }
            let found = found(conn, org, table, columns, owner, &ids, &told, &json).await?;
            for id in &ids {
                let (wanted, found) = (wanted.get(id), found.get(id));
                if wanted != found
                    && let Some(Entry { seq, key }) = entries.get(id)
                {
                    let names: Vec<&str> = told.iter().map(|place| columns[*place]).collect();
                    self.fault(org, key, *id, *seq, &difference(table, &names, wanted, found));
                }
            }
        }
        Ok(())
    }

    fn fault(&mut self, org: Id, key: &str, id: Id, seq: i64, what: &str) {
        self.tell(format!("organisation {org}: {id} ({key}) is not what ledger entry {seq} says: {what}"));
    }

    pub fn tell(&mut self, fault: String) {
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }
}

fn add(rows: &mut Rows, id: Id, row: Vec<String>) {
    rows.entry(id).or_default().insert(row.join("\u{1f}"), row);
}

/// In words, without the values: they may be personal.
fn difference(
    table: &str,
    names: &[&str],
    wanted: Option<&BTreeMap<String, Vec<String>>>,
    found: Option<&BTreeMap<String, Vec<String>>>,
) -> String {
    let (Some(wanted), Some(found)) = (wanted, found) else {
        return format!("its rows in {table} are {}", if found.is_none() { "missing" } else { "too many" });
    };
    if let ([(_, wanted)], [(_, found)]) = (&wanted.iter().collect::<Vec<_>>()[..], &found.iter().collect::<Vec<_>>()[..]) {
        let other = names.iter().zip(wanted.iter().zip(found.iter())).filter(|(_, (wanted, found))| wanted != found);
        let other: Vec<&str> = other.map(|(name, _)| *name).collect();
        return format!("{table}.{}", other.join(", "));
    }
    format!("its rows in {table} are others")
}

#[expect(clippy::too_many_arguments, reason = "what a table is and what of it is wanted")]
async fn found(
    conn: &mut Conn<'_>,
    org: Id,
    table: &str,
    columns: &[&str],
    owner: usize,
    ids: &[Id],
    told: &[usize],
    json: &HashSet<usize>,
) -> Result<Rows> {
    let statement = Fragment::default().sql("SELECT ").sql(&columns.join(", ")).sql(" FROM ").sql(table);
    let statement = statement.sql(" WHERE organization_id = ").id(org).sql(" AND ").sql(columns[owner]).among(ids);
    let rows: Vec<Cells> = on!(conn, |c| statement.rows::<Untyped>().load(c)).map_db_error()?;
    let mut all = Rows::new();
    for row in rows {
        let mut cells: Vec<Cell> = row.into_cells().collect();
        let Cell::Id(id) = cells[owner] else { return Err(Error::Internal(format!("a row of {table} is nobody's"))) };
        let mut take = |place: &usize| std::mem::replace(&mut cells[*place], Cell::Null).into_json();
        let row = told.iter().map(|place| text(take(place), json.contains(place)));
        add(&mut all, id, row.collect());
    }
    Ok(all)
}

/// A value that is about to be written, in the form of one that was read.
fn bound(bind: &Bind) -> Value {
    match bind.clone() {
        Bind::Text(value) => value.into(),
        Bind::Word(value) => value.into(),
        Bind::Integer(value) => value.into(),
        Bind::Real(value) => value.map(|number| format!("{number:?}")).into(),
        Bind::Truth(value) => value.map(i64::from).into(),
        Bind::Time(value) => value.map(|time| time.0.micros()).into(),
        Bind::Id(value) => value.map(|id| id.0.0.simple().to_string()).into(),
        Bind::Bytes(value) => value.map(hex::encode).into(),
        Bind::Json(value) => value.map(|json| json.0).into(),
    }
}

/// A value as a text that is the same for the same value: JSON in one order, whichever database kept it.
fn text(value: Value, json: bool) -> String {
    match &value {
        Value::String(inner) if json => match serde_json::from_str(inner) {
            Ok(value) => in_order(&value),
            Err(_) => inner.clone(),
        },
        _ => value.to_string(),
    }
}

fn in_order(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, String> = members.iter().map(|(name, value)| (name, in_order(value))).collect();
            format!("{members:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(in_order).collect::<Vec<_>>()),
        // 1.0 and 1 are the same number to PostgreSQL.
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| format!("{number:?}")),
        other => other.to_string(),
    }
}

async fn objects_of(conn: &mut Conn<'_>, org: Id, kind: &dyn AnyKind) -> Result<Vec<Id>> {
    let statement = Fragment::default().sql("SELECT id FROM objects WHERE organization_id = ").id(org).sql(" AND kind = ");
    let statement = statement.bind(Bind::Word(Some(kind.info().kind.as_str())));
    let rows: Vec<Cells> = on!(conn, |c| statement.rows::<Untyped>().load(c)).map_db_error()?;
    let read = |mut cells: Cells| cells.take::<crate::store::types::DbId>().map(|id| id.0);
    rows.into_iter().map(read).collect()
}

//! What is lost when the newest change of the schema is taken back. It is taken back on trial, in a transaction that is
//! rolled back: what is missing then is what would go.
use super::conn::{Conn, MapDbError};
use super::migrate::{Way, with_schema};
use crate::config::Config;
use crate::model::{Error, Result};
use crate::on;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Text};
use std::collections::{BTreeMap, BTreeSet};

/// The change that would go, and what with it, a line each.
pub struct Reversal {
    pub change: String,
    pub losses: Vec<String>,
}

/// What stands in a database, with the numbers of rows.
struct Inventory {
    tables: BTreeMap<String, i64>,
    kinds: BTreeMap<String, i64>,
    columns: BTreeSet<(String, String)>,
}

/// Tells what would go; nothing is changed.
///
/// # Errors
/// When there is no change to be taken back, or it cannot be.
pub fn reversal(config: &Config) -> Result<Reversal> {
    with_schema(config, async |mut schema| {
        let change = schema.newest().await?;
        let before = inventory(&mut schema.conn()).await?;
        schema.begin().await?;
        let (mut schema, _) = schema.apply(Way::Down)?;
        let after = inventory(&mut schema.conn()).await?;
        schema.roll_back().await?;
        let losses = losses(&mut schema.conn(), &before, &after).await?;
        Ok(Reversal { change, losses })
    })
}

async fn inventory(conn: &mut Conn<'_>) -> Result<Inventory> {
    let columns = if conn.is_sqlite() {
        "SELECT m.name || ' ' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB '__diesel*'"
    } else {
        "SELECT table_name || ' ' || column_name FROM information_schema.columns \
         WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_diesel%'"
    };
    let columns: Vec<String> = on!(conn, |c| sql::<Text>(columns).load(c)).map_db_error()?;
    let columns: BTreeSet<(String, String)> = columns.iter().filter_map(|one| pair(one)).collect();
    let mut tables = BTreeMap::new();
    for (table, _) in &columns {
        if !tables.contains_key(table) {
            tables.insert(table.clone(), number(conn, &format!("SELECT count(*) FROM {table}")).await?);
        }
    }
    let mut kinds = BTreeMap::new();
    if tables.contains_key("objects") {
        let counted = sql::<Text>("SELECT kind || ' ' || count(*) FROM objects GROUP BY kind");
        let counted: Vec<String> = on!(conn, |c| counted.load(c)).map_db_error()?;
        for (kind, rows) in counted.iter().filter_map(|one| pair(one)) {
            kinds.insert(kind, rows.parse().map_err(Error::internal)?);
        }
    }
    Ok(Inventory { tables, kinds, columns })
}

async fn losses(conn: &mut Conn<'_>, before: &Inventory, after: &Inventory) -> Result<Vec<String>> {
    let mut losses = Vec::new();
    for (table, rows) in &before.tables {
        match after.tables.get(table) {
            None => losses.push(format!("the table {table} with {rows} rows")),
            Some(left) if left < rows && table != "objects" => losses.push(format!("{} rows of the table {table}", rows - left)),
            Some(_) => {}
        }
    }
    for (kind, objects) in &before.kinds {
        let left = after.kinds.get(kind).copied().unwrap_or(0);
        if left < *objects {
            losses.push(format!("{} objects of the kind {kind}", objects - left));
        }
    }
    for (table, column) in before.columns.difference(&after.columns).filter(|(table, _)| after.tables.contains_key(table)) {
        let rows = number(conn, &format!("SELECT count({column}) FROM {table}")).await?;
        losses.push(format!("the column {column} of the table {table}, set in {rows} rows"));
    }
    Ok(losses)
}

/// Both words are names that this program's own schema has given.
async fn number(conn: &mut Conn<'_>, count: &str) -> Result<i64> {
    on!(conn, |c| sql::<BigInt>(count).get_result(c)).map_db_error()
}

fn pair(text: &str) -> Option<(String, String)> {
    text.split_once(' ').map(|(one, other)| (one.to_owned(), other.to_owned()))
}

//! What a database knows itself of the state of its files.
use crate::model::{Error, Result};
use crate::on;
use crate::store::conn::{Conn, MapDbError};
use diesel::dsl::sql;
use diesel::sql_types::Text;

/// # Errors
/// When pages of an embedded database are damaged or an index misses rows; when PostgreSQL has an index that does not hold.
pub async fn check(conn: &mut Conn<'_>) -> Result<()> {
    refuse(
        conn,
        "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 10",
        "SELECT indexrelid::regclass || ' is not valid' FROM pg_index WHERE NOT indisvalid LIMIT 10",
    )
    .await
}

/// # Errors
/// When a foreign key leads nowhere; when PostgreSQL has a constraint that was not checked.
pub async fn check_references(conn: &mut Conn<'_>) -> Result<()> {
    refuse(
        conn,
        "SELECT \"table\" || ' refers to a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check LIMIT 10",
        "SELECT conname || ' of ' || conrelid::regclass || ' was not checked' FROM pg_constraint WHERE NOT convalidated LIMIT 10",
    )
    .await
}

async fn refuse(conn: &mut Conn<'_>, sqlite: &str, postgres: &str) -> Result<()> {
    let question = if conn.is_sqlite() { sqlite } else { postgres };
    let faults: Vec<String> = on!(conn, |c| sql::<Text>(question).load(c)).map_db_error()?;
    if faults.is_empty() { Ok(()) } else { Err(Error::Internal(format!("the database is damaged:\n{}", faults.join("\n")))) }
}

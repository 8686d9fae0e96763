//! What a database knows itself of the state of its files.
use crate::model::{Error, Result};
use crate::on;
use crate::store::conn::{Conn, MapDbError};
use diesel::dsl::sql;
use diesel::sql_types::Text;

/// Faults that are told; one alone says that a backup is needed.
const TOLD: usize = 10;

/// # Errors
/// When pages of an embedded database are damaged, an index misses rows, or a foreign key leads nowhere; when PostgreSQL has an index
/// or a constraint that does not hold.
pub async fn check(conn: &mut Conn<'_>) -> Result<()> {
    let questions: &[&str] = if conn.is_sqlite() {
        &[
            "SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 10",
            "SELECT \"table\" || ' refers to a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check LIMIT 10",
        ]
    } else {
        &[
            "SELECT indexrelid::regclass || ' is not valid' FROM pg_index WHERE NOT indisvalid LIMIT 10",
            "SELECT conname || ' of ' || conrelid::regclass || ' was not checked' FROM pg_constraint WHERE NOT convalidated LIMIT 10",
        ]
    };
    let mut faults: Vec<String> = Vec::new();
    for question in questions {
        let found: Vec<String> = on!(conn, |c| sql::<Text>(question).load(c)).map_db_error()?;
        faults.extend(found);
    }
    faults.truncate(TOLD);
    if faults.is_empty() { Ok(()) } else { Err(Error::Internal(format!("the database is damaged:\n{}", faults.join("\n")))) }
}

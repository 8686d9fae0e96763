//! Takes a backup: all tables as they stood at one moment, while others go on writing.
use super::archive::{ArchiveWriter, Header, LedgerState, Manifest};
use super::catalog::{TableShape, tables};
use crate::config::Config;
use crate::model::{Result, Timestamp};
use crate::on;
use crate::store::cell::{Cell, Cells};
use crate::store::conn::{Conn, MapDbError};
use crate::store::postgres::{Purpose, SESSION};
use crate::store::target::Target;
use crate::store::{ledger, migrate};
use diesel::sql_query;
use std::io::Write;

/// Rows that are taken from PostgreSQL at once.
const PAGE: usize = 2_000;

/// Writes a backup of the whole database. `files` are names and contents that go with it.
///
/// # Errors
/// When there is no database, or a newer one; when it does not answer, or the backup cannot be written.
pub async fn backup<W: Write>(config: &Config, out: W, files: &[(String, String)], now: Timestamp) -> Result<(W, Manifest)> {
    match Target::of(config)? {
        Target::Sqlite(file) => {
            let mut conn = file.reader()?;
            copy(&mut Conn::Sqlite(&mut conn), out, files, now).await
        }
        Target::Postgres(address) => {
            let conn = address.connect(SESSION, Purpose::Read).await?;
            copy(&mut Conn::Postgres(&conn), out, files, now).await
        }
    }
}

async fn copy<W: Write>(conn: &mut Conn<'_>, out: W, files: &[(String, String)], now: Timestamp) -> Result<(W, Manifest)> {
    migrate::check(conn).await?;
    conn.wait_patiently().await?;
    let (database, begin) =
        if conn.is_sqlite() { ("sqlite", "BEGIN") } else { ("postgres", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") };
    // The first read after it fixes the moment.
    conn.batch(begin).await?;
    let header = Header::new(migrate::newest(conn).await?.unwrap_or_default(), database, now.to_string());
    let mut archive = ArchiveWriter::new(out, header)?;
    for table in tables(conn).await? {
        archive.table(&table.name, table.columns.iter().map(|(name, _)| name.clone()).collect())?;
        rows(conn, &table, |row| archive.row(&row.into_cells().map(Cell::into_json).collect::<Vec<_>>())).await?;
    }
    for (name, content) in files {
        archive.file(name, content)?;
    }
    let ledgers: Vec<LedgerState> = ledger::tenants(conn).await?.iter().map(LedgerState::from).collect();
    let done = archive.finish(ledgers)?;
    conn.batch("COMMIT").await?;
    Ok(done)
}

/// Every row of a table, in the order of its key; never all at once.
async fn rows(conn: &mut Conn<'_>, table: &TableShape, mut each: impl FnMut(Cells) -> Result<()>) -> Result<()> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let query = format!("SELECT {} FROM {} ORDER BY {}", columns.join(", "), table.name, table.key.join(", "));
    if let Conn::Sqlite(c) = conn {
        use diesel::RunQueryDsl;
        for row in sql_query(query).load_iter::<Cells, diesel::connection::DefaultLoadingMode>(&mut **c).map_db_error()? {
            each(row.map_db_error()?)?;
        }
        return Ok(());
    }
    conn.batch(&format!("DECLARE rows CURSOR FOR {query}")).await?;
    loop {
        let page: Vec<Cells> = on!(conn, |c| sql_query(format!("FETCH {PAGE} FROM rows")).load(c)).map_db_error()?;
        let last = page.len() < PAGE;
        page.into_iter().try_for_each(&mut each)?;
        if last {
            return conn.batch("CLOSE rows").await;
        }
    }
}

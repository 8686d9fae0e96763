//! Takes a backup: all tables as they stood at one moment, while others go on writing.
use super::archive::{ArchiveWriter, Header, LedgerState, Manifest};
use super::catalog::{TableShape, tables};
use super::one_organization;
use crate::config::Config;
use crate::model::{Id, Result, Timestamp};
use crate::on;
use crate::store::cell::{Cell, Cells};
use crate::store::conn::{Conn, MapDbError};
use crate::store::fragment::Fragment;
use crate::store::postgres::{Purpose, SESSION};
use crate::store::target::Target;
use crate::store::{ledger, migrate};
use diesel::sql_query;
use diesel::sql_types::Untyped;
use std::io::Write;

/// Rows that are taken from PostgreSQL at once.
const PAGE: usize = 2_000;

/// What a backup is to hold.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// Names and contents of files that go with it.
    pub files: &'a [(String, String)],
    /// Key or id of the one organisation it is of; all when there is none.
    pub organization: Option<&'a str>,
}

/// Writes a backup of the whole database, or of one organisation.
///
/// # Errors
/// When there is no database, or a newer one; when it does not answer, or the backup cannot be written.
pub async fn backup<W: Write>(config: &Config, out: W, wanted: Wanted<'_>, now: Timestamp) -> Result<(W, Manifest)> {
    match Target::of(config)? {
        Target::Sqlite(file) => {
            let mut conn = file.reader()?;
            copy(&mut Conn::Sqlite(&mut conn), out, wanted, now).await
        }
        Target::Postgres(address) => {
            let conn = address.connect(SESSION, Purpose::Read).await?;
            copy(&mut Conn::Postgres(&conn), out, wanted, now).await
        }
    }
}

async fn copy<W: Write>(conn: &mut Conn<'_>, out: W, wanted: Wanted<'_>, now: Timestamp) -> Result<(W, Manifest)> {
    migrate::check(conn).await?;
    conn.wait_patiently().await?;
    let (database, begin) =
        if conn.is_sqlite() { ("sqlite", "BEGIN") } else { ("postgres", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") };
    // The first read after it fixes the moment.
    conn.batch(begin).await?;
    let mut header = Header::new(migrate::newest(conn).await?.unwrap_or_default(), database, now.to_string());
    let mut only = None;
    if let Some(named) = wanted.organization {
        let one = one_organization::find(conn, named).await?;
        only = Id::parse(&one.id);
        header.organization = Some(one);
    }
    let mut archive = ArchiveWriter::new(out, header)?;
    for table in tables(conn).await? {
        archive.table(&table.name, table.columns.iter().map(|(name, _)| name.clone()).collect())?;
        rows(conn, &table, only, |row| archive.row(&row.into_cells().map(Cell::into_json).collect::<Vec<_>>())).await?;
    }
    for (name, content) in wanted.files {
        archive.file(name, content)?;
    }
    let mut ledgers = ledger::tenants(conn).await?;
    ledgers.retain(|(id, _)| only.is_none_or(|only| *id == only));
    let ledgers = ledgers.iter().map(LedgerState::from).collect();
    let done = archive.finish(ledgers)?;
    conn.batch("COMMIT").await?;
    Ok(done)
}

/// Every row of a table, or those of one organisation, in the order of its key; never all at once.
async fn rows(
    conn: &mut Conn<'_>,
    table: &TableShape,
    only: Option<Id>,
    mut each: impl FnMut(Cells) -> Result<()>,
) -> Result<()> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let query = Fragment::default().sql("SELECT ").sql(&columns.join(", ")).sql(" FROM ").sql(&table.name);
    let query = match only {
        Some(only) => query.sql(" WHERE organization_id = ").id(only),
        None => query,
    };
    let query = query.sql(" ORDER BY ").sql(&table.key.join(", "));
    if let Conn::Sqlite(c) = conn {
        use diesel::RunQueryDsl;
        let rows = query.rows::<Untyped>();
        for row in rows.load_iter::<Cells, diesel::connection::DefaultLoadingMode>(&mut **c).map_db_error()? {
            each(row.map_db_error()?)?;
        }
        return Ok(());
    }
    let declared = Fragment::default().sql("DECLARE rows CURSOR FOR ").then(query).rows::<Untyped>();
    on!(conn, |c| declared.execute(c)).map_db_error()?;
    loop {
        let page: Vec<Cells> = on!(conn, |c| sql_query(format!("FETCH {PAGE} FROM rows")).load(c)).map_db_error()?;
        let last = page.len() < PAGE;
        page.into_iter().try_for_each(&mut each)?;
        if last {
            return conn.batch("CLOSE rows").await;
        }
    }
}

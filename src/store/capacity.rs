//! Whether the database can be reached and has room for all connections of this instance.
use super::conn::{Conn, MapDbError};
use super::postgres::{Address, Purpose, SESSION};
use super::target::Target;
use super::{migrate, pg_readers};
use crate::config::Config;
use crate::model::{Error, Result};
use crate::on;
use crate::store::cell::Cells;
use diesel::sql_query;
use tokio::runtime::Runtime;

/// The connections this database, role and server let ordinary sessions have, and how many sessions there are now.
const SERVER: &str = "SELECT current_setting('server_version') AS a, least(\
    current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint \
    - coalesce(current_setting('reserved_connections', true), '0')::bigint, \
    (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user), \
    (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()))::bigint AS b, \
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())::bigint AS c";

/// What a first look at the database tells.
#[derive(Debug, Clone)]
pub struct Capacity {
    /// What the database is, in words.
    pub database: String,
    /// What is too little, if something is.
    pub warning: Option<String>,
}

/// Connects to the database and looks whether it can be worked with. Nothing is changed.
///
/// # Errors
/// When it does not answer, takes no writes, was made by a newer version, or is behind a pooler that shares sessions.
pub fn examine(config: &Config) -> Result<Capacity> {
    runtime()?.block_on(async {
        match Target::of(config)? {
            Target::Postgres(address) => {
                address.refuse_shared_sessions().await?;
                of_server(config, &address).await
            }
            Target::Sqlite(file) => {
                let mut conn = file.reader()?;
                let schema = migrate::look(&mut Conn::Sqlite(&mut conn)).await?;
                Ok(Capacity { database: format!("SQLite, {schema}"), warning: None })
            }
        }
    })
}

/// What a server has too little of for this instance, where there is one; for a start, which has looked at the rest already.
///
/// # Errors
/// When it does not answer.
pub fn shortage(config: &Config) -> Result<Option<String>> {
    let Target::Postgres(address) = Target::of(config)? else { return Ok(None) };
    runtime()?.block_on(async { of_server(config, &address).await.map(|found| found.warning) })
}

fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Error::internal)
}

async fn of_server(config: &Config, address: &Address) -> Result<Capacity> {
    let conn = address.connect(SESSION, Purpose::Write).await?;
    let mut conn = Conn::Postgres(&conn);
    let schema = migrate::look(&mut conn).await?;
    let row: Option<Cells> = on!(&mut conn, |c| sql_query(SERVER).load(c)).map_db_error()?.pop();
    let mut row = row.ok_or_else(|| Error::Internal("the server tells nothing of itself".into()))?;
    let (version, most, taken): (String, i64, i64) = (row.take()?, row.take()?, row.take()?);
    let needed = pg_readers::most(config) + i64::try_from(config.limits.postgres_connections).unwrap_or(i64::MAX);
    let warning = (most - taken < needed).then(|| {
        format!(
            "the server has room for {most} connections, of which {taken} are taken, and this instance may want {needed}: raise \
             max_connections, or lower limits.postgres_connections and limits.workers"
        )
    });
    Ok(Capacity { database: format!("PostgreSQL {version}, {schema}"), warning })
}

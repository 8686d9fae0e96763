//! The schema, one folder pair a change; what is embedded here is all a running service needs. A database that has seen a
//! change this version does not know belongs to a newer one, and is left alone.
use super::conn::{Conn, MapDbError};
use super::postgres::{Address, PATIENT, PgConn, Purpose};
use super::snapshot::Landscapes;
use super::{ledger, object_meta, sqlite};
use crate::config::{Config, Database};
use crate::model::{Error, Result};
use crate::on;
use diesel::backend::Backend;
use diesel::connection::{AnsiTransactionManager as SqliteTransactions, SimpleConnection, TransactionManager as _};
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel::{Connection, SqliteConnection};
use diesel_async::{AnsiTransactionManager as PostgresTransactions, AsyncMigrationHarness, TransactionManager as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Any number will do, as long as every instance takes the same.
const LOCK: &str = "SELECT pg_advisory_lock(5270422617391012)";

/// Brings the schema up to date and tells how many changes were made.
///
/// # Errors
/// When the database cannot be opened, belongs to a newer version, or a change fails; a failed change leaves nothing
/// behind.
pub fn up(config: &Config, landscapes: &dyn Landscapes) -> Result<usize> {
    with_schema(config, async |mut schema| {
        // A role that owns no tables may serve them, and may not even ask the library to look.
        let mut conn = schema.conn();
        let known = known(&conn)?.len();
        if applied(&mut conn).await?.is_some_and(|applied| applied.len() == known) {
            return Ok(0);
        }
        let (mut schema, done) = schema.apply(Way::Up)?;
        settle(&mut schema.conn(), landscapes).await?;
        Ok(done)
    })
}

/// Brings up to date what follows from other rows by rules that a change of the schema may have changed.
///
/// # Errors
/// When the database does not answer.
pub async fn settle(conn: &mut Conn<'_>, landscapes: &dyn Landscapes) -> Result<()> {
    for (organization, _) in ledger::tenants(conn).await? {
        let wrong = landscapes.wrong_objectives(conn, organization).await?;
        object_meta::set_effective(conn, organization, &wrong).await?;
    }
    Ok(())
}

/// Takes the newest change back and tells its name.
///
/// # Errors
/// As [`up`], and when there is none.
pub fn down(config: &Config) -> Result<String> {
    with_schema(config, async |mut schema| {
        let newest = schema.newest().await?;
        schema.apply(Way::Down).map(|_| newest)
    })
}

/// Which changes of the schema are made.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// All that are missing.
    Up,
    /// Those that are missing up to this version.
    Until(&'a str),
    /// The newest is taken back.
    Down,
}

/// A connection on which the schema may be changed, and on which nobody else changes it.
pub enum Schema {
    Sqlite(Box<SqliteConnection>),
    Postgres(Box<PgConn>),
}

/// Works with the schema of a database that is not newer than this version.
pub fn with_schema<T>(config: &Config, work: impl AsyncFnOnce(Schema) -> Result<T>) -> Result<T> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().map_err(Error::internal)?;
    runtime.block_on(async {
        let mut schema = Schema::open(config).await?;
        refuse_newer(&mut schema.conn()).await?;
        work(schema).await
    })
}

impl Schema {
    async fn open(config: &Config) -> Result<Schema> {
        match config.database().map_err(Error::Internal)? {
            Database::Sqlite(path) => {
                // Sets the journal mode, which lasts.
                drop(sqlite::writer(&path)?);
                let mut conn = SqliteConnection::establish(&path.to_string_lossy()).map_err(Error::internal)?;
                // A table that is made anew has to be dropped while others point to it.
                conn.batch_execute("PRAGMA foreign_keys = OFF").map_err(Error::internal)?;
                Ok(Schema::Sqlite(Box::new(conn)))
            }
            Database::Postgres(_) => {
                let address = Address::new(config)?;
                address.refuse_shared_sessions().await?;
                let conn = address.connect("SET client_min_messages = warning", Purpose::Write).await?;
                conn.limit(PATIENT);
                Conn::Postgres(&conn).batch(LOCK).await?;
                Ok(Schema::Postgres(Box::new(conn)))
            }
        }
    }

    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Schema::Sqlite(conn) => Conn::Sqlite(conn),
            Schema::Postgres(conn) => Conn::Postgres(conn),
        }
    }

    /// Makes changes of the schema and tells how many.
    pub fn apply(self, way: Way<'_>) -> Result<(Schema, usize)> {
        match self {
            Schema::Sqlite(mut conn) => {
                let done = apply(&mut *conn, SQLITE, way)?;
                if done > 0 {
                    check_foreign_keys(&mut conn)?;
                }
                Ok((Schema::Sqlite(conn), done))
            }
            Schema::Postgres(conn) => {
                let (conn, done) = conn.lend(|conn| {
                    let mut harness = AsyncMigrationHarness::new(conn);
                    let done = apply(&mut harness, POSTGRES, way);
                    (harness.into_inner(), done)
                });
                Ok((Schema::Postgres(Box::new(conn)), done?))
            }
        }
    }

    /// Begins a transaction; changes of the schema made in it are savepoints.
    pub async fn begin(&mut self) -> Result<()> {
        match self {
            Schema::Sqlite(conn) => SqliteTransactions::begin_transaction(&mut **conn),
            Schema::Postgres(conn) => PostgresTransactions::begin_transaction(&mut ***conn).await,
        }
        .map_db_error()
    }

    pub async fn roll_back(&mut self) -> Result<()> {
        match self {
            Schema::Sqlite(conn) => SqliteTransactions::rollback_transaction(&mut **conn),
            Schema::Postgres(conn) => PostgresTransactions::rollback_transaction(&mut ***conn).await,
        }
        .map_db_error()
    }

    pub async fn commit(&mut self) -> Result<()> {
        match self {
            Schema::Sqlite(conn) => SqliteTransactions::commit_transaction(&mut **conn),
            Schema::Postgres(conn) => PostgresTransactions::commit_transaction(&mut ***conn).await,
        }
        .map_db_error()
    }

    /// The name of the newest change the database has seen.
    pub async fn newest(&mut self) -> Result<String> {
        let mut conn = self.conn();
        let newest = newest(&mut conn).await?;
        let newest = newest.ok_or_else(|| Error::Internal("there is no change of the schema to take back".into()))?;
        let known = known(&conn)?;
        Ok(known.into_iter().find(|(version, _)| *version == newest).map_or(newest, |(_, name)| name))
    }
}

/// Version and name of every change this version has.
fn known(conn: &Conn<'_>) -> Result<Vec<(String, String)>> {
    fn names<DB: Backend>(all: &EmbeddedMigrations) -> Result<Vec<(String, String)>> {
        let all: Vec<Box<dyn Migration<DB>>> = all.migrations().map_err(Error::internal)?;
        Ok(all.iter().map(|one| (one.name().version().to_string(), one.name().to_string())).collect())
    }
    if conn.is_sqlite() { names::<Sqlite>(&SQLITE) } else { names::<Pg>(&POSTGRES) }
}

/// The versions of the changes the database has seen, oldest first; none where no change was ever made.
async fn applied(conn: &mut Conn<'_>) -> Result<Option<Vec<String>>> {
    let there = if conn.is_sqlite() {
        "SELECT count(*) FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
    } else {
        "SELECT count(to_regclass('__diesel_schema_migrations'))"
    };
    let there: i64 = on!(conn, |c| sql::<BigInt>(there).get_result(c)).map_db_error()?;
    if there == 0 {
        return Ok(None);
    }
    let all = sql::<Text>("SELECT version FROM __diesel_schema_migrations ORDER BY version");
    on!(conn, |c| all.load(c)).map_db_error().map(Some)
}

/// The version of the newest change the database has seen.
pub async fn newest(conn: &mut Conn<'_>) -> Result<Option<String>> {
    Ok(applied(conn).await?.and_then(|mut all| all.pop()))
}

/// Whether this version has a change of the schema.
pub fn knows(conn: &Conn<'_>, version: &str) -> Result<bool> {
    Ok(known(conn)?.iter().any(|(one, _)| one == version))
}

/// # Errors
/// When the database belongs to a newer version of the program; names the changes that are unknown here.
async fn refuse_newer(conn: &mut Conn<'_>) -> Result<()> {
    let known = known(conn)?;
    let is_strange = |version: &String| !known.iter().any(|(one, _)| one == version);
    let strange: Vec<String> = applied(conn).await?.unwrap_or_default().into_iter().filter(is_strange).collect();
    if strange.is_empty() {
        return Ok(());
    }
    Err(Error::Internal(format!(
        "the database was made or changed by a newer holdfast: its schema has {}, which version {} does not know. Use the newer \
         one, or restore a backup from before the upgrade",
        strange.join(", "),
        env!("CARGO_PKG_VERSION")
    )))
}

/// Whether there is a database to be read, and not a newer one.
///
/// # Errors
/// When there is not.
pub async fn check(conn: &mut Conn<'_>) -> Result<()> {
    if applied(conn).await?.is_none() {
        return Err(Error::Internal(
            "the database holds no table of holdfast: `holdfast migrate` or a first start makes them".into(),
        ));
    }
    refuse_newer(conn).await
}

/// How far the schema is, in words.
///
/// # Errors
/// When the database belongs to a newer version, or does not answer.
pub async fn look(conn: &mut Conn<'_>) -> Result<String> {
    refuse_newer(conn).await?;
    let newest = known(conn)?.pop().map(|(version, _)| version);
    Ok(match self::newest(conn).await? {
        None => "without tables yet".to_owned(),
        found if found == newest => "schema up to date".to_owned(),
        Some(found) => format!("schema {found}, which a start brings up to date"),
    })
}

/// Looks at every foreign key of the database.
pub fn check_foreign_keys(conn: &mut SqliteConnection) -> Result<()> {
    use diesel::RunQueryDsl;
    let broken: i64 = sql::<BigInt>("SELECT count(*) FROM pragma_foreign_key_check").get_result(conn).map_err(Error::internal)?;
    if broken == 0 { Ok(()) } else { Err(Error::Internal(format!("{broken} rows point to rows that are not there"))) }
}

fn apply<DB: Backend>(conn: &mut impl MigrationHarness<DB>, all: EmbeddedMigrations, way: Way<'_>) -> Result<usize> {
    match way {
        Way::Up => conn.run_pending_migrations(all).map(|done| done.len()).map_err(Error::internal),
        Way::Down => conn.revert_last_migration(all).map(|_| 1).map_err(Error::internal),
        Way::Until(version) => {
            let mut missing = conn.pending_migrations(all).map_err(Error::internal)?;
            missing.retain(|one| *one.name().version().to_string() <= *version);
            conn.run_migrations(&missing).map(|done| done.len()).map_err(Error::internal)
        }
    }
}

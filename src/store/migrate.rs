//! The schema, one folder pair a change; what is embedded here is all a running service needs.
use super::{postgres, sqlite};
use crate::config::{Config, Database};
use crate::model::{Error, Result};
use diesel::Connection;
use diesel_async::{AsyncMigrationHarness, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Any number will do, as long as every instance takes the same.
const LOCK: &str = "SELECT pg_advisory_lock(5270422617391012)";

/// Brings the schema up to date and tells how many changes were made.
///
/// # Errors
/// When the database cannot be opened or a change fails; a failed change leaves nothing behind.
pub fn up(config: &Config) -> Result<usize> {
    run(config, true)
}

/// Takes the newest change back.
///
/// # Errors
/// As [`up`].
pub fn down(config: &Config) -> Result<usize> {
    run(config, false)
}

fn run(config: &Config, up: bool) -> Result<usize> {
    match config.database().map_err(Error::Internal)? {
        Database::Sqlite(path) => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(|e| Error::Internal(format!("{}: {e}", folder.display())))?;
            }
            // Sets the journal mode, which lasts.
            drop(sqlite::writer(&path)?);
            let mut conn = diesel::SqliteConnection::establish(&path.to_string_lossy()).map_err(Error::internal)?;
            // A table that is made anew has to be dropped while others point to it.
            diesel::connection::SimpleConnection::batch_execute(&mut conn, "PRAGMA foreign_keys = OFF")
                .map_err(Error::internal)?;
            let done = apply(&mut conn, SQLITE, up)?;
            if done > 0 {
                check_foreign_keys(&mut conn)?;
            }
            Ok(done)
        }
        Database::Postgres(_) => {
            let address = postgres::Address::new(config)?;
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Error::internal)?;
            runtime.block_on(async {
                let mut conn = address.connect("SET client_min_messages = warning").await?;
                conn.batch_execute(LOCK).await.map_err(Error::internal)?;
                apply(&mut AsyncMigrationHarness::new(conn), POSTGRES, up)
            })
        }
    }
}

/// Looks at every foreign key of the database.
fn check_foreign_keys(conn: &mut diesel::SqliteConnection) -> Result<()> {
    use diesel::{RunQueryDsl, dsl::sql, sql_types::BigInt};
    let broken: i64 = sql::<BigInt>("SELECT count(*) FROM pragma_foreign_key_check").get_result(conn).map_err(Error::internal)?;
    if broken == 0 { Ok(()) } else { Err(Error::Internal(format!("{broken} rows point to rows that are not there"))) }
}

fn apply<DB: diesel::backend::Backend>(conn: &mut impl MigrationHarness<DB>, all: EmbeddedMigrations, up: bool) -> Result<usize> {
    if up {
        return conn.run_pending_migrations(all).map(|done| done.len()).map_err(Error::internal);
    }
    conn.revert_last_migration(all).map(|_| 1).map_err(Error::internal)
}

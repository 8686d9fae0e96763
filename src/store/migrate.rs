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
            apply(&mut conn, SQLITE, up)
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

fn apply<DB: diesel::backend::Backend>(conn: &mut impl MigrationHarness<DB>, all: EmbeddedMigrations, up: bool) -> Result<usize> {
    if up {
        return conn.run_pending_migrations(all).map(|done| done.len()).map_err(Error::internal);
    }
    conn.revert_last_migration(all).map(|_| 1).map_err(Error::internal)
}

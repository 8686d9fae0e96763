//! Which database there is, and how it is reached.
use super::postgres::Address;
use super::sqlite::DatabaseFile;
use crate::config::{Config, Database};
use crate::model::{Error, Result};
use std::sync::Arc;

/// How to reach the database.
pub enum Target {
    Sqlite(Arc<DatabaseFile>),
    Postgres(Arc<Address>),
}

impl Target {
    /// # Errors
    /// When the settings name no database, or its address cannot be read.
    pub fn of(config: &Config) -> Result<Target> {
        Ok(match config.database().map_err(Error::Internal)? {
            Database::Sqlite(path) => Target::Sqlite(Arc::new(DatabaseFile::new(path))),
            Database::Postgres(_) => Target::Postgres(Arc::new(Address::new(config)?)),
        })
    }
}

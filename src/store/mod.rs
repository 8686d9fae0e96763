//! The only room that opens a database. Reads run where they are asked; every write runs in a [`Lane`](lane) which
//! also appends to the ledger: there is no other way to write.
mod bind;
mod cell;
mod change;
pub mod clock;
mod commits;
mod conn;
pub mod door;
pub mod fragment;
pub mod heads;
pub mod hierarchy;
pub mod idempotency;
mod insert;
pub mod kind;
mod lane;
pub mod ledger;
pub mod links;
mod migrate;
pub mod object;
mod postgres;
pub mod record;
pub mod resolve;
mod revise;
mod rows;
mod scene;
pub mod schema;
pub mod select;
pub mod single;
mod sqlite;
mod tx;
pub mod types;
mod update;
mod verify;

pub use bind::{Bind, Bound};
pub use cell::{Cell, Cells, FromCell};
pub use change::Change;
pub use conn::{Conn, Settle};
pub use door::kind_of;
pub use insert::{Inserts, ReadRow, Row, insert, insert_all};
pub use kind::{AnyKind, AnyLifecycle, AnyPlanned, KindInfo, Kinds};
pub use migrate::{down as migrate_down, up as migrate_up};
pub use object::{AnyObject, Object};
pub use revise::{create, insert_objects, next_version, overwrite, revise, revise_all};
pub use rows::{Living, Planned, Rows, Stored, prelude};
pub use scene::{Landscapes, Place, Scene};
pub use sqlite::claim;
pub use tx::Tx;
pub use update::Updates;
pub use verify::verify;

use crate::config::{Config, Database};
use crate::model::{Error, Id, Result};
use commits::Commits;
use lane::Lanes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The database, whichever it is.
pub struct Store {
    /// How often organisations were written to.
    pub commits: Arc<Commits>,
    readers: Readers,
    lanes: Lanes,
    /// Long reads at work at once; a further one waits a little, then is told to come back.
    scans: Semaphore,
}

/// How long a long read waits for its place.
const SCAN_WAIT: Duration = Duration::from_millis(500);

enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(Box<postgres::Readers>),
}

impl Store {
    /// Opens the database and starts its writers, which ask the landscapes. The schema must be there: see
    /// [`migrate_up`].
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn open(config: &Config, landscapes: &Arc<dyn Landscapes>) -> Result<Arc<Store>> {
        let (readers, commits) = match config.database().map_err(Error::Internal)? {
            Database::Sqlite(path) => (Readers::Sqlite(sqlite::Readers::new(path)), Commits::counted()),
            Database::Postgres(_) => (Readers::Postgres(Box::new(postgres::Readers::new(config)?)), Commits::unknown()),
        };
        let commits = Arc::new(commits);
        let lanes = Lanes::start(config, &commits, landscapes)?;
        let scans = Semaphore::new(2 * config.limits.workers.max(1));
        Ok(Arc::new(Store { commits, readers, lanes, scans }))
    }

    /// Runs queries. On SQLite they run on the calling thread: send what takes longer than a page to
    /// [`Store::scan`].
    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.read(queries).await,
            Readers::Postgres(readers) => readers.read(queries).await,
        }
    }

    /// Runs long queries away from the event loop.
    pub async fn scan<T, F>(self: &Arc<Self>, queries: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn<'_>) -> Result<T> + Send + 'static,
    {
        let place = tokio::time::timeout(SCAN_WAIT, self.scans.acquire()).await;
        let _place = place.map_err(|_| Error::unavailable("too many long reads at work"))?.map_err(Error::internal)?;
        let store = Arc::clone(self);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(store.read(queries))).await.map_err(Error::internal)?
    }

    /// Makes one atomic change: all of it is kept when `work` succeeds and the change is not a dry run, nothing of it
    /// otherwise. The answer comes after the commit has reached the disk. The work goes on when the caller goes away.
    ///
    /// # Errors
    /// What `work` answers; `Unavailable` when the queue is full or the database cannot commit.
    pub async fn write<T, F>(&self, change: Change, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.lanes.run(change, work).await
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<()> {
        self.read(async |conn| ledger::head(conn, Id::SYSTEM).await.map(drop)).await
    }
}

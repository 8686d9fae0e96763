//! The only room that opens a database. Reads run where they are asked; every write runs in a [`Writer`](writer) which
//! also appends to the ledger: there is no other way to write.
pub mod audit;
pub mod backup;
mod bind;
mod capacity;
mod cell;
mod change;
mod claim;
pub mod clock;
mod commits;
mod conn;
mod consequence;
mod database_url;
pub mod door;
pub mod erasure;
mod figures;
pub mod fragment;
pub mod hierarchy;
pub mod idempotency;
mod insert;
pub mod kind;
mod lane;
pub mod ledger;
pub mod links;
mod migrate;
mod node;
pub mod object;
pub mod object_meta;
pub mod past;
mod pg_readers;
mod postgres;
mod rebuild;
pub mod resolve;
mod reversal;
mod rows;
pub mod schema;
pub mod select;
pub mod singleton;
mod snapshot;
mod sqlite;
mod target;
mod tx;
pub mod types;
mod update;
mod verify;
mod write_queue;
mod writer;
mod writer_connection;

pub use bind::{Bind, Bound};
pub use capacity::{Capacity, examine, shortage};
pub use cell::{Cell, Cells, FromCell};
pub use change::WriteContext;
pub use claim::claim;
pub use conn::{Conn, MapDbError};
pub use consequence::{create, insert_objects, next_version, overwrite, write_consequence, write_consequences};
pub use door::kind_of;
pub use figures::Figures;
pub use insert::{Inserts, ReadRow, Row, insert, insert_all};
pub use kind::{AnyKind, AnyLifecycle, AnyPlanned, KindInfo, Kinds};
pub use migrate::{down as migrate_down, up as migrate_up};
pub use node::NodeColumns;
pub use object::{AnyObject, Object};
pub use rebuild::rebuild;
pub use reversal::{Reversal, reversal};
pub use rows::{PlannedChange, ResourceHooks, ResourceTable, TransitionHooks, prelude};
pub use snapshot::{Landscapes, ReadPoint, Snapshot};
pub use tx::Tx;
pub use update::Updates;
pub use verify::{Head, Verdict, verify};

use crate::config::Config;
use crate::model::{Error, Result};
use commits::CommitCounters;
use std::sync::Arc;
use std::time::Duration;
use target::Target;
use writer::WriterPool;

/// The database, whichever it is.
pub struct Store {
    /// How often organisations were written to.
    pub commits: Arc<CommitCounters>,
    readers: Readers,
    writers: WriterPool,
}

enum Readers {
    Sqlite(sqlite::Readers),
    Postgres(Box<pg_readers::Readers>),
}

/// How long the question whether the service is ready may take.
const PROBE_WAIT: Duration = Duration::from_secs(1);

impl Store {
    /// Opens the database and starts its writers, which ask the landscapes. The schema must be there: see
    /// [`migrate_up`].
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn open(config: &Config, landscapes: &Arc<dyn Landscapes>) -> Result<Arc<Store>> {
        let target = Target::of(config)?;
        let (readers, commits) = match &target {
            Target::Sqlite(file) => (Readers::Sqlite(sqlite::Readers::new(Arc::clone(file))), CommitCounters::new()),
            Target::Postgres(address) => {
                let readers = pg_readers::Readers::new(config, Arc::clone(address));
                (Readers::Postgres(Box::new(readers)), CommitCounters::untracked())
            }
        };
        let commits = Arc::new(commits);
        let writers = WriterPool::start(config, &target, &commits, landscapes)?;
        Ok(Arc::new(Store { commits, readers, writers }))
    }

    /// Runs queries. On SQLite they run on the calling thread: send what takes longer than a page to
    /// [`Store::scan`].
    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>) -> Result<T>) -> Result<T> {
        match &self.readers {
            Readers::Sqlite(readers) => readers.read(queries).await,
            Readers::Postgres(readers) => readers.read(queries).await,
        }
    }

    /// Runs long queries away from the event loop. How many at once is the caller's to bound.
    pub async fn scan<T, F>(self: &Arc<Self>, queries: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn<'_>) -> Result<T> + Send + 'static,
    {
        let store = Arc::clone(self);
        let runtime = tokio::runtime::Handle::current();
        let work = async move || match &store.readers {
            Readers::Sqlite(readers) => readers.read(queries).await,
            Readers::Postgres(readers) => readers.scan(queries).await,
        };
        tokio::task::spawn_blocking(move || runtime.block_on(work())).await.map_err(Error::internal)?
    }

    /// Makes one atomic change: all of it is kept when `work` succeeds and the change is not a dry run, nothing of it
    /// otherwise. The answer comes after the commit has reached the disk. The work goes on when the caller goes away.
    ///
    /// # Errors
    /// What `work` answers; `Unavailable` when the queue is full or the database cannot commit.
    pub async fn write<T, F>(&self, change: WriteContext, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.writers.run(change, work).await
    }

    /// Ends the work for good: what waits to be written is written, the connections are closed, and an embedded database
    /// is whole in its one file.
    pub fn close(&self) {
        self.writers.stop();
        if let Readers::Sqlite(readers) = &self.readers {
            readers.close();
        }
    }

    /// What is to be told of it at this moment.
    pub fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        self.writers.tell(&mut figures);
        match &self.readers {
            Readers::Sqlite(readers) => readers.tell(&mut figures),
            Readers::Postgres(readers) => figures.reconnects = readers.reconnects(),
        }
        figures
    }

    /// Whether the database answers, takes writes, and commits come to an end. Asked by a connection of its own.
    ///
    /// # Errors
    /// `Unavailable` when not, or not within a second.
    pub async fn ready(&self) -> Result<()> {
        self.writers.check()?;
        let probe = async {
            match &self.readers {
                Readers::Sqlite(readers) => readers.probe(),
                Readers::Postgres(readers) => readers.probe().await,
            }
        };
        tokio::time::timeout(PROBE_WAIT, probe).await.map_err(|_| Error::unavailable("the database does not answer in time"))?
    }
}

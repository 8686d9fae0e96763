//! Writers. A writer owns one connection and does one change after another, each able to be undone alone; one commit, and
//! so one sync of the disk, acknowledges all the changes that were waiting. SQLite has one writer; PostgreSQL has several,
//! and an organisation always uses the same.
//!
//! All writers live on one thread of their own, so a client that goes away stops nothing. A change that fails or is a dry run
//! is rolled back to its savepoint and the others of its group stay; when the transaction itself is lost, the whole group
//! fails and the connection is closed, for nobody knows what it still holds. On PostgreSQL a cancelled wait for a
//! synchronous standby answers success, so a statement that may be committing is never cancelled: its timeout is far above
//! its work.
use super::change::WriteContext;
use super::commits::CommitCounters;
use super::conn::DATABASE_READ_ONLY;
use super::figures::Figures;
use super::lane::{Lane, Seat, Seats};
use super::snapshot::Landscapes;
use super::target::Target;
use super::tx::Tx;
use super::write_queue::{Queued, WriteQueue};
use super::writer_connection::WriterConnection;
use crate::config::Config;
use crate::model::{Error, Id, Result};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A group is closed after so many changes or so long, so that nobody waits for ever for the commit.
const GROUP_MOST: usize = 512;
const GROUP_TIME: Duration = Duration::from_millis(50);

/// What is told to the client once the fate of its change is known.
type Ack = Box<dyn FnOnce(Result<()>)>;

/// The end of one change's work.
struct Outcome {
    keep: bool,
    /// The database behind the connection takes no writes: another one may.
    read_only: bool,
    ack: Ack,
}

/// The work of a change; its future stays on the writer's thread.
type Work = Box<dyn for<'t> FnOnce(&'t mut Tx) -> LocalBoxFuture<'t, Outcome> + Send>;

struct WriteJob {
    change: WriteContext,
    /// Set by whoever is first: the writer that begins the work, or the caller who has waited long enough for that.
    taken: Arc<AtomicBool>,
    run: Work,
    refuse: Box<dyn FnOnce(Error) + Send>,
    seat: Seat,
}

impl Queued for WriteJob {
    fn organization(&self) -> Id {
        self.change.organization
    }
    fn alone(&self) -> bool {
        self.change.large
    }
}

/// How long writers that are asked to stop may take to finish what waits.
const STOP_WAIT: Duration = Duration::from_secs(10);

/// What has begun when its time is over is waited for a little more: most of it is nearly done.
const GRACE: Duration = Duration::from_millis(800);
/// A large change is waited for as long as its writer comes further; so long without a step is no work any more.
const LARGE_GRACE: Duration = Duration::from_secs(30);
/// A connection by which nobody has written for so long is closed: PostgreSQL keeps a process for each.
const IDLE: Duration = Duration::from_secs(60);
/// A commit that takes longer than this does not come through: the service is not ready.
const SLOW_COMMIT: Duration = Duration::from_secs(2);

/// The queues of all writers, each with what its writer is at.
pub struct WriterPool {
    queues: Vec<(Arc<WriteQueue<WriteJob>>, Arc<Lane>)>,
    seats: Arc<Seats>,
    wait: Duration,
    /// Ends when the last writer has closed its connection.
    at_work: std::sync::Mutex<Receiver<()>>,
}

impl WriterPool {
    /// Starts the thread on which the writers live.
    ///
    /// # Errors
    /// When the thread or its runtime cannot be started.
    pub(super) fn start(
        config: &Config,
        target: &Target,
        commits: &Arc<CommitCounters>,
        landscapes: &Arc<dyn Landscapes>,
    ) -> Result<WriterPool> {
        let writers = match target {
            Target::Sqlite(_) => 1,
            Target::Postgres(_) => config.limits.postgres_connections.max(1),
        };
        let mut queues = Vec::new();
        let mut served = Vec::new();
        for _ in 0..writers {
            let queue = Arc::new(WriteQueue::new(config.limits.write_queue));
            let lane = Arc::new(Lane::default());
            queues.push((Arc::clone(&queue), Arc::clone(&lane)));
            served.push((queue, Tx::new(WriterConnection::of(target), lane, Arc::clone(landscapes))));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        let commits = Arc::clone(commits);
        let (working, at_work) = channel::<()>();
        let work = move || {
            let local = tokio::task::LocalSet::new();
            for (queue, tx) in served {
                local.spawn_local(serve(queue, tx, Arc::clone(&commits)));
            }
            runtime.block_on(local);
            drop(runtime);
            drop(working);
        };
        std::thread::Builder::new().name("writers".into()).spawn(work).map_err(Error::internal)?;
        let wait = Duration::from_millis(config.limits.write_wait_milliseconds);
        Ok(WriterPool { queues, seats: Arc::default(), wait, at_work: std::sync::Mutex::new(at_work) })
    }

    /// Lets no more writes in and waits until those that wait are done. A database that does not answer is not waited
    /// for without end.
    pub fn stop(&self) {
        self.queues.iter().for_each(|(queue, _)| queue.close());
        let at_work = self.at_work.lock().unwrap_or_else(|e| e.into_inner());
        if at_work.recv_timeout(STOP_WAIT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the writers do not come to an end; they are left behind");
        }
    }

    /// Adds what the writers know.
    pub fn tell(&self, figures: &mut Figures) {
        for (queue, lane) in &self.queues {
            figures.waiting += queue.len();
            lane.tell(figures);
        }
    }

    /// Whether commits come to an end.
    ///
    /// # Errors
    /// `Unavailable` when one has waited for too long.
    pub fn check(&self) -> Result<()> {
        let waits = self.queues.iter().any(|(_, lane)| lane.committing_for().is_some_and(|time| time > SLOW_COMMIT));
        if waits { Err(Error::unavailable("the database does not bring commits to an end")) } else { Ok(()) }
    }

    pub async fn run<T, F>(&self, change: WriteContext, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (answer, wait) = oneshot::channel::<Result<T>>();
        let answer = Arc::new(std::sync::Mutex::new(Some(answer)));
        let refuse_by = Arc::clone(&answer);
        let (dry_run, large) = (change.dry_run, change.large);
        let seat = self.seats.take(change.organization, self.queues.len(), |place| self.queues[place].1.is_idle());
        let (queue, lane) = &self.queues[seat.place];
        let taken = Arc::new(AtomicBool::new(false));
        let job = WriteJob {
            change,
            taken: Arc::clone(&taken),
            run: Box::new(move |tx| {
                Box::pin(async move {
                    let done = work(tx).await;
                    let keep = done.is_ok() && !dry_run;
                    let read_only = matches!(done, Err(Error::Unavailable { code: DATABASE_READ_ONLY, .. }));
                    Outcome { keep, read_only, ack: Box::new(move |committed| tell(&answer, committed.and(done))) }
                })
            }),
            refuse: Box::new(move |error| tell(&refuse_by, Err(error))),
            seat,
        };
        queue.push(job)?;
        let mut wait = wait;
        let answer = match tokio::time::timeout(self.wait, &mut wait).await {
            Ok(answer) => answer,
            Err(_) if taken.swap(true, Ordering::AcqRel) => loop {
                // What has begun may be committing: nobody knows before it ends.
                match tokio::time::timeout(GRACE, &mut wait).await {
                    Ok(answer) => break answer,
                    Err(_) if large && lane.since_step() < LARGE_GRACE => {}
                    Err(_) => return Err(Error::outcome_unknown()),
                }
            },
            Err(_) => return Err(Error::unavailable("the write waited too long for its turn")),
        };
        answer.map_err(|_| Error::unavailable("the write was not done"))?
    }
}

impl Drop for WriterPool {
    fn drop(&mut self) {
        self.queues.iter().for_each(|(queue, _)| queue.close());
    }
}

/// Whose turn it is to answer: the work itself, or the writer that could not let it run to its end.
type ReplySender<T> = Arc<std::sync::Mutex<Option<oneshot::Sender<Result<T>>>>>;

fn tell<T>(answer: &ReplySender<T>, result: Result<T>) {
    let sender = answer.lock().unwrap_or_else(|e| e.into_inner()).take();
    if let Some(sender) = sender {
        // Nobody listening is no fault: the client has gone, its change stays.
        drop(sender.send(result));
    }
}

async fn serve(queue: Arc<WriteQueue<WriteJob>>, mut tx: Tx, commits: Arc<CommitCounters>) {
    loop {
        match tokio::time::timeout(IDLE, queue.next()).await {
            Ok(Some(first)) => group(&mut tx, first, &queue, &commits).await,
            Ok(None) => return,
            Err(_) => tx.rest(),
        }
    }
}

/// Runs the waiting changes and commits them together.
async fn group(tx: &mut Tx, first: WriteJob, queue: &WriteQueue<WriteJob>, commits: &CommitCounters) {
    let began = Instant::now();
    let mut acks: Vec<(Seat, Ack)> = Vec::new();
    let (organization, large) = (first.change.organization, first.change.large);
    // Two instances could lock two tenants in different orders: on PostgreSQL a group has one tenant.
    let only = tx.one_tenant_a_group().then_some(organization);
    let mut next = Some(first);
    let mut broken = None;
    while let Some(job) = next.take() {
        let given_up = job.taken.swap(true, Ordering::AcqRel);
        if !given_up && let Err(error) = one(tx, job, &mut acks).await {
            broken = Some(error);
            break;
        }
        if large || acks.len() >= GROUP_MOST || began.elapsed() > GROUP_TIME {
            break;
        }
        next = queue.next_to_join(only);
    }
    let result = match broken {
        Some(error) => {
            tx.abort_group().await;
            Err(error)
        }
        None => tx.commit().await,
    };
    for (seat, ack) in acks {
        commits.count(seat.organization);
        ack(result.clone());
    }
    tx.analyze_if_outgrown();
}

/// Runs one change. An error here means that the whole transaction is lost.
async fn one(tx: &mut Tx, job: WriteJob, acks: &mut Vec<(Seat, Ack)>) -> Result<()> {
    if let Err(error) = tx.open(job.change).await {
        (job.refuse)(error.clone());
        return Err(error);
    }
    match AssertUnwindSafe((job.run)(tx)).catch_unwind().await {
        Ok(outcome) if outcome.keep => acks.push((job.seat, outcome.ack)),
        Ok(outcome) => {
            let undone = tx.roll_back().await;
            (outcome.ack)(undone.clone());
            undone?;
            if outcome.read_only {
                return Err(Error::unavailable("the database takes no writes at the moment"));
            }
        }
        Err(_) => {
            tracing::error!("a change panicked");
            (job.refuse)(Error::Internal("a change panicked".into()));
            tx.roll_back().await?;
        }
    }
    Ok(())
}

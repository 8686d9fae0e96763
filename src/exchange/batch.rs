//! `POST /batch`: many objects in one transaction, references in any order, the same again changes nothing.
use super::results::{self, BatchOutcome, RowResult};
use super::rows::{self, Batch, Rows, SourceSnapshot};
use crate::auth::CollectionRights;
use crate::collection::change_set::ChangeSet;
use crate::collection::command::{AuditAction as Write, BatchContext, Command};
use crate::collection::http::into_response;
use crate::collection::idempotency::{Answer, IdempotencyKey};
use crate::collection::params::reject_unknown;
use crate::http::body;
use crate::http::context::{Batches, Writer};
use crate::http::headers::{self, WriteOptions};
use crate::http::preconditions::Preconditions;
use crate::http::routes::{Api, Operation};
use crate::http::shares::Shares;
use crate::model::roles::{ADM, APP, ICT, INT, NOBODY, OWN, SCM, TST};
use crate::model::{Action, Error, Kind, ObjectRef, Result, Rights, StringEnum};
use crate::resources::KINDS;
use crate::store::{Tx, resolve};
use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// Opens the door of the batch only: every row is checked for its own collection.
pub const RIGHTS: CollectionRights = CollectionRights::new("batch", Rights::new(NOBODY, &[SCM, OWN, APP, ICT, TST, INT, ADM]));

const LINES: &str = "application/x-ndjson";

/// Batches at work at once; a further one is told to come back.
const MAX_BATCHES: usize = 8;

/// Places for batches being checked and written: each may take several times its size in memory.
pub struct BatchPermits(Shares);

impl Default for BatchPermits {
    fn default() -> BatchPermits {
        BatchPermits(Shares::new("batches", MAX_BATCHES, Duration::ZERO))
    }
}

/// The handler.
pub async fn batch(
    writer: Writer<Batches>,
    permits: Data<BatchPermits>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse> {
    body::require_content_type(&request, &["application/json", LINES])?;
    let mut write_options = WriteOptions::from_request(&request)?;
    let parameters = headers::parameters(&request)?;
    let lines = body::media_type(&request).is_some_and(|found| found == LINES);
    reject_unknown(
        &parameters,
        if lines { &["mode", "dry_run", "snapshot_system", "snapshot_kinds", "max_delete_percent"] } else { &[] },
    )?;
    let limits = &writer.caller().app().config.limits;
    // The body first: whoever sends it slowly holds nobody's place.
    let bytes = body::read(&request, payload, limits.batch_bytes, limits.request_seconds).await?;
    let _place = permits.0.take(writer.caller().organization(), &writer.caller().identity().subject).await?;
    let _counted = writer.caller().app().metrics.batch();
    let key = IdempotencyKey::from_request(writer.caller(), &write_options, &request, &bytes)?;
    let prepared = {
        let (write_options, most) =
            (WriteOptions { dry_run: write_options.dry_run, ..WriteOptions::default() }, limits.batch_rows);
        // Reading and checking megabytes of JSON would hold up everybody on this event loop.
        actix_web::web::block(move || rows::read(&bytes, lines, &parameters, &write_options, most))
    };
    let batch = prepared.await.map_err(Error::internal)??;
    for kind in batch.kinds() {
        writer.caller().require(kind.collection(), Action::Write)?;
    }
    write_options.dry_run = batch.dry_run;
    let count = batch.rows.count;
    let work = async move |tx: &mut Tx| key.run_keeping(tx, async move |tx| run(tx, batch).await, BatchOutcome::kept).await;
    let (answer, replayed) = match writer.write(&write_options, count, work).await? {
        Answer::First(outcome) => (actix_web::web::block(move || outcome.answer()).await.map_err(Error::internal)??, false),
        Answer::Again(answer) => (answer, true),
    };
    Ok(into_response(answer, &write_options, replayed))
}

/// Carries out a list of rows of this program's own, all or nothing.
///
/// # Errors
/// When a row has a fault.
pub async fn import(tx: &mut Tx, rows: Vec<Value>) -> Result<()> {
    run(tx, Batch::of(rows)).await.map(drop)
}

/// Carries the batch out.
async fn run(tx: &mut Tx, batch: Batch) -> Result<BatchOutcome> {
    tx.lock_tenant().await?;
    let Batch { partial, snapshot, rows: Rows { count, by_kind, bad, budget, .. }, .. } = batch;
    let mut context = BatchContext::with_budget(budget);
    let set = |(kind, commands)| (kind, ChangeSet::new(KINDS.of(kind), commands));
    let mut groups: BTreeMap<Kind, ChangeSet> = by_kind.into_iter().map(set).collect();
    let from_seq = tx.seq();
    for group in groups.values_mut() {
        group.locate(tx, &mut context).await?;
    }
    let mut to_delete = Vec::new();
    if let Some(snapshot) = &snapshot {
        for kind in &snapshot.kinds {
            let sent: HashSet<_> =
                groups.get(kind).into_iter().flat_map(|group| group.commands.iter().map(|one| one.id)).collect();
            let mut gone = missing_from_snapshot(tx, snapshot, *kind, &sent).await?;
            gone.locate(tx, &mut context).await?;
            to_delete.push((*kind, gone));
        }
    }
    for group in groups.values_mut() {
        group.write(tx, &mut context).await?;
    }
    to_delete.sort_by_key(|(kind, _)| *kind);
    // What points to others goes first.
    for (kind, group) in groups.iter_mut().rev() {
        group.delete(tx, KINDS, &mut context).await?;
        if let Some((_, gone)) = to_delete.iter_mut().find(|(own, _)| own == kind) {
            gone.delete(tx, KINDS, &mut context).await?;
        }
    }
    for (_, gone) in to_delete.iter_mut().rev().filter(|(kind, _)| !groups.contains_key(kind)) {
        gone.delete(tx, KINDS, &mut context).await?;
    }
    context.refresh_objectives(tx).await?;
    let mut rows: Vec<RowResult> = groups.values().flat_map(results::of_set).collect();
    for row in &mut rows {
        // A later row may have moved an earlier one on.
        if let Some(version) = row.id.and_then(|id| tx.revised.get(&id)) {
            row.version = row.version.map(|_| *version);
        }
    }
    rows.extend(bad.into_iter().map(|(place, error)| RowResult::failed(place, error)));
    rows.sort_by_key(|row| row.place);
    debug_assert_eq!(rows.len(), count);
    let snapshot = snapshot.map(|_| to_delete.iter().flat_map(|(_, gone)| results::of_set(gone)).collect());
    let outcome = BatchOutcome { rows, snapshot, from_seq, seq: tx.seq(), request_id: tx.context().request_id.clone() };
    if !partial {
        outcome.refuse_faults()?;
    }
    Ok(outcome)
}

/// The objects of a kind that a snapshot did not send, as commands to delete them; refused when they are too many.
async fn missing_from_snapshot(
    tx: &mut Tx,
    snapshot: &SourceSnapshot,
    kind: Kind,
    sent: &HashSet<crate::model::Id>,
) -> Result<ChangeSet> {
    let org = tx.organization();
    let there = resolve::of_system(&mut tx.conn()?, org, kind, &snapshot.system).await?;
    let gone: Vec<_> = there.iter().copied().collect::<HashSet<_>>().into_iter().filter(|id| !sent.contains(id)).collect();
    let most = there.len() as f64 * snapshot.max_delete_percent / 100.0;
    if gone.len() as f64 > most {
        let detail = format!(
            "the snapshot would delete {} of {} {} of {}; max_delete_percent is {}",
            gone.len(),
            there.len(),
            kind.collection(),
            snapshot.system,
            snapshot.max_delete_percent
        );
        return Err(Error::conflict("snapshot_brake", detail));
    }
    let deletion = |id| {
        let preconditions = Preconditions::default();
        Command { place: 0, target: Some(ObjectRef::Id(id)), operation: Write::Delete, preconditions }
    };
    Ok(ChangeSet::new(KINDS.of(kind), gone.into_iter().map(deletion).collect()))
}

pub fn routes(api: &mut Api) {
    let example = json!({
        "mode": "atomic",
        "rows": [
            {"op": "upsert", "kind": "service", "id": "key:PAYROLL", "data": {"name": "Payroll", "rto_seconds": 14400}},
            {"op": "upsert", "kind": "component", "id": "ref:netbox:dcim.device/1", "data": {"name": "db1", "kind": "database"}},
            {"op": "upsert", "kind": "mapping", "id": "key:PAYROLL-DB1", "data": {"dependent": "key:PAYROLL", "provider": "ref:netbox:dcim.device/1"}}
        ]
    });
    let answer = json!({
        "counts": {"created": 1, "updated": 0, "unchanged": 0, "deleted": 0, "failed": 0},
        "rows": [{"index": 0, "id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "key": "PAYROLL", "result": "created", "version": 1}],
        "seq": 8123
    });
    let words = "Up to 10,000 rows or 16 MiB in one transaction. References may point to any row of the batch. Sending it again \
                 changes nothing. As lines (`application/x-ndjson`) the options stand in the query.";
    let named = |schema: &str| json!({"$ref": format!("#/components/schemas/{schema}")});
    let kinds: Vec<&str> = KINDS.which(|info| info.batched).into_iter().map(Kind::as_str).collect();
    let operation = Operation::new(Method::POST, "/api/v1/batch", "exchange", "send_batch", "Send a batch", words)
        .permission("batch", Action::Write)
        .header("Idempotency-Key", "1 to 255 visible ASCII characters, fresh for every different request.")
        .header("Prefer", "`tx=rollback` checks everything and keeps nothing.")
        .header("Change-Reason", "Why; stands in the history. At most 500 characters.")
        .query("mode", json!({"type": "string", "enum": ["atomic", "partial"]}), "For lines: all rows or those that can be done.")
        .query("dry_run", json!({"type": "boolean"}), "For lines: check everything, keep nothing.")
        .query(
            "snapshot_system",
            json!({"type": "string", "maxLength": 64}),
            "For lines: what has an id of this system and was not sent is gone.",
        )
        .query("snapshot_kinds", json!({"type": "string", "maxLength": 200}), &format!("For lines: of {}.", kinds.join(", ")))
        .query("max_delete_percent", json!({"type": "number", "minimum": 0, "maximum": 100}), "For lines: the snapshot's brake.")
        .body(&["application/json"], named("Batch"), &example)
        .body_text(LINES, "{\"op\":\"delete\",\"kind\":\"service\",\"id\":\"key:PAYROLL\"}\n")
        .json(200, "What was done, row by row.", named("BatchResult"), &answer, Value::Null)
        .problems(&[409, 507]);
    api.add(operation, batch);
}

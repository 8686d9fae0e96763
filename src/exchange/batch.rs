//! `POST /batch`: many objects in one transaction, references in any order, the same again changes nothing.
use super::rows::{self, Batch, Row, RowResult, SourceSnapshot};
use crate::auth::CollectionRights;
use crate::collection::change_set::ChangeSet;
use crate::collection::command::{AuditAction as Write, BatchContext, Command};
use crate::collection::http::into_response;
use crate::collection::idempotency::IdempotencyKey;
use crate::collection::params::reject_unknown;
use crate::http::body;
use crate::http::context::{Batches, Writer};
use crate::http::headers::{self, WriteOptions};
use crate::http::preconditions::Preconditions;
use crate::http::problem::{Problem, parts};
use crate::http::routes::{Api, Operation};
use crate::model::roles::{ADM, APP, ICT, INT, NOBODY, OWN, SCM, TST};
use crate::model::{Action, Error, Fault, Faults, Kind, ObjectRef, Result, Rights, StringEnum};
use crate::resources::KINDS;
use crate::store::idempotency::StoredResponse;
use crate::store::{Store, Tx, WriteContext, resolve};
use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};
use tokio::sync::Semaphore;

/// Opens the door of the batch only: every row is checked for its own collection.
pub const RIGHTS: CollectionRights = CollectionRights::new("batch", Rights::new(NOBODY, &[SCM, OWN, APP, ICT, TST, INT, ADM]));

const LINES: &str = "application/x-ndjson";

/// Batches at work at once; a further one is told to come back.
const MAX_BATCHES: usize = 8;

/// Places for batches being read and checked: each may take many times its size in memory.
pub struct BatchPermits(Semaphore);

impl Default for BatchPermits {
    fn default() -> BatchPermits {
        BatchPermits(Semaphore::new(MAX_BATCHES))
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
    let _place = permits.0.try_acquire().map_err(|_| Error::unavailable("too many batches at work"))?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.batch_bytes, limits.request_seconds).await?;
    let key = IdempotencyKey::from_request(writer.caller(), &write_options, &request, &bytes)?;
    let prepared = {
        let (write_options, most) =
            (WriteOptions { dry_run: write_options.dry_run, ..WriteOptions::default() }, limits.batch_rows);
        // Reading and checking megabytes of JSON would hold up everybody on this event loop.
        actix_web::web::block(move || prepare(rows::read(&bytes, lines, &parameters, &write_options)?, most))
    };
    let prepared = prepared.await.map_err(Error::internal)??;
    for kind in &prepared.kinds {
        writer.caller().require(kind.collection(), Action::Write)?;
    }
    write_options.dry_run = prepared.dry_run;
    let count = prepared.count;
    let work = async move |tx: &mut Tx| key.run(tx, async move |tx| run(tx, prepared).await).await;
    let (answer, replayed) = writer.write(&write_options, count, work).await?;
    Ok(into_response(answer, &write_options, replayed))
}

/// Carries out a list of rows of this program's own, all or nothing.
///
/// # Errors
/// When a row has a fault.
pub async fn import(store: &Store, change: WriteContext, rows: &str) -> Result<()> {
    let rows: Vec<Value> = serde_json::from_str(rows).map_err(Error::internal)?;
    let prepared = prepare(Batch { partial: false, dry_run: false, snapshot: None, rows }, usize::MAX)?;
    store.write(change, async move |tx| run(tx, prepared).await.map(drop)).await
}

/// A batch whose rows have been read, by kind.
struct Prepared {
    partial: bool,
    dry_run: bool,
    snapshot: Option<SourceSnapshot>,
    count: usize,
    kinds: HashSet<Kind>,
    /// In the order of the kinds: what others point to comes first.
    groups: BTreeMap<Kind, ChangeSet>,
    bad: Vec<(usize, Error)>,
}

fn prepare(batch: Batch, most: usize) -> Result<Prepared> {
    let count = batch.rows.len();
    if count > most {
        return Err(Error::invalid("/rows", "too_long", format!("a batch holds at most {most} rows")));
    }
    let (all, mut bad) = rows::rows(batch.rows);
    let mut by_kind: BTreeMap<Kind, Vec<Row>> = BTreeMap::new();
    for row in all {
        by_kind.entry(row.kind).or_default().push(row);
    }
    let mut kinds: HashSet<Kind> = by_kind.keys().copied().collect();
    kinds.extend(batch.snapshot.iter().flat_map(|snapshot| &snapshot.kinds));
    let groups = by_kind.into_iter().map(|(kind, rows)| (kind, rows::change_set(KINDS.of(kind), rows, &mut bad))).collect();
    Ok(Prepared { partial: batch.partial, dry_run: batch.dry_run, snapshot: batch.snapshot, count, kinds, groups, bad })
}

/// Carries the batch out and puts the answer together.
async fn run(tx: &mut Tx, mut batch: Prepared) -> Result<StoredResponse> {
    tx.lock_tenant().await?;
    let mut context = BatchContext::default();
    for group in batch.groups.values_mut() {
        group.locate(tx, &mut context).await?;
    }
    let mut to_delete = Vec::new();
    if let Some(snapshot) = &batch.snapshot {
        for kind in &snapshot.kinds {
            let sent: HashSet<_> =
                batch.groups.get(kind).into_iter().flat_map(|group| group.commands.iter().map(|one| one.id)).collect();
            let mut gone = missing_from_snapshot(tx, snapshot, *kind, &sent).await?;
            gone.locate(tx, &mut context).await?;
            to_delete.push((*kind, gone));
        }
    }
    for group in batch.groups.values_mut() {
        group.write(tx, &mut context).await?;
    }
    to_delete.sort_by_key(|(kind, _)| *kind);
    // What points to others goes first.
    for (kind, group) in batch.groups.iter_mut().rev() {
        group.delete(tx, KINDS, &mut context).await?;
        if let Some((_, gone)) = to_delete.iter_mut().find(|(own, _)| own == kind) {
            gone.delete(tx, KINDS, &mut context).await?;
        }
    }
    for (_, gone) in to_delete.iter_mut().rev().filter(|(kind, _)| !batch.groups.contains_key(kind)) {
        gone.delete(tx, KINDS, &mut context).await?;
    }
    context.refresh_objectives(tx).await?;
    let mut results: Vec<RowResult> = batch.groups.values().flat_map(rows::results).collect();
    for row in &mut results {
        // A later row may have moved an earlier one on.
        if let Some(version) = row.id.and_then(|id| tx.revised.get(&id)) {
            row.version = row.version.map(|_| *version);
        }
    }
    results.iter_mut().for_each(|row| row.problem = row.problem.take().map(rows::beneath_data));
    let failed = |(place, error)| RowResult { place, id: None, key: None, result: "failed", version: None, problem: Some(error) };
    results.extend(std::mem::take(&mut batch.bad).into_iter().map(failed));
    results.sort_by_key(|row| row.place);
    let snapshot: Option<Vec<RowResult>> =
        batch.snapshot.as_ref().map(|_| to_delete.iter().flat_map(|(_, gone)| rows::results(gone)).collect());
    if !batch.partial {
        refuse_faults(&results, snapshot.as_deref().unwrap_or_default())?;
    }
    debug_assert_eq!(results.len(), batch.count);
    let body = render_results(&results, snapshot.as_deref(), tx).to_string();
    Ok(StoredResponse { status: 200, location: None, etag: None, body })
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

/// An atomic batch with any fault is refused with all of them.
fn refuse_faults(results: &[RowResult], snapshot: &[RowResult]) -> Result<()> {
    let mut faults = Faults::default();
    let rows = results
        .iter()
        .map(|row| (format!("/rows/{}", row.place), row))
        .chain(snapshot.iter().map(|row| ("/snapshot".into(), row)));
    for (at, row) in rows {
        let Some(problem) = &row.problem else { continue };
        let (_, code, detail, inner) = parts(problem);
        if inner.is_empty() || code == "still_referenced" {
            faults.push(Fault { pointer: at.clone(), code: code.into(), detail });
            continue;
        }
        inner.into_iter().for_each(|fault| faults.push(Fault { pointer: format!("{at}{}", fault.pointer), ..fault }));
    }
    faults.into_result()
}

fn render_results(results: &[RowResult], snapshot: Option<&[RowResult]>, tx: &Tx) -> Value {
    let mut counts: Map<String, Value> = Map::new();
    let count = |what: &str| {
        let all = results.iter().chain(snapshot.unwrap_or_default());
        all.filter(|row| row.result == what).count()
    };
    for what in ["created", "updated", "unchanged", "deleted", "failed"] {
        counts.insert(what.into(), count(what).into());
    }
    let row = |row: &RowResult| {
        let mut out = json!({"index": row.place, "id": row.id, "key": row.key, "result": row.result});
        if let Some(version) = row.version {
            out["version"] = version.into();
        }
        if let Some(problem) = &row.problem {
            out["problem"] = json!(Problem::of(problem, &tx.context().request_id));
        }
        out
    };
    let mut out = json!({"counts": counts, "rows": results.iter().map(row).collect::<Vec<_>>(), "seq": tx.seq()});
    if let Some(snapshot) = snapshot {
        out["snapshot"] = snapshot.iter().map(row).collect::<Vec<_>>().into();
    }
    out
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

//! `GET /services/{id}/proof`: what is known of how fast it is back and how much is lost, how well, and whether that still
//! holds.
use super::form::{list, object, reference, tagged, text};
use super::schedule::scheduled;
use crate::collection::doc::{etag, with_id};
use crate::collection::params::{object_ref, reject_unknown};
use crate::collection::read;
use crate::http::context::Reader;
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Id, Kind, Reference, Result, StringEnum, Timestamp};
use crate::resources::change_requests;
use crate::resources::components::Component;
use crate::resources::measurements::{Fingerprint, Measurement, ProofLevel, fingerprint, store as measurements};
use crate::resources::plan_versions::store::active_now;
use crate::resources::runs::RunMode;
use crate::resources::services::Service;
use crate::store::{Conn, Object, ResourceHooks, Snapshot, links};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// So many measurements are looked at, the newest first.
const MAX: i64 = 100;
/// So many reasons of a kind are named.
const MAX_REASONS: usize = 20;

/// A kind that can be brought back, and may say by itself how fast.
trait Recoverable: ResourceHooks {
    /// Declared: seconds to restore, and seconds' worth of data lost.
    fn declared(&self) -> (Option<i64>, Option<i64>);
}

impl Recoverable for Service {
    fn declared(&self) -> (Option<i64>, Option<i64>) {
        (self.recovery_time_seconds, self.data_loss_seconds)
    }
}

impl Recoverable for Component {
    fn declared(&self) -> (Option<i64>, Option<i64>) {
        (self.recovery_time_seconds, self.data_loss_seconds)
    }
}

/// One figure and what it rests on.
struct Evidence {
    level: ProofLevel,
    restoration: Option<i64>,
    data_loss: Option<i64>,
    at: Option<Timestamp>,
    source: Option<Reference>,
    /// Why it counts for less than it did; empty while it holds.
    stale: Vec<Value>,
}

impl Evidence {
    /// What it counts for now.
    fn worth(&self) -> ProofLevel {
        let most = if self.stale.is_empty() { ProofLevel::Proven } else { ProofLevel::Estimated };
        if (self.level as u8) < (most as u8) { self.level } else { most }
    }
    fn value(&self) -> Value {
        json!({
            "level": self.level.as_str(), "counts_as": self.worth().as_str(), "restoration_seconds": self.restoration,
            "data_loss_seconds": self.data_loss, "at": self.at, "source": self.source, "stale": !self.stale.is_empty(),
            "reasons": self.stale,
        })
    }
}

async fn proof<R: Recoverable>(reader: Reader<Measurement>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(R::KIND.collection(), Action::Read)?;
    reader.caller().require(Kind::Plan.collection(), Action::Read)?;
    let spelling = object_ref(&request)?;
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let caller = reader.caller().clone();
    let answer = reader
        .scan(async move |conn, org| {
            let object = read::load_of::<R>(conn, org, &spelling).await?;
            render_proof(conn, &caller.snapshot(), &object).await
        })
        .await?;
    Ok(tagged(&request, "application/json", answer.to_string()))
}

async fn render_proof<R: Recoverable>(conn: &mut Conn<'_>, snapshot: &Snapshot, subject: &Object<R>) -> Result<Value> {
    let org = snapshot.organization;
    let measured = measurements::of_subject(conn, org, subject.meta.id, MAX).await?;
    let mut all = Vec::new();
    if !measured.is_empty() {
        let now = fingerprint::of(conn, snapshot, subject.meta.id).await?;
        for one in &measured {
            all.push(weighed(conn, snapshot, subject.meta.id, one, &now).await?);
        }
    }
    all.extend(estimated(conn, snapshot, subject.meta.id).await?);
    let (restoration, data_loss) = subject.body.declared();
    if restoration.is_some() || data_loss.is_some() {
        let (level, at) = (ProofLevel::Declared, Some(subject.meta.updated_at));
        all.push(Evidence { level, restoration, data_loss, at, source: None, stale: Vec::new() });
    }
    let own = subject.meta.effective;
    Ok(json!({
        "subject": super::schedule::reference_of(subject),
        "restoration": best(&all, |one| one.restoration, own.rto, "rto_seconds"),
        "data_loss": best(&all, |one| one.data_loss, own.rpo, "rpo_seconds"),
        "evidence": all.iter().map(Evidence::value).collect::<Vec<_>>(),
    }))
}

/// What has been measured of how fast an item is back.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Measured {
    /// What the measurement counts for now.
    #[schema(max_length = 64)]
    pub level: &'static str,
    #[schema(minimum = 0)]
    pub seconds: Option<i64>,
    /// Whether what it depends on has changed since.
    pub stale: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
}

/// What has been measured of some items, of those that have been.
///
/// # Errors
/// When the database does not answer.
pub async fn measured(conn: &mut Conn<'_>, snapshot: &Snapshot, items: &[Id]) -> Result<HashMap<Id, Measured>> {
    let mut known = HashMap::new();
    for id in measurements::measured(conn, snapshot.organization, items).await? {
        let now = fingerprint::of(conn, snapshot, id).await?;
        let mut all = Vec::new();
        for one in measurements::of_subject(conn, snapshot.organization, id, MAX).await? {
            all.push(weighed(conn, snapshot, id, &one, &now).await?);
        }
        let all = all.into_iter().filter(|one| one.restoration.is_some());
        if let Some(best) = all.max_by_key(|one| (one.worth() as u8, one.level as u8, one.at)) {
            let (level, stale) = (best.worth().as_str(), !best.stale.is_empty());
            known.insert(id, Measured { level, seconds: best.restoration, stale, at: best.at });
        }
    }
    Ok(known)
}

/// The figure that counts: of what is worth most, the newest.
fn best(all: &[Evidence], figure: impl Fn(&Evidence) -> Option<i64>, objective: Option<i64>, name: &str) -> Value {
    let known = all.iter().filter(|one| figure(one).is_some());
    // A stale measurement counts as an estimate, and says more than one that was never tried.
    let Some(one) = known.max_by_key(|one| (one.worth() as u8, one.level as u8, one.at)) else {
        let mut none =
            json!({"level": null, "seconds": null, "at": null, "source": null, "stale": false, "reasons": [], "met": null});
        none[name] = objective.into();
        return none;
    };
    let seconds = figure(one);
    let mut value = json!({
        "level": one.worth().as_str(), "seconds": seconds, "at": one.at, "source": one.source,
        "stale": !one.stale.is_empty(), "reasons": one.stale, "met": seconds.zip(objective).map(|(took, most)| took <= most),
    });
    value[name] = objective.into();
    value
}

/// A measurement, with what has changed since.
async fn weighed(
    conn: &mut Conn<'_>,
    snapshot: &Snapshot,
    subject: Id,
    one: &Object<Measurement>,
    now: &Fingerprint,
) -> Result<Evidence> {
    let then = &one.body.fingerprint;
    let mut stale = Vec::new();
    if then.sha256 != now.sha256 {
        let found = then.difference(now);
        let ids: HashSet<Id> = found.added.iter().chain(&found.removed).chain(&found.changed).copied().collect();
        let names = snapshot.references(conn, &ids).await?;
        let told = |code: &str, ids: &[Id]| {
            let one = |id: &Id| json!({"code": code, "object": names.get(id), "id": id});
            ids.iter().take(MAX_REASONS).map(one).collect::<Vec<_>>()
        };
        stale.extend(told("dependency_added", &found.added));
        stale.extend(told("dependency_removed", &found.removed));
        stale.extend(told("dependency_changed", &found.changed));
        if stale.is_empty() {
            stale.push(json!({"code": "dependencies_changed", "object": null, "id": null}));
        }
    }
    let mut touched: Vec<Id> = then.items.keys().filter_map(|id| Id::parse(id)).collect();
    touched.push(subject);
    if let Some(at) = one.body.measured_at {
        let changes = change_requests::store::implemented_after(conn, snapshot.organization, &touched, at).await?;
        let names = snapshot.references(conn, &changes.iter().copied().collect()).await?;
        let told = |id: &Id| json!({"code": "change_implemented", "object": names.get(id), "id": id});
        stale.extend(changes.iter().take(MAX_REASONS).map(told));
    }
    Ok(Evidence {
        level: one.body.level,
        restoration: one.body.restoration_seconds,
        data_loss: one.body.data_loss_seconds,
        at: one.body.measured_at,
        source: Some(super::schedule::reference_of(one)),
        stale,
    })
}

/// What the active plans that cover it reckon with.
async fn estimated(conn: &mut Conn<'_>, snapshot: &Snapshot, subject: Id) -> Result<Vec<Evidence>> {
    let plans = links::owners(conn, snapshot.organization, "services", &[subject]).await?;
    let plans: Vec<Id> = plans.into_iter().map(|(owner, _)| owner).collect();
    let mut active: Vec<(Id, i64)> = active_now(conn, snapshot.organization, &plans).await?.into_values().collect();
    active.sort_unstable();
    let mut all = Vec::new();
    for (version, _) in active {
        let scheduled = scheduled(conn, snapshot, version, RunMode::Actual).await?;
        let planned = scheduled.services.iter().find(|one| one.service.id == subject).and_then(|one| one.planned);
        all.extend(planned.map(|planned| Evidence {
            level: ProofLevel::Estimated,
            restoration: Some(planned),
            data_loss: None,
            at: Some(scheduled.version.body.status_changed_at),
            source: Some(super::schedule::reference_of(&scheduled.version)),
            stale: Vec::new(),
        }));
    }
    Ok(all)
}

/// One operation for each kind that can be brought back.
pub fn routes(api: &mut Api) {
    route::<Service>(api);
    route::<Component>(api);
}

fn route<R: Recoverable>(api: &mut Api) {
    let (collection, kind) = (R::KIND.collection(), R::KIND.as_str());
    let id = "018f6c2e-5a4b-7c3d-8e9f-000000000001";
    let best = |objective: &str| {
        let mut one = json!({
            "level": "exercised", "seconds": 7260, "at": "2026-11-22T10:00:00.000000Z",
            "source": {"id": id, "kind": "measurement", "key": "MEA-1", "name": null}, "stale": false, "reasons": [], "met": true
        });
        one[objective] = 14400.into();
        one
    };
    let example = json!({
        "subject": {"id": id, "kind": kind, "key": "EXAMPLE", "name": "Example"},
        "restoration": best("rto_seconds"), "data_loss": best("rpo_seconds"), "evidence": []
    });
    let words = "What is known of how fast it is back and how much is lost: declared (typed in) < estimated (an active plan) < \
                 exercised (measured in an exercise) < proven (measured in earnest). A measurement is stale when what the \
                 subject depends on has changed since, or a change request touching that was implemented after it; then it \
                 counts as no more than estimated. Needs `plans:read` too.";
    let path = format!("/api/v1/{collection}/{{id}}/proof");
    let op = Operation::new(Method::GET, &path, collection, &format!("get_{kind}_proof"), &format!("Proof of a {kind}"), words)
        .permission("measurements", Action::Read)
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .json(200, "The proof.", json!({"$ref": "#/components/schemas/Proof"}), &example, etag())
        .response(304, "Unchanged.", Value::Null, etag());
    api.add(with_id(op), proof::<R>);
}

pub fn schemas() -> Value {
    let seconds = json!({"type": ["integer", "null"], "format": "int64", "minimum": 0});
    let time = json!({"type": ["string", "null"], "format": "date-time"});
    let source = json!({"oneOf": [{"type": "null"}, reference()]});
    let levels: Vec<&str> = ProofLevel::ALL.iter().map(|level| level.as_str()).collect();
    let level = json!({"type": "string", "enum": levels});
    let reason = object(&json!({"code": text(64), "object": source, "id": {"type": ["string", "null"], "format": "uuid"}}));
    let reasons = list(200, &reason);
    let figure = |objective: &str| {
        let mut members = json!({
            "level": {"oneOf": [{"type": "null"}, level]}, "seconds": seconds, "at": time, "source": source,
            "stale": {"type": "boolean"}, "reasons": reasons,
            "met": {"type": ["boolean", "null"], "description": "Whether it meets the effective objective; null where one of them is not known."}
        });
        members[objective] = seconds.clone();
        object(&members)
    };
    let evidence = object(&json!({
        "level": level, "counts_as": level, "restoration_seconds": seconds, "data_loss_seconds": seconds, "at": time, "source": source,
        "stale": {"type": "boolean"}, "reasons": reasons
    }));
    json!({"Proof": object(&json!({
        "subject": reference(), "restoration": figure("rto_seconds"), "data_loss": figure("rpo_seconds"),
        "evidence": list(300, &evidence)
    }))})
}

//! `GET` and `POST /{collection}/{id}/transitions`: which moves an object has, and making one.
use super::asked::{guarded, only, spelled};
use super::http::{answer, answered};
use super::once::Once;
use super::order::{Common, Done};
use super::point::{look_up, point};
use super::write::{not_theirs, theirs};
use super::{Draft, read, schema};
use crate::app::App;
use crate::auth::roles::{permission, roles_allowed};
use crate::auth::{Action, Role};
use crate::http::body;
use crate::http::context::{Caller, Moves, Reader, Writer};
use crate::http::headers;
use crate::model::{Error, Fault, Faults, Kind, Present, Result, Spelling, Word};
use crate::resources::change_requests::ChangeRequest;
use crate::resources::disruptions::Disruption;
use crate::resources::exercises::Exercise;
use crate::resources::findings::Finding;
use crate::resources::impact_assessments::ImpactAssessment;
use crate::resources::lifecycle::find;
use crate::resources::measure_tasks::MeasureTask;
use crate::resources::measures::Measure;
use crate::resources::plan_versions::PlanVersion;
use crate::resources::risks::Risk;
use crate::resources::run_steps::RunStep;
use crate::resources::runs::Run;
use crate::resources::{Lifecycle, Moved, Reason};
use crate::store::idempotency::Answer;
use crate::store::ledger::Operation;
use crate::store::{Living, Object, Planned, Tx, next_version, overwrite, record};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

/// The longest comment.
pub const MOST_COMMENT: usize = 500;

/// `GET /{collection}/{id}/transitions`.
pub async fn list<R: Living>(reader: Reader<R>, request: HttpRequest) -> Result<HttpResponse> {
    only(&headers::parameters(&request)?, &[])?;
    let spelling = spelled(&request)?;
    let caller = reader.caller();
    let limited = caller.identity().is_limited(R::KIND.collection());
    let (object, facts, theirs) = reader
        .read(async |conn, org| {
            let object = read::existing::<R>(conn, org, &spelling).await?;
            let facts = R::facts(conn, org, &object, &caller.identity().subject).await?;
            let theirs = !limited || R::theirs(conn, org, caller.identity(), &[&object]).await? == [true];
            Ok((object, facts, theirs))
        })
        .await?;
    let from = object.body.status();
    let all = R::Status::ALL.iter().filter(|to| **to != from);
    let moves: Vec<Value> = all.map(|to| told(caller, &object.body, *to, &facts, theirs)).collect();
    Ok(HttpResponse::Ok().json(json!({"status": from.as_str(), "version": object.head.version, "transitions": moves})))
}

fn told<R: Lifecycle>(caller: &Caller, body: &R, to: R::Status, facts: &R::Facts, theirs: bool) -> Value {
    let collection = R::KIND.collection();
    let (from, found) = (body.status(), find::<R>(body.status(), to));
    let action = found.map(|one| one.action);
    let mut reasons = if found.is_some() { body.barred(to, facts) } else { vec![no_such_move::<R>(from, to)] };
    let open = reasons.is_empty();
    let warnings = if open { body.warned(to, facts) } else { Vec::new() };
    let permitted = action.is_some_and(|action| caller.identity().may(collection, action));
    if open && permitted && !theirs {
        reasons.push(Reason::new("not_commissioned", not_theirs().to_string()));
    }
    let roles = action.map(|action| roles_allowed(collection, action)).unwrap_or_default();
    json!({
        "to": to.as_str(),
        "open": open,
        "allowed": open && permitted && theirs,
        "permission": action.map(|action| permission(collection, action)),
        "roles": roles.into_iter().map(Role::as_str).collect::<Vec<_>>(),
        "reasons": reasons,
        "warnings": warnings,
    })
}

fn no_such_move<R: Lifecycle>(from: R::Status, to: R::Status) -> Reason {
    let next: Vec<&str> = R::MOVES.iter().filter(|one| one.from.contains(&from)).map(|one| one.to.as_str()).collect();
    let (from, to) = (from.as_str(), to.as_str());
    let next = if next.is_empty() { "nothing any more".to_owned() } else { next.join(", ") };
    Reason::new("not_from_here", format!("{from} does not lead to {to}, but to {next}"))
}

/// A move as it was asked for.
struct Wanted<R: Lifecycle> {
    to: R::Status,
    comment: Option<String>,
    terms: R::Terms,
}

/// `POST /{collection}/{id}/transitions`.
pub async fn make<R: Living>(writer: Writer<Moves<R>>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_type(&request, &["application/json"])?;
    let mut wishes = guarded(writer.caller(), &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let wanted = parse::<R>(body::json(&bytes)?)?;
    let ways = R::MOVES.iter().filter(|one| one.to == wanted.to);
    let mut actions: Vec<Action> = ways.map(|one| one.action).collect();
    actions.dedup();
    if let [action] = actions[..] {
        writer.caller().require(R::KIND.collection(), action)?;
    }
    wishes.reason = wishes.reason.take().or_else(|| wanted.comment.clone());
    let (guard, app) = (wishes.guard.clone(), writer.caller().app().clone());
    let once = Once::of(writer.caller(), &wishes, &request, &bytes)?;
    let work = async move |tx: &mut Tx| {
        let run = async move |tx: &mut Tx| {
            tx.take_turn().await?;
            let old = found::<R>(tx, &target).await?;
            guard.met_by(old.head.version)?;
            go(tx, &app, old, wanted).await
        };
        once.run(tx, run).await
    };
    let (answer, replayed) = writer.write(&wishes, 1, work).await?;
    Ok(answered(answer, &wishes, replayed))
}

/// Makes a move of this program's own.
///
/// # Errors
/// When the move is closed, or the kind has none.
pub async fn carry_out(tx: &mut Tx, app: &App, kind: Kind, target: &Spelling, value: Value) -> Result<()> {
    async fn one<R: Living>(tx: &mut Tx, app: &App, target: &Spelling, value: Value) -> Result<()> {
        tx.take_turn().await?;
        let old = found::<R>(tx, target).await?;
        go(tx, app, old, parse::<R>(value)?).await.map(drop)
    }
    match kind {
        Kind::Risk => one::<Risk>(tx, app, target, value).await,
        Kind::Measure => one::<Measure>(tx, app, target, value).await,
        Kind::MeasureTask => one::<MeasureTask>(tx, app, target, value).await,
        Kind::ChangeRequest => one::<ChangeRequest>(tx, app, target, value).await,
        Kind::ImpactAssessment => one::<ImpactAssessment>(tx, app, target, value).await,
        Kind::PlanVersion => one::<PlanVersion>(tx, app, target, value).await,
        Kind::Exercise => one::<Exercise>(tx, app, target, value).await,
        Kind::Disruption => one::<Disruption>(tx, app, target, value).await,
        Kind::Run => one::<Run>(tx, app, target, value).await,
        Kind::RunStep => one::<RunStep>(tx, app, target, value).await,
        Kind::Finding => one::<Finding>(tx, app, target, value).await,
        _ => Err(Error::Internal(format!("{} has no moves", kind.as_str()))),
    }
}

async fn found<R: Living>(tx: &mut Tx, target: &Spelling) -> Result<Object<R>> {
    let org = tx.organization();
    read::existing(&mut tx.conn()?, org, target).await
}

/// Makes the move, with all that follows from it.
async fn go<R: Living>(tx: &mut Tx, app: &App, old: Object<R>, wanted: Wanted<R>) -> Result<Answer> {
    let Wanted { to, comment, mut terms } = wanted;
    let (org, change) = (tx.organization(), tx.change().clone());
    let identity = change.identity.as_deref();
    let way = find::<R>(old.body.status(), to);
    if let (Some(way), Some(identity)) = (way, identity)
        && !identity.may(R::KIND.collection(), way.action)
    {
        let needed = permission(R::KIND.collection(), way.action);
        return Err(Error::Forbidden(format!("this needs the permission {needed}")));
    }
    if theirs(tx, &[&old]).await? != [true] {
        return Err(not_theirs());
    }
    let caller = identity.map_or("", |identity| identity.subject.as_str());
    let reasons = match way {
        None => vec![no_such_move::<R>(old.body.status(), to)],
        Some(_) => {
            let facts = R::facts(&mut tx.conn()?, org, &old, caller).await?;
            old.body.barred(to, &facts)
        }
    };
    if !reasons.is_empty() {
        return Err(refused(&reasons, &old, to));
    }
    R::complete(&mut tx.conn()?, org, to, &mut terms, caller).await?;
    let moved = Moved { comment, actor: change.actor.clone(), now: change.now };
    let mut body = old.body.clone();
    body.enter(to, &terms, &moved);
    let mut faults = Faults::default();
    body = pointed(tx, &old, body, &mut faults).await?;
    body.check_terms(to, &terms, &moved, &mut faults);
    faults.into_result()?;
    let new = next_version(&old, body, &change);
    let mut planned = [Planned { old: Some(old), new, generated: false, fault: None }];
    R::inspect(tx, &mut planned).await?;
    let [Planned { old, mut new, fault, .. }] = planned;
    if let Some(fault) = fault {
        return Err(fault);
    }
    if let Some(old) = &old {
        overwrite(tx, old, &new).await?;
    }
    R::written(tx, &[&new]).await?;
    record::keep(tx, &new, Operation::Updated).await?;
    let moves = R::followed(tx, &mut new, &terms).await?;
    let mut common = Common::default();
    common.moves = moves;
    common.settle(tx).await?;
    answer(tx, app, Done::Updated, new).await
}

fn refused<R: Lifecycle>(reasons: &[Reason], old: &Object<R>, to: R::Status) -> Error {
    let fault = |reason: &Reason| Fault { pointer: "/to".into(), code: reason.code.into(), detail: reason.detail.clone() };
    let words: Vec<&str> = reasons.iter().map(|reason| reason.detail.as_str()).collect();
    let detail = format!("the move to {} is closed: {}", to.as_str(), words.join("; "));
    let present = Box::new(Present {
        status: old.body.status().as_str().into(),
        version: old.head.version,
        updated_at: old.head.updated_at,
        updated_by: old.head.updated_by.clone(),
    });
    Error::Closed { detail, faults: reasons.iter().map(fault).collect(), present }
}

/// Points the links among the terms at their objects.
async fn pointed<R: Living>(tx: &mut Tx, old: &Object<R>, mut body: R, faults: &mut Faults) -> Result<R> {
    let given = body.links().iter().filter_map(|slot| slot.pointer.split('/').nth(1).map(str::to_owned)).collect();
    let mut draft = [(0, Draft { head: old.head.draft(), body, given, faults: Faults::default() })];
    let common = Common::default();
    let found = look_up(tx, &common, &mut draft).await?;
    let [(_, mut draft)] = draft;
    point(&mut draft, &found, &common, faults);
    Ok(draft.body)
}

fn parse<R: Lifecycle>(value: Value) -> Result<Wanted<R>> {
    let Value::Object(mut members) = value else {
        return Err(Error::invalid("", "wrong_type", "an object is wanted"));
    };
    let mut faults = Faults::default();
    let to = match members.remove("to") {
        None => {
            faults.add("/to", "required", "the status to go to is wanted");
            None
        }
        Some(Value::String(word)) => {
            let to = R::Status::from_word(&word);
            if to.is_none() {
                let words: Vec<&str> = R::Status::ALL.iter().map(|word| word.as_str()).collect();
                faults.add("/to", "not_allowed", format!("{word:?} is not one of {}", words.join(", ")));
            }
            to
        }
        Some(_) => {
            faults.add("/to", "wrong_type", "a status is a text");
            None
        }
    };
    let comment = match members.remove("comment") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.chars().count() > MOST_COMMENT => {
            faults.add("/comment", "too_long", format!("at most {MOST_COMMENT} characters"));
            None
        }
        Some(Value::String(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Some(_) => {
            faults.add("/comment", "wrong_type", "a comment is a text");
            None
        }
    };
    let terms = terms::<R>(members, &mut faults);
    faults.into_result()?;
    match to {
        Some(to) => Ok(Wanted { to, comment, terms }),
        None => Err(Error::Internal("a move without a fault and without a status".into())),
    }
}

/// The terms, each member looked at alone so that all faults are told.
fn terms<R: Lifecycle>(members: Map<String, Value>, faults: &mut Faults) -> R::Terms {
    let known = schema::terms::<R>();
    let mut sound = Map::new();
    for (name, value) in members {
        if !known.contains_key(&name) {
            faults.add(format!("/{name}"), "unknown_field", format!("{name} is not a field of a move"));
            continue;
        }
        let one = Map::from_iter([(name.clone(), value.clone())]);
        match serde_json::from_value::<R::Terms>(Value::Object(one)) {
            Ok(_) => drop(sound.insert(name, value)),
            Err(error) => faults.add(format!("/{name}"), "bad_format", error.to_string()),
        }
    }
    serde_json::from_value(Value::Object(sound)).unwrap_or_default()
}

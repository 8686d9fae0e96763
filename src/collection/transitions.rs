//! `GET` and `POST /{collection}/{id}/transitions`: which moves an object has, and making one.
use super::change_set::{assigned_to_caller, not_assigned};
use super::command::{BatchContext, WriteOutcome};
use super::http::{into_response, render};
use super::idempotency::IdempotencyKey;
use super::params::{guarded, only, spelled};
use super::references::{load_targets, resolve_links};
use super::{read, schema};
use crate::auth::roles::{permission, roles_allowed};
use crate::http::body;
use crate::http::context::{Caller, OfKind, Reader, Transitions, Writer};
use crate::http::headers;
use crate::model::{Action, Error, Fault, Faults, Moved, Present, Reason, Result, Role, Spelling};
use crate::store::idempotency::Answer;
use crate::store::kind::{AnyLifecycle, AnyMove, AnyTerms, Guards};
use crate::store::ledger::Operation;
use crate::store::{AnyKind, AnyObject, AnyPlanned, Tx, next_version, overwrite, record};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The longest comment.
pub const MOST_COMMENT: usize = 500;

fn lifecycle_of(kind: &dyn AnyKind) -> Result<&'static dyn AnyLifecycle> {
    kind.lifecycle().ok_or_else(|| Error::Internal(format!("{} have no moves", kind.info().collection())))
}

/// The move from one state to another, if there is one.
fn find<'a>(moves: &'a [AnyMove], from: &str, to: &str) -> Option<&'a AnyMove> {
    moves.iter().find(|one| one.to == to && one.from.contains(&from))
}

/// `GET /{collection}/{id}/transitions`.
pub async fn list(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    only(&headers::parameters(&request)?, &[])?;
    let (kind, spelling) = (reader.kind()?, spelled(&request)?);
    let (lifecycle, caller) = (lifecycle_of(kind)?, reader.caller());
    let moves = lifecycle.moves();
    let limited = caller.identity().is_limited(kind.info().collection());
    let (object, from, open, assigned) = reader
        .read(async |conn, org| {
            let object = read::load(conn, org, kind, &spelling).await?;
            let from = lifecycle.status(&object)?;
            let open: Vec<&'static str> =
                lifecycle.statuses().into_iter().filter(|to| *to != from && find(&moves, from, to).is_some()).collect();
            let guards = lifecycle.guards(conn, org, &object, &caller.identity().subject, &open).await?;
            let assigned = !limited || kind.theirs(conn, org, caller.identity(), &[&object]).await? == [true];
            let open: Vec<_> = open.into_iter().zip(guards).collect();
            Ok((object, from, open, assigned))
        })
        .await?;
    let mut open = open.into_iter().peekable();
    let all = lifecycle.statuses().into_iter().filter(|to| *to != from);
    let all: Vec<Value> = all
        .map(|to| {
            let guards = open.next_if(|(own, _)| *own == to).map(|(_, guards)| guards);
            transition_state(caller, kind, &moves, (from, to), guards, assigned)
        })
        .collect();
    let version = object.head().version;
    Ok(HttpResponse::Ok().json(json!({"status": from, "version": version, "transitions": all})))
}

/// How it stands with a move, for one caller.
fn transition_state(
    caller: &Caller,
    kind: &dyn AnyKind,
    moves: &[AnyMove],
    (from, to): (&str, &str),
    guards: Option<Guards>,
    assigned: bool,
) -> Value {
    let collection = kind.info().collection();
    let action = find(moves, from, to).map(|one| one.action);
    let none = || Guards { barred: vec![no_such_move(moves, from, to)], warned: Vec::new() };
    let Guards { barred: mut reasons, warned } = guards.unwrap_or_else(none);
    let open = reasons.is_empty();
    let warnings = if open { warned } else { Vec::new() };
    let permitted = action.is_some_and(|action| caller.identity().may(collection, action));
    if open && permitted && !assigned {
        reasons.push(Reason::new("not_commissioned", not_assigned().to_string()));
    }
    let roles = action.map(|action| roles_allowed(collection, action)).unwrap_or_default();
    json!({
        "to": to,
        "open": open,
        "allowed": open && permitted && assigned,
        "permission": action.map(|action| permission(collection, action)),
        "roles": roles.into_iter().map(Role::as_str).collect::<Vec<_>>(),
        "reasons": reasons,
        "warnings": warnings,
    })
}

fn no_such_move(moves: &[AnyMove], from: &str, to: &str) -> Reason {
    let next: Vec<&str> = moves.iter().filter(|one| one.from.contains(&from)).map(|one| one.to).collect();
    let next = if next.is_empty() { "nothing any more".to_owned() } else { next.join(", ") };
    Reason::new("not_from_here", format!("{from} does not lead to {to}, but to {next}"))
}

/// A move as it was asked for.
struct Wanted {
    to: &'static str,
    comment: Option<String>,
    terms: AnyTerms,
}

/// `POST /{collection}/{id}/transitions`.
pub async fn make(writer: Writer<Transitions>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_type(&request, &["application/json"])?;
    let kind = writer.kind()?;
    let lifecycle = lifecycle_of(kind)?;
    let mut wishes = guarded(writer.caller(), &request)?;
    let target = spelled(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let wanted = parse(lifecycle, body::json(&bytes)?)?;
    let mut actions: Vec<Action> =
        lifecycle.moves().into_iter().filter(|one| one.to == wanted.to).map(|one| one.action).collect();
    actions.dedup();
    if let [action] = actions[..] {
        writer.caller().require(kind.info().collection(), action)?;
    }
    wishes.reason = wishes.reason.take().or_else(|| wanted.comment.clone());
    let preconditions = wishes.preconditions.clone();
    let key = IdempotencyKey::of(writer.caller(), &wishes, &request, &bytes)?;
    let work = async move |tx: &mut Tx| {
        let run = async move |tx: &mut Tx| {
            tx.take_turn().await?;
            let org = tx.organization();
            let old = read::load(&mut tx.conn()?, org, kind, &target).await?;
            preconditions.check(old.head().version)?;
            apply_transition(tx, kind, lifecycle, old, wanted).await
        };
        key.run(tx, run).await
    };
    let (answer, replayed) = writer.write(&wishes, 1, work).await?;
    Ok(into_response(answer, &wishes, replayed))
}

/// Makes a move of this program's own.
///
/// # Errors
/// When the move is closed, or the kind has none.
pub async fn carry_out(tx: &mut Tx, kind: &'static dyn AnyKind, target: &Spelling, value: Value) -> Result<()> {
    let lifecycle = lifecycle_of(kind)?;
    tx.take_turn().await?;
    let org = tx.organization();
    let old = read::load(&mut tx.conn()?, org, kind, target).await?;
    apply_transition(tx, kind, lifecycle, old, parse(lifecycle, value)?).await.map(drop)
}

/// Makes the move, with all that follows from it.
async fn apply_transition(
    tx: &mut Tx,
    kind: &'static dyn AnyKind,
    lifecycle: &'static dyn AnyLifecycle,
    old: AnyObject,
    wanted: Wanted,
) -> Result<Answer> {
    let Wanted { to, comment, mut terms } = wanted;
    let (org, change, info) = (tx.organization(), tx.change().clone(), kind.info());
    let identity = change.identity.as_deref();
    let (moves, from) = (lifecycle.moves(), lifecycle.status(&old)?);
    let way = find(&moves, from, to);
    if let (Some(way), Some(identity)) = (way, identity)
        && !identity.may(info.collection(), way.action)
    {
        let needed = permission(info.collection(), way.action);
        return Err(Error::Forbidden(format!("this needs the permission {needed}")));
    }
    if assigned_to_caller(tx, kind, &[&old]).await? != [true] {
        return Err(not_assigned());
    }
    let caller = identity.map_or("", |identity| identity.subject.as_str());
    let reasons = match way {
        None => vec![no_such_move(&moves, from, to)],
        Some(_) => {
            let guards = lifecycle.guards(&mut tx.conn()?, org, &old, caller, &[to]).await?;
            guards.into_iter().next().map(|guards| guards.barred).unwrap_or_default()
        }
    };
    if !reasons.is_empty() {
        return Err(refused(&reasons, &old, from, to));
    }
    lifecycle.complete(&mut tx.conn()?, org, to, &mut terms, caller).await?;
    let moved = Moved { comment, actor: change.actor.clone(), now: change.now };
    let mut new = lifecycle.entered(&old, to, &terms, &moved)?;
    let mut faults = Faults::default();
    point_terms(tx, &mut new, &mut faults).await?;
    lifecycle.check_terms(&new, to, &terms, &moved, &mut faults)?;
    faults.into_result()?;
    let new = next_version(old.head(), new, &change);
    let mut planned = vec![AnyPlanned { old: Some(old), new, generated: false, fault: None }];
    kind.inspect(tx, &mut planned).await?;
    let AnyPlanned { old, new, fault, .. } = planned.pop().ok_or(Error::NotFound)?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    if let Some(old) = &old {
        overwrite(tx, kind, old, &new).await?;
    }
    kind.written(tx, &[&new]).await?;
    record::keep(tx, info, &new, Operation::Updated).await?;
    let (new, changes) = lifecycle.followed(tx, new, &terms).await?;
    tx.refresh_objectives(changes).await?;
    render(tx, kind, WriteOutcome::Updated, new).await
}

fn refused(reasons: &[Reason], old: &AnyObject, from: &str, to: &str) -> Error {
    let fault = |reason: &Reason| Fault { pointer: "/to".into(), code: reason.code.into(), detail: reason.detail.clone() };
    let words: Vec<&str> = reasons.iter().map(|reason| reason.detail.as_str()).collect();
    let detail = format!("the move to {to} is closed: {}", words.join("; "));
    let head = old.head();
    let present = Box::new(Present {
        status: from.into(),
        version: head.version,
        updated_at: head.updated_at,
        updated_by: head.updated_by.clone(),
    });
    Error::Closed { detail, faults: reasons.iter().map(fault).collect(), present }
}

/// Points the links among the terms at their objects.
async fn point_terms(tx: &mut Tx, new: &mut AnyObject, faults: &mut Faults) -> Result<()> {
    let given: HashSet<String> =
        new.links().iter().filter_map(|slot| slot.pointer.split('/').nth(1).map(str::to_owned)).collect();
    let context = BatchContext::default();
    let found = load_targets(tx, &context, std::iter::once(&mut *new)).await?;
    resolve_links(new, |field| given.contains(field), &found, &context, faults);
    Ok(())
}

fn parse(lifecycle: &dyn AnyLifecycle, value: Value) -> Result<Wanted> {
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
            let words = lifecycle.statuses();
            let to = words.iter().copied().find(|own| *own == word);
            if to.is_none() {
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
    let terms = terms(lifecycle, members, &mut faults)?;
    faults.into_result()?;
    match to {
        Some(to) => Ok(Wanted { to, comment, terms }),
        None => Err(Error::Internal("a move without a fault and without a status".into())),
    }
}

/// The terms, each member looked at alone so that all faults are told.
fn terms(lifecycle: &dyn AnyLifecycle, members: Map<String, Value>, faults: &mut Faults) -> Result<AnyTerms> {
    let known = schema::terms(lifecycle);
    let mut sound = Map::new();
    for (name, value) in members {
        if !known.contains_key(&name) {
            faults.add(format!("/{name}"), "unknown_field", format!("{name} is not a field of a move"));
            continue;
        }
        match lifecycle.read_terms(Map::from_iter([(name.clone(), value.clone())])) {
            Ok(_) => drop(sound.insert(name, value)),
            Err(detail) => faults.add(format!("/{name}"), "bad_format", detail),
        }
    }
    lifecycle.read_terms(sound).or_else(|_| lifecycle.read_terms(Map::new())).map_err(Error::Internal)
}

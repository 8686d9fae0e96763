//! `GET` and `POST /{collection}/{id}/transitions`: which transitions an object has, and making one.
use super::change_set::{assigned_to_caller, not_assigned};
use super::command::{BatchContext, WriteOutcome};
use super::http::{into_response, render};
use super::idempotency::IdempotencyKey;
use super::params::{conditional_write_options, object_ref, reject_unknown};
use super::references::{load_targets, resolve_links};
use super::{read, schema};
use crate::http::context::{OfKind, Reader, RequestContext, Transitions, Writer};
use crate::http::{body, headers};
use crate::model::{Action, CurrentState, Error, Fault, Faults, ObjectRef, Reason, Result, Role, TransitionContext, permission};
use crate::store::idempotency::StoredResponse;
use crate::store::kind::{AnyLifecycle, AnyMove, AnyTerms, Guards};
use crate::store::ledger::AuditAction;
use crate::store::{AnyKind, AnyObject, AnyPlanned, Tx, audit, next_version, overwrite};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The longest comment.
pub const MAX_COMMENT: usize = 500;

fn lifecycle_of(kind: &dyn AnyKind) -> Result<&'static dyn AnyLifecycle> {
    kind.lifecycle().ok_or_else(|| Error::Internal(format!("{} have no moves", kind.info().collection())))
}

/// The transition from one state to another, if there is one.
fn find<'a>(moves: &'a [AnyMove], from: &str, to: &str) -> Option<&'a AnyMove> {
    moves.iter().find(|one| one.to == to && one.from.contains(&from))
}

/// `GET /{collection}/{id}/transitions`.
pub async fn list(reader: Reader<OfKind>, request: HttpRequest) -> Result<HttpResponse> {
    reject_unknown(&headers::parameters(&request)?, &[])?;
    let (kind, object_ref) = (reader.kind()?, object_ref(&request)?);
    let (lifecycle, caller) = (lifecycle_of(kind)?, reader.caller());
    let moves = lifecycle.moves();
    let limited = caller.identity().is_limited(kind.info().collection());
    let (object, from, open, assigned) = reader
        .read(async |conn, org| {
            let object = read::load(conn, org, kind, &object_ref).await?;
            let from = lifecycle.status(&object)?;
            let open: Vec<&'static str> =
                lifecycle.statuses().into_iter().filter(|to| *to != from && find(&moves, from, to).is_some()).collect();
            let guards = lifecycle.guards(conn, org, &object, Some(caller.identity()), &open).await?;
            let assigned = !limited || kind.is_assigned(conn, org, caller.identity(), &[&object]).await? == [true];
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
    let version = object.meta().version;
    Ok(HttpResponse::Ok().json(json!({"status": from, "version": version, "transitions": all})))
}

/// How it stands with a transition, for one caller.
fn transition_state(
    caller: &RequestContext,
    kind: &dyn AnyKind,
    moves: &[AnyMove],
    (from, to): (&str, &str),
    guards: Option<Guards>,
    assigned: bool,
) -> Value {
    let collection = kind.info().collection();
    let action = find(moves, from, to).map(|one| one.action);
    let none = || Guards { barred: vec![no_such_transition(moves, from, to)], warned: Vec::new() };
    let Guards { barred: mut reasons, warned } = guards.unwrap_or_else(none);
    let open = reasons.is_empty();
    let warnings = if open { warned } else { Vec::new() };
    let permitted = action.is_some_and(|action| caller.identity().may(collection, action));
    if open && permitted && !assigned {
        reasons.push(Reason::new("not_commissioned", not_assigned().to_string()));
    }
    let roles = action.map(|action| kind.info().rights.holders(action)).unwrap_or_default();
    json!({
        "to": to,
        "open": open,
        "allowed": open && permitted && assigned,
        "permission": action.map(|action| permission(collection, action)),
        "roles": roles.iter().copied().map(Role::as_str).collect::<Vec<_>>(),
        "reasons": reasons,
        "warnings": warnings,
    })
}

fn no_such_transition(moves: &[AnyMove], from: &str, to: &str) -> Reason {
    let next: Vec<&str> = moves.iter().filter(|one| one.from.contains(&from)).map(|one| one.to).collect();
    let next = if next.is_empty() { "nothing any more".to_owned() } else { next.join(", ") };
    Reason::new("not_from_here", format!("{from} does not lead to {to}, but to {next}"))
}

/// A transition as it was asked for.
struct TransitionRequest {
    to: &'static str,
    comment: Option<String>,
    terms: AnyTerms,
}

/// `POST /{collection}/{id}/transitions`.
pub async fn transition(writer: Writer<Transitions>, request: HttpRequest, payload: Payload) -> Result<HttpResponse> {
    body::require_content_type(&request, &["application/json"])?;
    let kind = writer.kind()?;
    let lifecycle = lifecycle_of(kind)?;
    let mut write_options = conditional_write_options(writer.caller(), &request)?;
    let target = object_ref(&request)?;
    let limits = &writer.caller().app().config.limits;
    let bytes = body::read(&request, payload, limits.body_bytes, limits.request_seconds).await?;
    let wanted = parse(lifecycle, body::json(&bytes)?)?;
    let mut actions: Vec<Action> =
        lifecycle.moves().into_iter().filter(|one| one.to == wanted.to).map(|one| one.action).collect();
    actions.dedup();
    if let [action] = actions[..] {
        writer.caller().require(kind.info().collection(), action)?;
    }
    write_options.reason = write_options.reason.take().or_else(|| wanted.comment.clone());
    let preconditions = write_options.preconditions.clone();
    let key = IdempotencyKey::from_request(writer.caller(), &write_options, &request, &bytes)?;
    let work = async move |tx: &mut Tx| {
        let run = async move |tx: &mut Tx| {
            tx.lock_tenant().await?;
            let org = tx.organization();
            let old = read::load(&mut tx.conn()?, org, kind, &target).await?;
            preconditions.check(old.meta().version)?;
            apply_transition(tx, kind, lifecycle, old, wanted).await
        };
        key.run(tx, run).await
    };
    let (answer, replayed) = writer.write(&write_options, 1, work).await?;
    Ok(into_response(answer, &write_options, replayed))
}

/// Makes a transition of this program's own.
///
/// # Errors
/// When the transition is closed, or the kind has none.
pub async fn transition_by_service(tx: &mut Tx, kind: &'static dyn AnyKind, target: &ObjectRef, value: Value) -> Result<()> {
    let lifecycle = lifecycle_of(kind)?;
    tx.lock_tenant().await?;
    let org = tx.organization();
    let old = read::load(&mut tx.conn()?, org, kind, target).await?;
    apply_transition(tx, kind, lifecycle, old, parse(lifecycle, value)?).await.map(drop)
}

/// Makes the transition, with all that follows from it.
async fn apply_transition(
    tx: &mut Tx,
    kind: &'static dyn AnyKind,
    lifecycle: &'static dyn AnyLifecycle,
    old: AnyObject,
    wanted: TransitionRequest,
) -> Result<StoredResponse> {
    let TransitionRequest { to, comment, mut terms } = wanted;
    let (org, change, info) = (tx.organization(), tx.context().clone(), kind.info());
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
    let reasons = match way {
        None => vec![no_such_transition(&moves, from, to)],
        Some(_) => {
            let guards = lifecycle.guards(&mut tx.conn()?, org, &old, identity, &[to]).await?;
            guards.into_iter().next().map(|guards| guards.barred).unwrap_or_default()
        }
    };
    if !reasons.is_empty() {
        return Err(transition_refused(&reasons, &old, from, to));
    }
    lifecycle.default_terms(&mut tx.conn()?, org, to, &mut terms, identity).await?;
    let context = TransitionContext { comment, actor: change.actor.clone(), now: change.now };
    let mut new = lifecycle.entered(&old, to, &terms, &context)?;
    let mut faults = Faults::default();
    point_terms(tx, &mut new, &mut faults).await?;
    lifecycle.check_terms(&new, to, &terms, &context, &mut faults)?;
    faults.into_result()?;
    let new = next_version(old.meta(), new, &change);
    let mut planned = vec![AnyPlanned { old: Some(old), new, generated: false, fault: None }];
    kind.validate_set(tx, &mut planned).await?;
    let AnyPlanned { old, new, fault, .. } = planned.pop().ok_or(Error::NotFound)?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    if let Some(old) = &old {
        overwrite(tx, kind, old, &new).await?;
    }
    kind.after_write(tx, &[&new]).await?;
    audit::append_version(tx, info, &new, AuditAction::Updated).await?;
    let (new, changes) = lifecycle.after_transition(tx, new, &terms).await?;
    tx.refresh_objectives(changes).await?;
    render(tx, kind, WriteOutcome::Updated, new).await
}

fn transition_refused(reasons: &[Reason], old: &AnyObject, from: &str, to: &str) -> Error {
    let fault = |reason: &Reason| Fault { pointer: "/to".into(), code: reason.code.into(), detail: reason.detail.clone() };
    let words: Vec<&str> = reasons.iter().map(|reason| reason.detail.as_str()).collect();
    let detail = format!("the move to {to} is closed: {}", words.join("; "));
    let head = old.meta();
    let present = Box::new(CurrentState {
        status: from.into(),
        version: head.version,
        updated_at: head.updated_at,
        updated_by: head.updated_by.clone(),
    });
    Error::TransitionRefused { detail, faults: reasons.iter().map(fault).collect(), present }
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

fn parse(lifecycle: &dyn AnyLifecycle, value: Value) -> Result<TransitionRequest> {
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
        Some(Value::String(text)) if text.chars().count() > MAX_COMMENT => {
            faults.add("/comment", "too_long", format!("at most {MAX_COMMENT} characters"));
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
        Some(to) => Ok(TransitionRequest { to, comment, terms }),
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

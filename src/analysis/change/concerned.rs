//! Finding what of the continuity work a change concerns.
use super::answer::{ChangeWindow, Collision, PlanTouched, ProofAtStake, TestToRepeat};
use super::continuity_effects::ContinuityEffects;
use super::effects::Effects;
use crate::analysis::impact::plans;
use crate::analysis::question::GraphView;
use crate::analysis::schedule::reference_of;
use crate::model::{Id, Kind, Link, Reference, Result, StringEnum};
use crate::resources::exercises::{Exercise, ExerciseStatus, store as exercises};
use crate::resources::measurements::{Measurement, store as measurements};
use crate::resources::plans::Plan;
use crate::store::{Conn, Object, ResourceTable};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Finds what a change concerns.
///
/// # Errors
/// When the database does not answer.
pub async fn by(
    conn: &mut Conn<'_>,
    view: &GraphView,
    effects: &Effects,
    window: Option<ChangeWindow>,
    limit: usize,
) -> Result<ContinuityEffects> {
    let business: Vec<usize> = effects.of_kind(Kind::Service).into_iter().chain(effects.of_kind(Kind::BusinessProcess)).collect();
    let plans = plans(conn, view, &effects.before, &business).await?;
    let plans = plans.into_iter().map(|plan| plan.invocation);
    let plans = plans.map(|told| PlanTouched { plan: told.plan, version: told.version, covers: told.covers });
    let proven = proven(conn, view, effects).await?;
    let tests = tests(conn, view, effects, &proven).await?;
    let proof = |(node, one): (usize, &Object<Measurement>)| ProofAtStake {
        subject: effects.before.items()[node].reference(),
        measurement: reference_of(one),
        level: one.body.level.as_str(),
        measured_at: one.body.measured_at,
    };
    let proofs = proven.iter().map(|(node, one)| proof((*node, one))).take(limit).collect();
    let collisions = match window {
        Some(window) => collisions(conn, view, effects, window).await?,
        None => Vec::new(),
    };
    Ok(ContinuityEffects {
        plans: plans.take(limit).collect(),
        proofs,
        tests: tests.into_iter().take(limit).collect(),
        collisions: collisions.into_iter().take(limit).collect(),
    })
}

/// The newest measurement of each touched item that has been measured.
async fn proven(conn: &mut Conn<'_>, view: &GraphView, effects: &Effects) -> Result<Vec<(usize, Object<Measurement>)>> {
    let items = effects.before.items();
    let able = |node: &&usize| matches!(items[**node].kind, Kind::Service | Kind::Component);
    let subjects: Vec<Id> = effects.touched.iter().filter(able).map(|node| items[*node].id).collect();
    let all = match view.all_as_of::<Measurement>(conn).await? {
        Some(all) => all,
        None => measurements::newest(conn, view.snapshot.organization, &subjects).await?,
    };
    let wanted: HashSet<Id> = subjects.into_iter().collect();
    let mut newest: HashMap<Id, Object<Measurement>> = HashMap::new();
    for one in all {
        let Some(subject) = one.body.subject.id().filter(|id| wanted.contains(id)) else { continue };
        let age = |one: &Object<Measurement>| (one.body.measured_at, one.meta.id);
        if newest.get(&subject).is_none_or(|known| age(known) < age(&one)) {
            newest.insert(subject, one);
        }
    }
    let mut found: Vec<(usize, Object<Measurement>)> =
        newest.into_iter().filter_map(|(id, one)| Some((effects.before.node(id)?, one))).collect();
    found.sort_by_key(|(node, _)| items[*node].key.clone());
    Ok(found)
}

/// The exercises that have proven what is to be proven again.
async fn tests(
    conn: &mut Conn<'_>,
    view: &GraphView,
    effects: &Effects,
    proven: &[(usize, Object<Measurement>)],
) -> Result<Vec<TestToRepeat>> {
    let exercise = |one: &Object<Measurement>| one.body.exercise.as_ref().and_then(Link::id);
    let names = view.snapshot.references(conn, &proven.iter().filter_map(|(_, one)| exercise(one)).collect()).await?;
    let mut tests: BTreeMap<Option<Id>, Vec<Reference>> = BTreeMap::new();
    for (node, one) in proven {
        tests.entry(exercise(one)).or_default().push(effects.before.items()[*node].reference());
    }
    let told = |(id, subjects): (Option<Id>, Vec<Reference>)| TestToRepeat {
        exercise: id.and_then(|id| names.get(&id).cloned()),
        subjects,
    };
    Ok(tests.into_iter().map(told).collect())
}

/// Exercises within the window that concern touched services, by name or by the plans they exercise.
async fn collisions(conn: &mut Conn<'_>, view: &GraphView, effects: &Effects, window: ChangeWindow) -> Result<Vec<Collision>> {
    let org = view.snapshot.organization;
    let all = match view.all_as_of::<Exercise>(conn).await? {
        Some(all) => all,
        None => exercises::within(conn, org, window.start, window.end).await?,
    };
    let open = |one: &&Object<Exercise>| {
        matches!(one.body.status, ExerciseStatus::Planned | ExerciseStatus::Approved | ExerciseStatus::InProgress)
            && one.body.scheduled_start <= window.end
            && one.body.scheduled_end >= window.start
    };
    let mut all: Vec<&Object<Exercise>> = all.iter().filter(open).collect();
    all.sort_by_key(|one| (one.body.scheduled_start, one.meta.id));
    let plans: Vec<Id> = all.iter().flat_map(|one| &one.body.plans).filter_map(Link::id).collect();
    let plans = match view.all_as_of::<Plan>(conn).await? {
        Some(all) => all.into_iter().filter(|plan| plans.contains(&plan.meta.id)).collect(),
        None => Plan::find_all(conn, org, &plans).await?,
    };
    let covered: HashMap<Id, Vec<Id>> =
        plans.iter().map(|plan| (plan.meta.id, plan.body.services.iter().filter_map(Link::id).collect())).collect();
    let touched: HashSet<Id> = effects.of_kind(Kind::Service).iter().map(|node| effects.before.items()[*node].id).collect();
    let mut found = Vec::new();
    for one in all {
        let by_plan = one.body.plans.iter().filter_map(Link::id).filter_map(|plan| covered.get(&plan)).flatten().copied();
        let mut services: Vec<Id> = one.body.services.iter().filter_map(Link::id).chain(by_plan).collect();
        services.retain(|id| touched.contains(id));
        services.sort_unstable();
        services.dedup();
        if !services.is_empty() {
            let services = effects.before.nodes(&services).into_iter().map(|node| effects.before.items()[node].reference());
            found.push(Collision {
                exercise: reference_of(one),
                scheduled_start: one.body.scheduled_start,
                scheduled_end: one.body.scheduled_end,
                services: services.collect(),
            });
        }
    }
    Ok(found)
}

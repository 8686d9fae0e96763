//! What follows from the loss of services and business processes: what it costs, which plans to invoke, whom to call.
use crate::analysis::question::{GraphView, later};
use crate::graph::landscape::Landscape;
use crate::model::{Id, Kind, Link, Money, Reference, Result, StringEnum, Timestamp};
use crate::resources::agreements::{Agreement, AgreementState, store::concerning};
use crate::resources::impact_assessments::{ImpactAssessment, ImpactStatus, store as assessments};
use crate::resources::plan_versions::{PlanVersion, store as plan_versions};
use crate::resources::plans::Plan;
use crate::store::{Conn, Object, ResourceTable, links};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// An amount of money by its currency.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Amount {
    #[schema(max_length = 40)]
    pub amount: String,
    #[schema(max_length = 3)]
    pub currency: String,
}

/// The worst level reached in a category of impact.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LevelReached {
    #[schema(max_length = 64)]
    pub category: &'static str,
    #[schema(minimum = 0, maximum = 4)]
    pub level: i64,
}

/// What the loss has cost by a time, as the approved impact assessments of the business processes say.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Cost {
    #[schema(minimum = 0)]
    pub after_seconds: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// The sum over all business processes, each with what it has cost by then.
    #[schema(max_items = 200)]
    pub amounts: Vec<Amount>,
    /// The worst level by then, for each category.
    #[schema(max_items = 8)]
    pub levels: Vec<LevelReached>,
}

/// A plan that covers what is down, with its version in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Invocation {
    pub plan: Reference,
    pub version: Reference,
    #[schema(minimum = 1)]
    pub number: i64,
    /// What of its services and business processes is down.
    #[schema(max_items = 1000)]
    pub covers: Vec<Reference>,
}

/// Why somebody is called.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CallReason {
    /// `owner` of an item or plan, in the `team` of a plan, or for `emergency` or `escalation` in an agreement in force on what
    /// was lost.
    #[schema(max_length = 64)]
    pub code: &'static str,
    pub object: Reference,
    /// The role in the team.
    #[schema(max_length = 100)]
    pub role: Option<String>,
}

/// Whom to call, and why.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WhomToCall {
    pub contact: Reference,
    #[schema(max_items = 1000)]
    pub reasons: Vec<CallReason>,
}

/// So many reasons to call somebody are told.
const MAX_REASONS: usize = 20;
/// So many moments of cost are told.
const MAX_COSTS: usize = 400;
/// So many plans are looked at.
const MAX_PLANS: usize = 1000;

pub struct PlanToInvoke {
    pub invocation: Invocation,
    plan: Object<Plan>,
    version: Object<PlanVersion>,
}

/// What the loss costs as time goes by: each moment at which an approved assessment of a process says something.
pub async fn costs(
    conn: &mut Conn<'_>,
    view: &GraphView,
    landscape: &Landscape,
    down: &[usize],
    at: Timestamp,
) -> Result<Vec<Cost>> {
    let items = landscape.items();
    let processes: Vec<Id> = down.iter().filter(|n| items[**n].kind == Kind::BusinessProcess).map(|n| items[*n].id).collect();
    if processes.is_empty() {
        return Ok(Vec::new());
    }
    let all = match view.all_as_of::<ImpactAssessment>(conn).await? {
        None => assessments::approved(conn, view.snapshot.organization, &processes).await?,
        Some(all) => {
            let wanted: HashSet<Id> = processes.into_iter().collect();
            let approved = |one: &Object<ImpactAssessment>| {
                one.body.status == ImpactStatus::Approved && one.body.business_process.id().is_some_and(|id| wanted.contains(&id))
            };
            all.into_iter().filter(approved).collect()
        }
    };
    let moments: BTreeSet<i64> = all.iter().flat_map(|one| one.body.ratings.iter().map(|rating| rating.after_seconds)).collect();
    Ok(moments.into_iter().take(MAX_COSTS).map(|after| cost(&all, after, later(at, after))).collect())
}

fn cost(all: &[Object<ImpactAssessment>], after: i64, at: Option<Timestamp>) -> Cost {
    let mut amounts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut levels: BTreeMap<&'static str, i64> = BTreeMap::new();
    for one in all {
        // What each category of a process has cost by then is what its newest rating says.
        let mut newest: BTreeMap<(&'static str, &str), (i64, &str)> = BTreeMap::new();
        for rating in one.body.ratings.iter().filter(|rating| rating.after_seconds <= after) {
            let category = rating.category.as_str();
            let level = levels.entry(category).or_default();
            *level = rating.level.max(*level);
            if let (Some(amount), Some(currency)) = (&rating.amount, &rating.currency) {
                let known = newest.entry((category, currency)).or_insert((rating.after_seconds, amount));
                if rating.after_seconds >= known.0 {
                    *known = (rating.after_seconds, amount);
                }
            }
        }
        newest.into_iter().for_each(|((_, currency), (_, amount))| amounts.entry(currency).or_default().push(amount));
    }
    Cost {
        after_seconds: after,
        at,
        amounts: amounts
            .into_iter()
            .map(|(currency, all)| Amount { amount: Money::sum(all.into_iter()), currency: currency.to_owned() })
            .collect(),
        levels: levels.into_iter().map(|(category, level)| LevelReached { category, level }).collect(),
    }
}

/// The plans in force that cover what is down, those that cover most first.
pub async fn plans(conn: &mut Conn<'_>, view: &GraphView, landscape: &Landscape, down: &[usize]) -> Result<Vec<PlanToInvoke>> {
    if down.is_empty() {
        return Ok(Vec::new());
    }
    let (org, items) = (view.snapshot.organization, landscape.items());
    let ids: HashSet<Id> = down.iter().map(|node| items[*node].id).collect();
    let covering: Vec<Object<Plan>> = match view.all_as_of::<Plan>(conn).await? {
        Some(all) => all,
        None => {
            let targets: Vec<Id> = ids.iter().copied().collect();
            let mut owners: HashSet<Id> = HashSet::new();
            for field in ["services", "business_processes"] {
                owners.extend(links::owners(conn, org, field, &targets).await?.into_iter().map(|(owner, _)| owner));
            }
            let owners: Vec<Id> = owners.into_iter().collect();
            Plan::find_all(conn, org, &owners).await?
        }
    };
    let of = |link: &Link| link.id().filter(|id| ids.contains(id)).and_then(|id| landscape.node(id));
    let covered = |plan: &Object<Plan>| -> Vec<usize> {
        plan.body.services.iter().chain(&plan.body.business_processes).filter_map(of).collect()
    };
    let covering: HashMap<Id, (Object<Plan>, Vec<usize>)> =
        covering.into_iter().map(|plan| (plan.meta.id, (covered(&plan), plan))).map(|(id, (c, p))| (id, (p, c))).collect();
    let wanted: Vec<Id> = covering.iter().filter(|(_, (_, covers))| !covers.is_empty()).map(|(id, _)| *id).collect();
    let active = plan_versions::active(conn, &view.snapshot, &wanted).await?;
    let versions: Vec<Id> = active.values().map(|(version, _)| *version).collect();
    // What has been active is never deleted, and its content never changes.
    let versions = PlanVersion::find_all(conn, org, &versions).await?;
    let mut versions: HashMap<Id, Object<PlanVersion>> = versions.into_iter().map(|one| (one.meta.id, one)).collect();
    let mut found = Vec::new();
    for (id, (plan, covers)) in covering {
        let Some((version, number)) = active.get(&id).copied() else { continue };
        let Some(version) = versions.remove(&version) else { continue };
        let invocation = Invocation {
            plan: reference(&plan.meta),
            version: reference(&version.meta),
            number,
            covers: covers.into_iter().map(|node| items[node].reference()).collect(),
        };
        found.push(PlanToInvoke { invocation, plan, version });
    }
    found.sort_by(|a, b| {
        (b.invocation.covers.len(), &a.invocation.plan.key).cmp(&(a.invocation.covers.len(), &b.invocation.plan.key))
    });
    found.truncate(MAX_PLANS);
    Ok(found)
}

fn reference(meta: &crate::model::ObjectMeta) -> Reference {
    Reference { id: meta.id, kind: meta.kind, key: meta.key.clone(), name: meta.name.clone() }
}

/// The agreements in force on what was lost: those that cover it, and those with a supplier that was lost.
async fn agreements(conn: &mut Conn<'_>, view: &GraphView, lost: &[Id]) -> Result<Vec<Object<Agreement>>> {
    let mut all = match view.all_as_of::<Agreement>(conn).await? {
        None => concerning(conn, view.snapshot.organization, lost).await?,
        Some(mut all) => {
            let is_lost = |link: &Link| link.id().is_some_and(|id| lost.contains(&id));
            let with = |one: &Agreement| one.supplier.as_ref().is_some_and(is_lost) || one.covers().any(|id| lost.contains(&id));
            all.retain(|one| with(&one.body));
            all
        }
    };
    let today = view.snapshot.now.day();
    all.retain(|one| one.body.state(&today) == AgreementState::InForce);
    Ok(all)
}

/// The owners of what is down, the teams of the plans, and whom agreements on what was lost name for this; those with most
/// reasons first.
pub async fn contacts(
    conn: &mut Conn<'_>,
    view: &GraphView,
    landscape: &Landscape,
    (lost, down): (&[usize], &[usize]),
    plans: &[PlanToInvoke],
    limit: usize,
) -> Result<Vec<WhomToCall>> {
    let lost: Vec<Id> = lost.iter().map(|node| landscape.items()[*node].id).collect();
    let agreements = agreements(conn, view, &lost).await?;
    let mut reasons: HashMap<Id, Vec<CallReason>> = HashMap::new();
    let mut call = |contact: Id, reason: CallReason| {
        let all = reasons.entry(contact).or_default();
        if all.len() < MAX_REASONS {
            all.push(reason);
        }
    };
    for one in &agreements {
        for (code, contact) in [("emergency", &one.body.emergency_contact), ("escalation", &one.body.escalation_contact)] {
            if let Some(contact) = contact.as_ref().and_then(Link::id) {
                call(contact, CallReason { code, object: reference(&one.meta), role: None });
            }
        }
    }
    for PlanToInvoke { invocation, plan, version } in plans {
        if let Some(owner) = plan.body.owner.as_ref().and_then(Link::id) {
            call(owner, CallReason { code: "owner", object: invocation.plan.clone(), role: None });
        }
        for seat in &version.body.team {
            if let Some(contact) = seat.contact.as_ref().and_then(Link::id) {
                call(contact, CallReason { code: "team", object: invocation.plan.clone(), role: Some(seat.role.clone()) });
            }
        }
    }
    for node in landscape.most_critical(down.to_vec(), limit) {
        let item = &landscape.items()[node];
        if let Some(owner) = item.owner {
            call(owner, CallReason { code: "owner", object: item.reference(), role: None });
        }
    }
    let names = view.snapshot.references(conn, &reasons.keys().copied().collect()).await?;
    let named = |(id, reasons): (Id, Vec<CallReason>)| Some(WhomToCall { contact: names.get(&id)?.clone(), reasons });
    let mut all: Vec<WhomToCall> = reasons.into_iter().filter_map(named).collect();
    all.sort_by(|a, b| (b.reasons.len(), &a.contact.key).cmp(&(a.reasons.len(), &b.contact.key)));
    all.truncate(limit);
    Ok(all)
}

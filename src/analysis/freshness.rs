//! Whether what has been measured still holds, of everything at once: the same rule as `GET /services/{id}/proof`, in a
//! fixed number of statements, for the present and the past.
use super::question::GraphView;
use crate::graph::net::State;
use crate::graph::region::{Dependency, PreloadedRegion, recovery_label};
use crate::model::{Id, Link, Result, StringEnum, Timestamp};
use crate::resources::change_requests::{ChangeRequest, ChangeStatus};
use crate::resources::components::Component;
use crate::resources::mappings::{Effect, Mapping};
use crate::resources::measurements::store::{self, Taken};
use crate::resources::measurements::{Fingerprint, Measurement, ProofLevel, fingerprint};
use crate::resources::services::Service;
use crate::resources::sites::Site;
use crate::store::{Conn, Object, ReadPoint, past};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// One measured figure that counts.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    pub measurement: Id,
    pub level: ProofLevel,
    pub seconds: i64,
    pub at: Option<Timestamp>,
    /// Whether what the subject depends on has changed since, or a change request touching that was implemented.
    pub stale: bool,
}

impl Figure {
    /// What it counts for now: what is stale is no more than an estimate.
    pub fn worth(&self) -> ProofLevel {
        if self.stale { self.level.min(ProofLevel::Estimated) } else { self.level }
    }
}

/// What has been measured of one item.
#[derive(Debug, Clone, Default)]
pub struct ProofStanding {
    pub restoration: Option<Figure>,
    pub data_loss: Option<Figure>,
    /// What it depends on now.
    pub fingerprint: Fingerprint,
    /// Change requests that touched it, or what it depends on, after the newest measurement.
    pub changes: Vec<Id>,
}

impl ProofStanding {
    /// The figures that have lost their worth.
    pub fn stale(&self) -> impl Iterator<Item = &Figure> {
        self.restoration.iter().chain(&self.data_loss).filter(|figure| figure.stale)
    }
}

/// A change request that has been carried out.
struct Carried {
    id: Id,
    at: Option<Timestamp>,
    /// When each of its states was recorded, and whether it was carried out in it; the oldest first.
    history: Vec<(Timestamp, bool)>,
}

impl Carried {
    /// Whether it was carried out after a moment, as far as was known then; since then it may have been verified or closed.
    fn after(&self, moment: Timestamp) -> bool {
        let then = self.history.iter().rev().find(|(at, _)| *at <= moment);
        self.at.is_some_and(|at| at > moment) && !then.is_some_and(|(_, carried)| *carried)
    }
}

/// What has been measured of everything that has been measured.
///
/// # Errors
/// When the database does not answer.
pub async fn standings(conn: &mut Conn<'_>, view: &GraphView) -> Result<HashMap<Id, ProofStanding>> {
    let all: Vec<Taken> = match view.all_as_of::<Measurement>(conn).await? {
        Some(then) => then.iter().map(Taken::from).collect(),
        None => store::taken(conn, view.snapshot.organization).await?,
    };
    if all.is_empty() {
        return Ok(HashMap::new());
    }
    let mut of: HashMap<Id, Vec<Taken>> = HashMap::new();
    all.into_iter().for_each(|one| of.entry(one.subject).or_default().push(one));
    let subjects: Vec<Id> = of.keys().copied().collect();
    let prints = prints(conn, view, &subjects).await?;
    let (carried, touching) = carried(conn, view).await?;
    let mut known = HashMap::new();
    for (subject, taken) in of {
        let now = prints.get(&subject).cloned().unwrap_or_default();
        let beneath: HashSet<Id> = now.items.keys().filter_map(|id| Id::parse(id)).chain([subject]).collect();
        let touched: HashSet<usize> = beneath.iter().filter_map(|id| touching.get(id)).flatten().copied().collect();
        let changes: Vec<&Carried> = touched.into_iter().map(|place| &carried[place]).collect();
        known.insert(subject, standing(&taken, now, &changes));
    }
    Ok(known)
}

fn standing(taken: &[Taken], now: Fingerprint, changes: &[&Carried]) -> ProofStanding {
    let since = |at: Option<Timestamp>| changes.iter().filter(move |change| at.is_some_and(|at| change.after(at)));
    let figure = |of: &dyn Fn(&Taken) -> Option<i64>| {
        let all = taken.iter().filter_map(|one| {
            let stale = one.sha256 != now.sha256 || since(one.at).next().is_some();
            Some(Figure { measurement: one.id, level: one.level, seconds: of(one)?, at: one.at, stale })
        });
        all.max_by_key(|one| (one.worth(), one.level, one.at, one.measurement))
    };
    let (restoration, data_loss) = (figure(&|one| one.restoration), figure(&|one| one.data_loss));
    let newest = taken.iter().filter_map(|one| one.at).max();
    let mut changes: Vec<Id> = since(newest).map(|change| change.id).collect();
    changes.sort_unstable();
    ProofStanding { restoration, data_loss, changes, fingerprint: now }
}

/// What subjects depend on, as things are or were.
async fn prints(conn: &mut Conn<'_>, view: &GraphView, subjects: &[Id]) -> Result<HashMap<Id, Fingerprint>> {
    let Some(mappings) = view.all_as_of::<Mapping>(conn).await? else {
        return fingerprint::of_all(conn, &view.snapshot, subjects).await;
    };
    let (mut ground, mut traits) = (PreloadedRegion::default(), HashMap::new());
    mappings.iter().filter_map(dependency).for_each(|edge| ground.add(edge));
    for one in view.all_as_of::<Component>(conn).await?.unwrap_or_default() {
        let option = one.body.recovery_option.map_or("", StringEnum::as_str);
        traits.insert(one.meta.id, recovery_label(one.body.lifecycle.as_str(), option));
        one.body.site.as_ref().and_then(Link::id).into_iter().for_each(|site| ground.place(one.meta.id, site));
    }
    for one in view.all_as_of::<Service>(conn).await?.unwrap_or_default() {
        traits.insert(one.meta.id, recovery_label(one.body.lifecycle.as_str(), ""));
    }
    for one in view.all_as_of::<Site>(conn).await?.unwrap_or_default() {
        one.body.parent.as_ref().and_then(Link::id).into_iter().for_each(|site| ground.place(one.meta.id, site));
    }
    Ok(fingerprint::on(&ground, &traits, subjects))
}

fn dependency(mapping: &Object<Mapping>) -> Option<Dependency> {
    let body = &mapping.body;
    Some(Dependency {
        mapping: Some(mapping.meta.id),
        dependent: body.dependent.id()?,
        provider: body.provider.id()?,
        relation: body.relation.as_str(),
        effect: match body.effect {
            Effect::Cascade => State::Down,
            Effect::Partial => State::Degraded,
            Effect::None => State::Up,
        },
        group: body.redundancy_group.clone(),
        required: body.required,
        needed_to_start: body.needed_to_start,
    })
}

/// The change requests carried out, and which of them touched each item.
async fn carried(conn: &mut Conn<'_>, view: &GraphView) -> Result<(Vec<Carried>, HashMap<Id, Vec<usize>>)> {
    #[derive(Deserialize)]
    struct Known {
        status: ChangeStatus,
    }
    let mut all = view.all::<ChangeRequest>(conn).await?;
    all.retain(|one| one.body.status.is_implemented());
    let ids: Vec<Id> = all.iter().map(|one| one.meta.id).collect();
    let end = if let ReadPoint::Past(seq) = view.snapshot.place { seq } else { i64::MAX };
    let mut histories: HashMap<Id, Vec<(Timestamp, bool)>> = HashMap::new();
    for entry in past::entries_of_until(conn, view.snapshot.organization, &ids, end).await? {
        let known: Option<Known> = entry.body.as_deref().and_then(|body| serde_json::from_str(body).ok());
        let carried = known.is_some_and(|known| known.status.is_implemented());
        histories.entry(entry.object_id.0).or_default().push((entry.at.0, carried));
    }
    let mut touching: HashMap<Id, Vec<usize>> = HashMap::new();
    for (place, one) in all.iter().enumerate() {
        let touched = one.body.services.iter().chain(&one.body.components).filter_map(Link::id);
        touched.for_each(|id| touching.entry(id).or_default().push(place));
    }
    let mut history = |id| histories.remove(&id).unwrap_or_default();
    let carried =
        all.iter().map(|one| Carried { id: one.meta.id, at: one.body.status_changed_at, history: history(one.meta.id) });
    Ok((carried.collect(), touching))
}

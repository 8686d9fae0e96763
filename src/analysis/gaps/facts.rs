//! All that the rules look at, read in a fixed number of statements however many objects there are.
use crate::analysis::freshness::{ProofStanding, standings};
use crate::analysis::question::GraphView;
use crate::analysis::recovery::{Loss, RecoveryVerdict};
use crate::graph::landscape::Landscape;
use crate::model::{Id, Kind, Link, Result, Timestamp};
use crate::resources::agreements::Agreement;
use crate::resources::business_processes::{BusinessProcess, ProcessStatus, store as processes};
use crate::resources::exercises::{Exercise, ExerciseStatus};
use crate::resources::findings::Finding;
use crate::resources::impact_assessments::{ImpactAssessment, ImpactStatus, store as assessments};
use crate::resources::measures::{Measure, MeasureStatus};
use crate::resources::plan_versions::store::active;
use crate::resources::plans::Plan;
use crate::resources::risk_matrix::{RiskClass, RiskMatrix, store::in_force};
use crate::resources::risks::Risk;
use crate::resources::services::{Service, ServiceLifecycle, store as services};
use crate::store::{Conn, Object, links};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How critical an item is from which its business cannot do without it; `Item::criticality`.
const CRITICAL: u8 = 2;

/// What is known of an organisation at a moment.
pub struct Facts {
    pub landscape: Arc<Landscape>,
    /// The loss of every component and service.
    pub loss: Loss,
    /// The moment looked at, and its day.
    pub now: Timestamp,
    pub today: String,
    /// The nodes of the services that are live.
    pub live: Vec<usize>,
    /// The nodes of the business processes that are active.
    pub active: Vec<usize>,
    /// Whether a vital business function that is active depends on a node, which may be itself.
    supports: Vec<bool>,
    /// The plans with a version in force.
    pub plans: Vec<Object<Plan>>,
    /// For each of them, its version in force with its number.
    pub versions: HashMap<Id, (Id, i64)>,
    /// The plans, by their place, that bring a service back.
    covering: HashMap<Id, Vec<usize>>,
    pub exercises: Vec<Object<Exercise>>,
    /// Plans named by an exercise that has been held.
    exercised: HashSet<Id>,
    pub risks: Vec<Object<Risk>>,
    pub measures: Vec<Object<Measure>>,
    /// How the measures stand that treat a risk.
    pub treated: HashMap<Id, Vec<MeasureStatus>>,
    pub findings: Vec<Object<Finding>>,
    pub agreements: Vec<Object<Agreement>>,
    matrix: RiskMatrix,
    /// Business processes with an approved impact assessment.
    pub assessed: HashSet<Id>,
    /// What has been measured, by the item.
    pub proofs: HashMap<Id, ProofStanding>,
}

impl Facts {
    /// Reads them from where somebody looks.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(conn: &mut Conn<'_>, view: &GraphView) -> Result<Facts> {
        let landscape = Arc::clone(&view.landscape);
        let loss = Loss::of(conn, view, Arc::clone(&landscape), None).await?;
        let live = live(conn, view).await?;
        let active = active_processes(conn, view).await?;
        let (live, active) = (landscape.nodes(&live), landscape.nodes(&active));
        let supports = supporting(&landscape, &active);
        let (plans, versions) = plans(conn, view).await?;
        let exercises = view.all::<Exercise>(conn).await?;
        let measures = view.all::<Measure>(conn).await?;
        let covering = covering(conn, view, &plans, &versions).await?;
        Ok(Facts {
            loss,
            now: view.snapshot.now,
            today: view.snapshot.now.day(),
            live,
            active,
            supports,
            plans,
            versions,
            covering,
            exercised: exercises.iter().filter(|one| is_held(&one.body)).flat_map(plans_in).collect(),
            exercises,
            risks: view.all::<Risk>(conn).await?,
            treated: treated(&measures),
            measures,
            findings: view.all::<Finding>(conn).await?,
            agreements: view.all::<Agreement>(conn).await?,
            matrix: in_force(conn, &view.snapshot).await?,
            assessed: assessed(conn, view).await?,
            proofs: standings(conn, view).await?,
            landscape,
        })
    }

    pub fn is_vital(&self, node: usize) -> bool {
        self.landscape.items()[node].is_vital()
    }
    /// Whether a vital business function that is active depends on a node.
    pub fn supports_vital(&self, node: usize) -> bool {
        self.supports[node]
    }
    /// Whether the business cannot do without a node: it is critical itself, or a vital business function depends on it.
    pub fn is_critical(&self, node: usize) -> bool {
        self.supports_vital(node) || self.landscape.items()[node].criticality >= CRITICAL
    }
    pub fn recovery_verdict(&self, node: usize) -> RecoveryVerdict {
        self.loss.recovery_verdict(node)
    }
    /// The plans in force that bring a service back.
    pub fn plans_of(&self, service: Id) -> impl Iterator<Item = &Object<Plan>> {
        self.covering.get(&service).into_iter().flatten().map(|place| &self.plans[*place])
    }
    /// Whether an exercise that named a plan has been held.
    pub fn is_exercised(&self, plan: Id) -> bool {
        self.exercised.contains(&plan)
    }
    /// The class of a risk on the matrix in force.
    pub fn class(&self, risk: &Risk) -> Option<RiskClass> {
        self.matrix.class(risk.current?)
    }
}

/// Whether an exercise has been held.
pub fn is_held(exercise: &Exercise) -> bool {
    matches!(exercise.status, ExerciseStatus::Completed | ExerciseStatus::Reported | ExerciseStatus::Closed)
}

fn plans_in(exercise: &Object<Exercise>) -> impl Iterator<Item = Id> {
    exercise.body.plans.iter().filter_map(Link::id)
}

async fn live(conn: &mut Conn<'_>, view: &GraphView) -> Result<Vec<Id>> {
    Ok(match view.all_as_of::<Service>(conn).await? {
        None => services::live(conn, view.snapshot.organization).await?,
        Some(all) => all.iter().filter(|one| one.body.lifecycle == ServiceLifecycle::Live).map(|one| one.meta.id).collect(),
    })
}

async fn active_processes(conn: &mut Conn<'_>, view: &GraphView) -> Result<Vec<Id>> {
    Ok(match view.all_as_of::<BusinessProcess>(conn).await? {
        None => processes::active(conn, view.snapshot.organization).await?,
        Some(all) => all.iter().filter(|one| one.body.status == ProcessStatus::Active).map(|one| one.meta.id).collect(),
    })
}

async fn assessed(conn: &mut Conn<'_>, view: &GraphView) -> Result<HashSet<Id>> {
    Ok(match view.all_as_of::<ImpactAssessment>(conn).await? {
        None => assessments::assessed(conn, view.snapshot.organization).await?.into_iter().collect(),
        Some(all) => {
            let approved = all.iter().filter(|one| one.body.status == ImpactStatus::Approved);
            approved.filter_map(|one| one.body.business_process.id()).collect()
        }
    })
}

fn treated(measures: &[Object<Measure>]) -> HashMap<Id, Vec<MeasureStatus>> {
    let mut all: HashMap<Id, Vec<MeasureStatus>> = HashMap::new();
    for (measure, risk) in measures.iter().flat_map(|one| one.body.risks.iter().filter_map(Link::id).map(move |risk| (one, risk)))
    {
        all.entry(risk).or_default().push(measure.body.status);
    }
    all
}

/// What any vital business function among these depends on, for certain or by a redundancy group.
fn supporting(landscape: &Landscape, active: &[usize]) -> Vec<bool> {
    let vital: Vec<usize> = active.iter().copied().filter(|node| landscape.items()[*node].is_vital()).collect();
    landscape.reaches(&vital)
}

/// The plans that have a version in force, with that version.
async fn plans(conn: &mut Conn<'_>, view: &GraphView) -> Result<(Vec<Object<Plan>>, HashMap<Id, (Id, i64)>)> {
    let mut plans = view.all::<Plan>(conn).await?;
    let ids: Vec<Id> = plans.iter().map(|plan| plan.meta.id).collect();
    let versions = active(conn, &view.snapshot, &ids).await?;
    plans.retain(|plan| versions.contains_key(&plan.meta.id));
    Ok((plans, versions))
}

/// The plans that bring each service back: because they name it, or because a step of their version does.
async fn covering(
    conn: &mut Conn<'_>,
    view: &GraphView,
    plans: &[Object<Plan>],
    versions: &HashMap<Id, (Id, i64)>,
) -> Result<HashMap<Id, Vec<usize>>> {
    let ids: Vec<Id> = versions.values().map(|(version, _)| *version).collect();
    // What has been active never changes, so that the lists of now are those of then.
    let mut steps: HashMap<Id, Vec<Id>> = HashMap::new();
    for (version, item) in links::targets(conn, view.snapshot.organization, "steps", &ids).await? {
        steps.entry(version).or_default().push(item);
    }
    let is_service = |id: &Id| view.landscape.node(*id).is_some_and(|node| view.landscape.items()[node].kind == Kind::Service);
    let mut covering: HashMap<Id, Vec<usize>> = HashMap::new();
    for (place, plan) in plans.iter().enumerate() {
        let version = versions.get(&plan.meta.id).map(|(version, _)| *version);
        let by_steps = version.and_then(|version| steps.get(&version)).into_iter().flatten().copied();
        let all: HashSet<Id> = plan.body.services.iter().filter_map(Link::id).chain(by_steps).filter(is_service).collect();
        all.into_iter().for_each(|service| covering.entry(service).or_default().push(place));
    }
    Ok(covering)
}

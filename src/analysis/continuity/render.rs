//! How the continuity of a service is told.
use super::service_facts::{ProviderSet, ServiceFacts, held_at};
use super::shape::{
    Achievable, ClassCount, Continuity, DependencyCounts, DisruptionOverview, DisruptionSummary, ExerciseOverview,
    ExerciseSummary, FindingOverview, FindingSummary, GapOverview, MeasureOverview, MeasureSummary, PlanOverview, PlanSummary,
    Proven, ProvenFigure, RiskOverview, RiskSummary, SinglePoints,
};
use crate::analysis::freshness::Figure;
use crate::analysis::gaps::answer::{FoundGap, details, find};
use crate::analysis::gaps::facts::Facts;
use crate::analysis::question::GraphView;
use crate::analysis::readiness::assess_readiness;
use crate::analysis::schedule::reference_of as reference;
use crate::graph::net::State;
use crate::model::{Id, Link, Reference, Result, StringEnum, Timestamp, is_past};
use crate::resources::disruptions::Disruption;
use crate::resources::exercises::Exercise;
use crate::resources::plan_versions::PlanVersion;
use crate::resources::plan_versions::staffing::timetable;
use crate::resources::plans::Plan;
use crate::resources::risk_matrix::{Rating, RiskClass};
use crate::resources::risks::Risk;
use crate::resources::runs::RunMode;
use crate::resources::services::Service;
use crate::store::{Conn, Object, ResourceTable};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// A list of an answer holds so many at most.
const MAX: usize = 20;

/// Tells the continuity of the service at a node.
///
/// # Errors
/// When the database does not answer.
pub async fn of(conn: &mut Conn<'_>, view: &GraphView, facts: &Facts, node: usize) -> Result<Continuity> {
    let (landscape, mut all) = (&facts.landscape, find(facts));
    all.retain(|gap| !view.snapshot.visibility.hides(gap.found.item.kind));
    let about = ServiceFacts::of(facts, node, &all);
    let item = &landscape.items()[node];
    let service = view.load::<Service>(conn, item.id).await?;
    let standing = facts.proofs.get(&item.id);
    let figures = [standing.and_then(|one| one.restoration), standing.and_then(|one| one.data_loss)];
    let wanted: HashSet<Id> = figures.iter().flatten().map(|one| one.measurement).chain(item.owner).collect();
    let names = view.snapshot.references(conn, &wanted).await?;
    let own = landscape.objectives()[node];
    let proven = |figure: Option<Figure>, most: Option<i64>| figure.map(|figure| proven(&figure, most, &names));
    let total = about.gaps.len();
    let shown: Vec<FoundGap> = about.gaps.iter().take(MAX).map(|gap| (*gap).clone()).collect();
    Ok(Continuity {
        service: item.reference(),
        criticality: service.body.criticality,
        lifecycle: service.body.lifecycle,
        owner: item.owner.and_then(|id| names.get(&id).cloned()),
        objectives: own.into(),
        achievable: achievable(facts, node),
        proven: Proven { restoration: proven(figures[0], own.rto), data_loss: proven(figures[1], own.rpo) },
        dependencies: DependencyCounts {
            providers: landscape.graph().providers_count(node),
            dependents: landscape.graph().dependents_count(node),
        },
        single_points_of_failure: SinglePoints {
            total: about.single_points.len(),
            items: landscape
                .most_critical(about.single_points.clone(), MAX)
                .into_iter()
                .map(|n| facts.loss.reference(n))
                .collect(),
        },
        risks: risks(facts, &about),
        measures: measures(facts, &about),
        plans: plans(conn, view, facts, &about).await?,
        exercises: ExerciseOverview {
            last: about.last.map(|one| exercise(one, held_at(&one.body))),
            next: about.next.map(|one| exercise(one, one.body.scheduled_start)),
        },
        disruptions: disruptions(conn, view, item.id).await?,
        findings: findings(facts, &about),
        readiness: assess_readiness(&about.known),
        gaps: GapOverview { items: details(conn, view, facts, shown).await?, total },
        seq: view.seq,
    })
}

fn achievable(facts: &Facts, node: usize) -> Achievable {
    let (back, recovery) = (facts.recovery_verdict(node), &facts.loss.restoration.recovery);
    let longest = recovery.chain(node).into_iter().max_by_key(|node| recovery.time(*node).map(|time| time.end - time.start));
    Achievable {
        seconds: back.achievable_seconds,
        known: back.known,
        verdict: back.verdict,
        data_loss_seconds: back.data_loss_seconds,
        data_verdict: back.data_verdict,
        bottleneck: longest.map(|node| facts.loss.reference(node)),
    }
}

fn proven(figure: &Figure, most: Option<i64>, names: &HashMap<Id, Reference>) -> ProvenFigure {
    ProvenFigure {
        level: figure.level.as_str(),
        counts_as: figure.worth().as_str(),
        seconds: figure.seconds,
        stale: figure.stale,
        at: figure.at,
        source: names.get(&figure.measurement).cloned(),
        met: most.map(|most| figure.seconds <= most),
    }
}

fn risks(facts: &Facts, about: &ServiceFacts<'_>) -> RiskOverview {
    let one = |risk: &&Object<Risk>| RiskSummary {
        risk: reference(*risk),
        status: risk.body.status,
        score: risk.body.current.map(Rating::score),
        class: facts.class(&risk.body),
    };
    let count = |class: &RiskClass| {
        let of = about.risks.iter().filter(|risk| facts.class(&risk.body) == Some(*class));
        ClassCount { class: *class, count: of.count() }
    };
    RiskOverview {
        items: about.risks.iter().take(MAX).map(one).collect(),
        total: about.risks.len(),
        by_class: RiskClass::ALL.iter().rev().map(count).filter(|one| one.count > 0).collect(),
    }
}

fn measures(facts: &Facts, about: &ServiceFacts<'_>) -> MeasureOverview {
    let all: Vec<MeasureSummary> = about
        .measures
        .iter()
        .map(|one| MeasureSummary {
            measure: reference(*one),
            status: one.body.status,
            due_on: one.body.due_on,
            overdue: is_past(one.body.due_on, &facts.today),
        })
        .collect();
    let overdue = all.iter().filter(|one| one.overdue).count();
    MeasureOverview { open: all.len(), overdue, items: all.into_iter().take(MAX).collect() }
}

fn findings(facts: &Facts, about: &ServiceFacts<'_>) -> FindingOverview {
    let all: Vec<FindingSummary> = about
        .findings
        .iter()
        .map(|one| FindingSummary {
            finding: reference(*one),
            severity: one.body.severity,
            status: one.body.status,
            due_on: one.body.due_on,
            overdue: is_past(one.body.due_on, &facts.today),
        })
        .collect();
    let overdue = all.iter().filter(|one| one.overdue).count();
    FindingOverview { open: all.len(), overdue, items: all.into_iter().take(MAX).collect() }
}

fn exercise(one: &Object<Exercise>, at: Timestamp) -> ExerciseSummary {
    ExerciseSummary { exercise: reference(one), status: one.body.status, at, result: one.body.result }
}

async fn plans(conn: &mut Conn<'_>, view: &GraphView, facts: &Facts, about: &ServiceFacts<'_>) -> Result<PlanOverview> {
    let shown: Vec<_> =
        about.plans.iter().take(MAX).filter_map(|plan| Some((*plan, facts.versions.get(&plan.meta.id)?))).collect();
    let ids: Vec<Id> = shown.iter().map(|(_, (version, _))| *version).collect();
    // What has been active never changes, so that the content of now is that of then.
    let versions = PlanVersion::find_all(conn, view.snapshot.organization, &ids).await?;
    let planned: HashMap<Id, Option<i64>> =
        versions.iter().map(|version| (version.meta.id, planned(&version.body, &about.beneath))).collect();
    let one = |(plan, (version, number)): (&Object<Plan>, &(Id, i64))| PlanSummary {
        plan: reference(plan),
        number: *number,
        review_due: plan.body.review_due,
        planned_seconds: planned.get(version).copied().flatten(),
    };
    Ok(PlanOverview { total: about.plans.len(), items: shown.into_iter().map(one).collect() })
}

/// When the last step has ended that brings back any of these.
fn planned(version: &PlanVersion, any: &ProviderSet<'_>) -> Option<i64> {
    let table = timetable(version, RunMode::Actual);
    let brings = |place: usize| version.steps[place].recovers.iter().filter_map(Link::id).any(|id| any.has(id));
    let kept = table.kept.iter().enumerate().filter(|(_, place)| brings(**place));
    kept.map(|(own, _)| table.spans[own].end).max()
}

async fn disruptions(conn: &mut Conn<'_>, view: &GraphView, service: Id) -> Result<DisruptionOverview> {
    let mut items = Vec::new();
    for one in view.all::<Disruption>(conn).await?.into_iter().filter(|one| one.body.is_open()) {
        let state = view.landscape.affected(&one.body.lost()).get(&service).copied().unwrap_or(State::Up);
        if state != State::Up {
            let (disruption, body) = (reference(&one), &one.body);
            let (status, severity, occurred_at) = (body.status, body.severity, body.occurred_at);
            items.push(DisruptionSummary { disruption, status, severity, occurred_at, state: state.as_str() });
        }
    }
    items.sort_by_key(|one: &DisruptionSummary| Reverse((one.occurred_at, one.disruption.id)));
    let total = items.len();
    items.truncate(MAX);
    Ok(DisruptionOverview { items, total })
}

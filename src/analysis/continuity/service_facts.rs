//! What of an organisation concerns one service.
use crate::analysis::gaps::answer::FoundGap;
use crate::analysis::gaps::facts::{Facts, is_held};
use crate::analysis::gaps::found::GapSeverity;
use crate::analysis::readiness::ReadinessInput;
use crate::graph::landscape::Landscape;
use crate::graph::points;
use crate::model::{Id, Kind, Link, Timestamp, is_past};
use crate::resources::exercises::{Exercise, ExerciseStatus};
use crate::resources::findings::Finding;
use crate::resources::measures::Measure;
use crate::resources::plans::Plan;
use crate::resources::risks::{Risk, RiskStatus};
use crate::store::Object;
use std::cmp::Reverse;
use std::collections::HashSet;

/// Itself and what its loss may come from.
pub struct ProviderSet<'a> {
    landscape: &'a Landscape,
    nodes: Vec<bool>,
}

impl ProviderSet<'_> {
    pub fn has(&self, id: Id) -> bool {
        self.landscape.node(id).is_some_and(|node| self.nodes[node])
    }
}

/// What concerns a service; the lists are in the order in which they are told.
pub struct ServiceFacts<'a> {
    pub node: usize,
    pub beneath: ProviderSet<'a>,
    /// Components, sites and suppliers whose loss alone takes it down.
    pub single_points: Vec<usize>,
    /// Risks that are not closed and affect something beneath, the highest first.
    pub risks: Vec<&'a Object<Risk>>,
    /// Measures that are not done with and apply to something beneath, or treat one of the risks; the overdue first.
    pub measures: Vec<&'a Object<Measure>>,
    /// Findings that are open and concern something beneath; the overdue first.
    pub findings: Vec<&'a Object<Finding>>,
    /// Plans in force that bring it back, by their keys.
    pub plans: Vec<&'a Object<Plan>>,
    pub last: Option<&'a Object<Exercise>>,
    pub next: Option<&'a Object<Exercise>>,
    pub gaps: Vec<&'a FoundGap>,
    pub known: ReadinessInput,
}

fn names(lists: &[&[Link]], any: impl Fn(Id) -> bool) -> bool {
    lists.iter().copied().flatten().filter_map(Link::id).any(any)
}

/// When an exercise was held.
pub fn held_at(exercise: &Exercise) -> Timestamp {
    exercise.scheduled_end.min(exercise.status_changed_at)
}

impl<'a> ServiceFacts<'a> {
    pub fn of(facts: &'a Facts, node: usize, gaps: &'a [FoundGap]) -> ServiceFacts<'a> {
        let landscape = &facts.landscape;
        let id = landscape.items()[node].id;
        let beneath = ProviderSet { landscape, nodes: landscape.reaches(&[node]) };
        let stands = |node: &usize| matches!(landscape.items()[*node].kind, Kind::Component | Kind::Site | Kind::Supplier);
        let single_points = points::single_points(landscape.graph(), node).into_iter().filter(stands).collect();
        let mut plans: Vec<&Object<Plan>> = facts.plans_of(id).collect();
        plans.sort_by(|a, b| a.meta.key.cmp(&b.meta.key));
        let risks = risks(facts, &beneath);
        let (measures, findings) = (measures(facts, &beneath, &risks), findings(facts, &beneath));
        let (last, next) = exercises(facts, id, &plans);
        let mut about = ServiceFacts {
            node,
            single_points,
            risks,
            measures,
            findings,
            plans,
            last,
            next,
            gaps: Vec::new(),
            known: ReadinessInput::default(),
            beneath,
        };
        about.gaps = about.concerned(gaps);
        about.known = about.known(facts);
        about
    }

    /// The gaps of the service, and of all that is told of it.
    fn concerned(&self, gaps: &'a [FoundGap]) -> Vec<&'a FoundGap> {
        let mut items: HashSet<Id> = HashSet::new();
        items.extend(self.plans.iter().map(|one| one.meta.id));
        items.extend(self.risks.iter().map(|one| one.meta.id));
        items.extend(self.measures.iter().map(|one| one.meta.id));
        items.extend(self.findings.iter().map(|one| one.meta.id));
        let concerns = |id: Id| self.beneath.has(id) || items.contains(&id);
        gaps.iter().filter(|gap| concerns(gap.found.item.id)).collect()
    }

    fn known(&self, facts: &Facts) -> ReadinessInput {
        let (own, back) = (facts.landscape.objectives()[self.node], facts.recovery_verdict(self.node));
        let id = back.item.id;
        let late = |due| is_past(due, &facts.today);
        let measures = self.measures.iter().filter(|one| late(one.body.due_on)).count();
        let findings = self.findings.iter().filter(|one| late(one.body.due_on)).count();
        let grave = |gap: &&&FoundGap| gap.found.item.id == id && gap.found.severity == GapSeverity::Critical;
        ReadinessInput {
            now: facts.now,
            rto: own.rto.is_some(),
            rpo: own.rpo.is_some(),
            providers: facts.landscape.graph().providers_count(self.node),
            plans: self.plans.len(),
            dated: self.plans.iter().filter(|one| one.body.review_due.is_some()).count(),
            overdue_reviews: self.plans.iter().filter(|one| late(one.body.review_due)).count(),
            exercised_at: self.last.map(|one| held_at(&one.body)),
            proof: facts.proofs.get(&id).and_then(|standing| standing.restoration),
            recovery: back.verdict,
            data: back.data_verdict,
            single_points: self.single_points.len(),
            critical_gaps: self.gaps.iter().filter(grave).count(),
            overdue: measures + findings,
        }
    }
}

fn risks<'a>(facts: &'a Facts, beneath: &ProviderSet<'_>) -> Vec<&'a Object<Risk>> {
    let affects = |risk: &Risk| names(&[&risk.business_processes, &risk.services, &risk.components], |id| beneath.has(id));
    let open = facts.risks.iter().filter(|one| one.body.status != RiskStatus::Closed && affects(&one.body));
    let mut all: Vec<&Object<Risk>> = open.collect();
    all.sort_by_key(|one| (Reverse(one.body.current.map(|rating| rating.score())), one.meta.id));
    all
}

fn measures<'a>(facts: &'a Facts, beneath: &ProviderSet<'_>, risks: &[&Object<Risk>]) -> Vec<&'a Object<Measure>> {
    let risks: HashSet<Id> = risks.iter().map(|risk| risk.meta.id).collect();
    let concerns = |one: &Measure| {
        names(&[&one.services, &one.components], |id| beneath.has(id)) || names(&[&one.risks], |id| risks.contains(&id))
    };
    let open = facts.measures.iter().filter(|one| !one.body.status.is_done() && concerns(&one.body));
    let mut all: Vec<&Object<Measure>> = open.collect();
    all.sort_by_key(|one| (one.body.due_on.is_none(), one.body.due_on, one.meta.id));
    all
}

fn findings<'a>(facts: &'a Facts, beneath: &ProviderSet<'_>) -> Vec<&'a Object<Finding>> {
    let concerns = |one: &Finding| names(&[&one.services, &one.components], |id| beneath.has(id));
    let mut all: Vec<&Object<Finding>> = facts.findings.iter().filter(|one| one.body.is_open() && concerns(&one.body)).collect();
    all.sort_by_key(|one| (one.body.due_on.is_none(), one.body.due_on, one.meta.id));
    all
}

/// The exercise of a service, or of a plan that brings it back, that was held last, and the one that is held next.
fn exercises<'a>(
    facts: &'a Facts,
    service: Id,
    plans: &[&Object<Plan>],
) -> (Option<&'a Object<Exercise>>, Option<&'a Object<Exercise>>) {
    let plans: HashSet<Id> = plans.iter().map(|plan| plan.meta.id).collect();
    let tries = |one: &&Object<Exercise>| {
        names(&[&one.body.services], |id| id == service) || names(&[&one.body.plans], |id| plans.contains(&id))
    };
    let coming = |one: &&Object<Exercise>| {
        matches!(one.body.status, ExerciseStatus::Planned | ExerciseStatus::Approved | ExerciseStatus::InProgress)
    };
    let all = facts.exercises.iter().filter(tries);
    let last = all.clone().filter(|one| is_held(&one.body)).max_by_key(|one| (held_at(&one.body), one.meta.id));
    (last, all.filter(coming).min_by_key(|one| (one.body.scheduled_start, one.meta.id)))
}

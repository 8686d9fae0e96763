//! What a change does to the dependency graph: what depends on its items, and what is worse afterwards.
use super::answer::{ChangeAnswer, NewPoint, ObjectiveAtStake, TouchedTotals};
use super::continuity_effects::ContinuityEffects;
use crate::analysis::question::GraphView;
use crate::analysis::recovery::{Loss, MAX_CIRCLES, MAX_OF_CIRCLE, RecoveryVerdict, Verdict};
use crate::graph::landscape::Landscape;
use crate::graph::net::State;
use crate::graph::points;
use crate::model::{Id, Kind, Reference, Result};
use crate::resources::change_requests::{AssessedReason, ChangeVerdict};
use crate::store::Conn;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// So many services and business processes have their single points of failure compared.
const MAX_COMPARED: usize = 200;
/// So many items are named with a reason.
const MAX_NAMED: usize = 20;
/// From this criticality on a broken objective blocks.
const HIGHLY_CRITICAL: u8 = 3;

/// A change's items in the graph as it is and as it would be.
pub struct Effects {
    pub before: Arc<Landscape>,
    pub after: Arc<Landscape>,
    /// What the change is about.
    pub items: Vec<usize>,
    /// Everything that depends on these, before or after, themselves included.
    pub touched: Vec<usize>,
    /// Whether the graph changes at all.
    pub edited: bool,
}

impl Effects {
    pub fn of(before: Arc<Landscape>, after: Arc<Landscape>, items: &[Id], edited: bool) -> Effects {
        let items = before.nodes(items);
        let mut seen = vec![false; before.items().len()];
        let mut touched = items.clone();
        touched.iter().for_each(|node| seen[*node] = true);
        let mut next = 0;
        while let Some(node) = touched.get(next).copied() {
            next += 1;
            for step in before.graph().dependents(node).iter().chain(after.graph().dependents(node)) {
                let dependent = step.node as usize;
                if step.effect != State::Up && !std::mem::replace(&mut seen[dependent], true) {
                    touched.push(dependent);
                }
            }
        }
        Effects { before, after, items, touched, edited }
    }

    /// The touched ones of a kind.
    pub fn of_kind(&self, kind: Kind) -> Vec<usize> {
        self.touched.iter().copied().filter(|node| self.before.items()[*node].kind == kind).collect()
    }
    fn reference(&self, node: usize) -> Reference {
        self.before.items()[node].reference()
    }
    fn references(&self, nodes: Vec<usize>, limit: usize) -> Vec<Reference> {
        self.before.most_critical(nodes, limit).into_iter().map(|node| self.reference(node)).collect()
    }
    /// Whether its interruption is grave.
    fn is_grave(&self, node: usize) -> bool {
        let item = &self.before.items()[node];
        item.is_vital() || item.criticality >= HIGHLY_CRITICAL
    }

    pub async fn render(
        self,
        conn: &mut Conn<'_>,
        view: &GraphView,
        course: ContinuityEffects,
        limit: usize,
    ) -> Result<ChangeAnswer> {
        let (services, processes) = (self.of_kind(Kind::Service), self.of_kind(Kind::BusinessProcess));
        let vital: Vec<usize> = processes.iter().copied().filter(|node| self.before.items()[*node].is_vital()).collect();
        let business: Vec<usize> = services.iter().chain(&processes).copied().collect();
        let mut reasons = Vec::new();
        self.works_on_points(&vital, &mut reasons);
        let before = Loss::of(conn, view, Arc::clone(&self.before), None).await?;
        let after = Loss::of(conn, view, Arc::clone(&self.after), None).await?;
        let objectives = self.objectives(&before, &after, &business, &mut reasons);
        let (points, compared) = self.new_points(&business, &mut reasons);
        let new_deadlocks = self.new_deadlocks(&before, &after, &mut reasons);
        course.judge(&mut reasons, self.edited);
        let blocks = reasons.iter().any(|reason| reason.severity == ChangeVerdict::Block);
        let verdict = match (blocks, reasons.is_empty()) {
            (true, _) => ChangeVerdict::Block,
            (_, false) => ChangeVerdict::Warn,
            _ => ChangeVerdict::Pass,
        };
        Ok(ChangeAnswer {
            change: None,
            verdict,
            reasons,
            items: self.references(self.items.clone(), limit),
            totals: TouchedTotals {
                services: services.len(),
                processes: processes.len(),
                vital_business_functions: vital.len(),
                compared,
            },
            services: self.references(services, limit),
            processes: self.references(processes, limit),
            vital_business_functions: self.references(vital, limit),
            objectives: objectives.into_iter().take(limit).collect(),
            new_single_points_of_failure: points.into_iter().take(limit).collect(),
            new_deadlocks,
            plans: course.plans,
            proofs: course.proofs,
            tests_to_repeat: course.tests,
            collisions: course.collisions,
            seq: view.seq,
        })
    }

    /// Work on a single point of failure of a vital business function deserves care, whatever the change is.
    fn works_on_points(&self, vital: &[usize], reasons: &mut Vec<AssessedReason>) {
        if vital.is_empty() {
            return;
        }
        let mut scratch = self.before.scratch();
        let mut points = Vec::new();
        for node in &self.items {
            let found = self.before.graph().impact(&mut scratch, &[*node]);
            if vital.iter().any(|function| function != node && found.state(*function) == State::Down) {
                points.push(*node);
            }
        }
        let detail = "the change works on items whose loss alone takes a vital business function down";
        self.give(reasons, "single_point_of_failure_touched", ChangeVerdict::Warn, detail, &points);
    }

    fn give(&self, reasons: &mut Vec<AssessedReason>, code: &str, severity: ChangeVerdict, detail: &str, nodes: &[usize]) {
        if nodes.is_empty() {
            return;
        }
        let items = self.references(nodes.to_vec(), MAX_NAMED);
        let names: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
        let more = if nodes.len() > names.len() { format!(" and {} more", nodes.len() - names.len()) } else { String::new() };
        reasons.push(AssessedReason {
            code: code.to_owned(),
            severity,
            detail: format!("{detail}: {}{more}", names.join(", ")),
            items,
        });
    }

    /// Objectives that are missed once the change is made, the most critical first.
    fn objectives(
        &self,
        before: &Loss,
        after: &Loss,
        business: &[usize],
        reasons: &mut Vec<AssessedReason>,
    ) -> Vec<ObjectiveAtStake> {
        let bad = |verdict: Verdict| matches!(verdict, Verdict::Missed | Verdict::Never);
        let missed = |one: &RecoveryVerdict| [bad(one.verdict), bad(one.mtpd_verdict), bad(one.data_verdict)];
        let (mut broken, mut already, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for node in self.before.most_critical(business.to_vec(), business.len()) {
            let (old, new) = (before.recovery_verdict(node), after.recovery_verdict(node));
            let (was, is) = (missed(&old), missed(&new));
            if was.iter().zip(is).any(|(was, is)| is && !was) {
                broken.push(node);
            } else if is.contains(&true) {
                already.push(node);
            } else {
                continue;
            }
            all.push(ObjectiveAtStake { before: old, after: new });
        }
        let (grave, other): (Vec<usize>, Vec<usize>) = broken.into_iter().partition(|node| self.is_grave(*node));
        let detail = "recovery objectives are no longer met after the change";
        self.give(reasons, "objective_broken", ChangeVerdict::Block, detail, &grave);
        self.give(reasons, "objective_broken", ChangeVerdict::Warn, detail, &other);
        let detail = "recovery objectives are missed already";
        self.give(reasons, "objective_missed_already", ChangeVerdict::Warn, detail, &already);
        all
    }

    /// Single points of failure that were none before, with what they take down, and how many were compared.
    fn new_points(&self, business: &[usize], reasons: &mut Vec<AssessedReason>) -> (Vec<NewPoint>, usize) {
        if !self.edited {
            return (Vec::new(), 0);
        }
        let compared = self.before.most_critical(business.to_vec(), MAX_COMPARED);
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for node in &compared {
            let old: HashSet<usize> = points::single_points(self.before.graph(), *node).into_iter().collect();
            for point in points::single_points(self.after.graph(), *node).into_iter().filter(|point| !old.contains(point)) {
                found.entry(point).or_default().push(*node);
            }
        }
        let grave = |nodes: &Vec<usize>| nodes.iter().any(|node| self.is_grave(*node));
        let of = |wanted: bool| found.iter().filter(|(_, n)| grave(n) == wanted).map(|(point, _)| *point).collect::<Vec<_>>();
        let detail = "new single points of failure";
        self.give(reasons, "single_point_of_failure_added", ChangeVerdict::Block, detail, &of(true));
        self.give(reasons, "single_point_of_failure_added", ChangeVerdict::Warn, detail, &of(false));
        let told = found.iter().map(|(point, nodes)| NewPoint {
            item: self.reference(*point),
            takes_down: nodes.iter().map(|node| self.reference(*node)).collect(),
        });
        (told.collect(), compared.len())
    }

    fn new_deadlocks(&self, before: &Loss, after: &Loss, reasons: &mut Vec<AssessedReason>) -> Vec<Vec<Reference>> {
        if !self.edited {
            return Vec::new();
        }
        let stuck: HashSet<usize> = before.restoration.recovery.stuck().collect();
        let recovery = &after.restoration.recovery;
        let added: Vec<usize> = recovery.stuck().filter(|node| !stuck.contains(node)).collect();
        let circles = recovery.circles_through(self.after.graph(), &added, MAX_CIRCLES);
        let detail = "items wait for each other in a circle, or for such a circle, and never start";
        self.give(reasons, "startup_deadlock_added", ChangeVerdict::Block, detail, &added);
        circles.iter().map(|circle| circle.iter().take(MAX_OF_CIRCLE).map(|node| self.reference(*node)).collect()).collect()
    }
}

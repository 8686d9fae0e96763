//! From measures, the risks they treat and the changes and tasks that carry them out to how they stand; pure.
use crate::model::{Date, Id, Reason, StringEnum, Timestamp, is_past};
use crate::resources::change_requests::ChangeStatus;
use crate::resources::measures::{Implementer, MeasureFacts, MeasureStatus, Nature, missing};
use crate::resources::risk_matrix::RiskClass;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// A measure with what it waits for.
#[derive(Default)]
pub struct Treated {
    pub key: String,
    pub title: String,
    pub status: MeasureStatus,
    pub nature: Nature,
    pub implementer: Implementer,
    pub due_on: Option<Date>,
    pub(super) worst: Option<RiskClass>,
    pub(super) facts: MeasureFacts,
}

/// What the report is made of.
#[derive(Default)]
pub struct Input {
    pub measures: HashMap<Id, Treated>,
    /// Measures and risks, until their classes are known.
    pub links: Vec<(Id, Id)>,
}

impl Input {
    /// A measure treats a risk of this class.
    pub fn treats(&mut self, measure: Id, class: RiskClass) {
        if let Some(measure) = self.measures.get_mut(&measure) {
            measure.worst = measure.worst.max(Some(class));
        }
    }
    /// A change request carries a measure out.
    pub fn carried(&mut self, measure: Id, status: ChangeStatus) {
        if let Some(measure) = self.measures.get_mut(&measure) {
            measure.facts.changes.push(status);
        }
    }
    /// A measure has so many tasks more, so many of them with assignee and date, so many open.
    pub fn tasks(&mut self, measure: Id, tasks: usize, assigned: usize, open: usize) {
        if let Some(measure) = self.measures.get_mut(&measure) {
            measure.facts.tasks += tasks;
            measure.facts.assigned_tasks += assigned;
            measure.facts.open_tasks += open;
        }
    }
}

/// The report.
#[derive(Serialize)]
pub struct MeasuresStatus {
    seq: i64,
    at: Timestamp,
    total: usize,
    overdue: usize,
    blocked: usize,
    by_status: BTreeMap<&'static str, usize>,
    by_nature: BTreeMap<&'static str, usize>,
    by_class: BTreeMap<&'static str, usize>,
    pub items: Vec<Item>,
}

/// One measure as it is told.
#[derive(Serialize)]
pub struct Item {
    id: Id,
    key: String,
    title: String,
    status: MeasureStatus,
    nature: Nature,
    implementer: Implementer,
    due_on: Option<Date>,
    overdue: bool,
    worst_class: Option<RiskClass>,
    pub blocked_on: Vec<Reason>,
}

/// Puts the report together; `limit` measures are listed.
pub fn report(input: Input, at: Timestamp, seq: i64, limit: usize) -> MeasuresStatus {
    let today = at.day();
    let mut items: Vec<Item> = input.measures.into_iter().map(|(id, measure)| item(id, measure, &today)).collect();
    fn zeros<W: StringEnum>() -> BTreeMap<&'static str, usize> {
        W::ALL.iter().map(|word| (word.as_str(), 0)).collect()
    }
    let (mut by_status, mut by_nature) = (zeros::<MeasureStatus>(), zeros::<Nature>());
    let mut by_class = zeros::<RiskClass>();
    by_class.insert("none", 0);
    let count = |map: &mut BTreeMap<&'static str, usize>, word| *map.entry(word).or_default() += 1;
    for item in &items {
        count(&mut by_status, item.status.as_str());
        count(&mut by_nature, item.nature.as_str());
        count(&mut by_class, item.worst_class.map_or("none", |class| class.as_str()));
    }
    let (total, overdue) = (items.len(), items.iter().filter(|item| item.overdue).count());
    let blocked = items.iter().filter(|item| !item.blocked_on.is_empty()).count();
    items.sort_by(|a, b| (Reverse(a.worst_class), !a.overdue, &a.key).cmp(&(Reverse(b.worst_class), !b.overdue, &b.key)));
    items.truncate(limit);
    MeasuresStatus { seq, at, total, overdue, blocked, by_status, by_nature, by_class, items }
}

fn item(id: Id, measure: Treated, today: &str) -> Item {
    let Treated { key, title, status, nature, implementer, due_on, worst, facts } = measure;
    let overdue = !status.is_done() && is_past(due_on, today);
    let blocked_on = status.next(nature).map(|next| missing(nature, status, next, &facts)).unwrap_or_default();
    Item { id, key, title, status, nature, implementer, due_on, overdue, worst_class: worst, blocked_on }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(tail: u8) -> Id {
        Id(uuid::Uuid::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tail]))
    }

    #[test]
    fn the_gravest_come_first_and_what_is_missing_is_named() {
        let mut input = Input::default();
        let measure = |key: &str, status| Treated { key: key.into(), status, ..Treated::default() };
        input.measures.insert(id(1), measure("A", MeasureStatus::RfcRaised));
        input.measures.insert(id(2), measure("B", MeasureStatus::Approved));
        input.measures.insert(id(3), measure("C", MeasureStatus::Implemented));
        input.treats(id(2), RiskClass::High);
        input.treats(id(2), RiskClass::Marginal);
        input.carried(id(1), ChangeStatus::Submitted);
        let report = report(input, Timestamp::EPOCH, 7, 2);
        let told: Vec<_> = report.items.iter().map(|item| (item.key.as_str(), item.blocked_on[0].code)).collect();
        assert_eq!(told, [("B", "no_assigned_task"), ("A", "change_not_cleared")]);
        assert_eq!((report.total, report.blocked, report.by_class["high"], report.by_class["none"]), (3, 2, 1, 2));
    }
}

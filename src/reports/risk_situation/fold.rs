//! From risks and assessments to what changed; pure, and one pass over each.
use crate::model::{Id, StringEnum, Timestamp};
use crate::resources::risk_matrix::{Rating, RiskClass, RiskMatrix};
use crate::string_enum;
use serde::Serialize;
use std::collections::BTreeMap;

/// The two moments compared.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
}

string_enum! {
    /// What became of a risk between two moments.
    pub enum Change {
        Unchanged = "unchanged",
        New = "new",
        Closed = "closed",
        Deleted = "deleted",
        NewlyRated = "newly_rated",
        Raised = "raised",
        Lowered = "lowered",
    }
}

/// A risk that was there at one of the moments.
#[derive(Debug, Clone)]
pub struct RiskAtDate {
    pub id: Id,
    pub recorded: Timestamp,
    pub closed: Option<Timestamp>,
    /// Whether it was deleted by the end.
    pub deleted: bool,
}

/// One assessment known at the end.
#[derive(Debug, Clone)]
pub struct Assessed {
    pub risk: Id,
    pub at: Timestamp,
    pub likelihood: i64,
    pub impact: i64,
}

struct Row {
    id: Id,
    change: Change,
    from: Option<Rating>,
    to: Option<Rating>,
    /// Whether it counts at the beginning and at the end: there and not closed.
    counts: (bool, bool),
}

/// What changed, risk by risk.
pub struct Situation {
    period: Period,
    rows: Vec<Row>,
}

impl Situation {
    /// Risks by id, assessments by risk and time.
    pub fn new(period: Period, risks: Vec<RiskAtDate>, assessments: Vec<Assessed>) -> Situation {
        let mut rest = assessments.iter().peekable();
        let mut rows = Vec::with_capacity(risks.len());
        for risk in risks {
            while rest.next_if(|one| one.risk < risk.id).is_some() {}
            let (mut first, mut from, mut to) = (None, None, None);
            while let Some(one) = rest.next_if(|one| one.risk == risk.id) {
                let rating = Rating { likelihood: one.likelihood, impact: one.impact };
                first.get_or_insert(one.at);
                if one.at <= period.from {
                    from = Some(rating);
                }
                if one.at <= period.to {
                    to = Some(rating);
                }
            }
            rows.extend(row(&risk, period, first, from, to));
        }
        Situation { period, rows }
    }

    pub fn rows(&self) -> impl Iterator<Item = (Id, Change, Option<Rating>, Option<Rating>)> {
        self.rows.iter().map(|row| (row.id, row.change, row.from, row.to))
    }

    /// The report, with the matrices in force at both ends.
    pub fn render(&self, before: &RiskMatrix, after: &RiskMatrix, seq: i64) -> RiskSituationReport {
        let of = |change: Change| self.rows.iter().filter(move |row| row.change == change);
        let list = |change| of(change).map(Entry::of).collect();
        let ids = |change| of(change).map(|row| row.id).collect();
        let counts = Change::ALL.iter().map(|change| (change.as_str(), of(*change).count())).collect();
        let (from, to) = (self.period.from, self.period.to);
        RiskSituationReport {
            seq,
            from: End::of(from, before, self.rows.iter().filter(|row| row.counts.0).map(|row| row.from)),
            to: End::of(to, after, self.rows.iter().filter(|row| row.counts.1).map(|row| row.to)),
            counts,
            new: list(Change::New),
            closed: list(Change::Closed),
            deleted: ids(Change::Deleted),
            newly_rated: list(Change::NewlyRated),
            raised: list(Change::Raised),
            lowered: list(Change::Lowered),
            unchanged: ids(Change::Unchanged),
        }
    }
}

fn row(risk: &RiskAtDate, period: Period, first: Option<Timestamp>, from: Option<Rating>, to: Option<Rating>) -> Option<Row> {
    let begun = first.map_or(risk.recorded, |first| first.min(risk.recorded));
    let closed_by = |end: Timestamp| risk.closed.is_some_and(|at| at <= end);
    let counts = (begun <= period.from && !closed_by(period.from), !closed_by(period.to) && !risk.deleted);
    let change = match counts {
        (false, false) if begun <= period.from => return None,
        (_, false) if risk.deleted && begun <= period.from => Change::Deleted,
        (_, false) if risk.deleted => return None,
        (_, false) => Change::Closed,
        (false, true) => Change::New,
        (true, true) => match (from.map(Rating::score), to.map(Rating::score)) {
            (None, Some(_)) => Change::NewlyRated,
            (Some(from), Some(to)) if to > from => Change::Raised,
            (Some(from), Some(to)) if to < from => Change::Lowered,
            _ => Change::Unchanged,
        },
    };
    Some(Row { id: risk.id, change, from, to, counts })
}

/// The report as it is told.
#[derive(Serialize)]
pub struct RiskSituationReport {
    seq: i64,
    from: End,
    to: End,
    counts: BTreeMap<&'static str, usize>,
    new: Vec<Entry>,
    closed: Vec<Entry>,
    deleted: Vec<Id>,
    newly_rated: Vec<Entry>,
    raised: Vec<Entry>,
    lowered: Vec<Entry>,
    unchanged: Vec<Id>,
}

impl RiskSituationReport {
    /// Leaves out which risks they are.
    pub fn keep_counts(&mut self) {
        let lists = [&mut self.new, &mut self.closed, &mut self.newly_rated, &mut self.raised, &mut self.lowered];
        lists.into_iter().for_each(Vec::clear);
        [&mut self.deleted, &mut self.unchanged].into_iter().for_each(Vec::clear);
    }
}

#[derive(Serialize)]
struct Entry {
    id: Id,
    from: Option<Scored>,
    to: Option<Scored>,
}

#[derive(Serialize)]
struct Scored {
    #[serde(flatten)]
    rating: Rating,
    score: i64,
}

impl Entry {
    fn of(row: &Row) -> Entry {
        let scored = |rating: Option<Rating>| rating.map(|rating| Scored { rating, score: rating.score() });
        Entry { id: row.id, from: scored(row.from), to: scored(row.to) }
    }
}

/// How things stood at one end.
#[derive(Serialize)]
struct End {
    at: Timestamp,
    risks: usize,
    unrated: usize,
    matrix: Vec<Vec<usize>>,
    classes: BTreeMap<&'static str, usize>,
}

impl End {
    fn of(at: Timestamp, matrix: &RiskMatrix, ratings: impl Iterator<Item = Option<Rating>>) -> End {
        let cells = vec![vec![0; matrix.impact_levels.len()]; matrix.likelihood_levels.len()];
        let classes = RiskClass::ALL.iter().map(|class| (class.as_str(), 0)).collect();
        let mut end = End { at, risks: 0, unrated: 0, matrix: cells, classes };
        for rating in ratings {
            end.risks += 1;
            let Some(rating) = rating else {
                end.unrated += 1;
                continue;
            };
            let place = |level: i64| usize::try_from(level - 1).unwrap_or(usize::MAX);
            let row = end.matrix.get_mut(place(rating.likelihood));
            if let Some(cell) = row.and_then(|row| row.get_mut(place(rating.impact))) {
                *cell += 1;
            }
            if let Some(count) = matrix.class(rating).and_then(|class| end.classes.get_mut(class.as_str())) {
                *count += 1;
            }
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(tail: u8) -> Id {
        Id(uuid::Uuid::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tail]))
    }
    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second).unwrap_or_default()
    }
    fn stood(tail: u8, recorded: i64, closed: Option<i64>) -> RiskAtDate {
        RiskAtDate { id: id(tail), recorded: at(recorded), closed: closed.map(at), deleted: false }
    }
    fn assessed(tail: u8, second: i64, likelihood: i64) -> Assessed {
        Assessed { risk: id(tail), at: at(second), likelihood, impact: 2 }
    }

    #[test]
    fn every_fate_between_two_moments_is_told() {
        let period = Period { from: at(100), to: at(200) };
        let mut deleted = stood(8, 10, None);
        deleted.deleted = true;
        let mut passed = stood(9, 150, None);
        passed.deleted = true;
        let risks = vec![
            stood(1, 10, None),
            stood(2, 10, None),
            stood(3, 10, None),
            stood(4, 150, None),
            stood(5, 10, Some(150)),
            stood(6, 10, Some(50)),
            stood(7, 10, None),
            deleted,
            passed,
            stood(10, 10, Some(250)),
            stood(11, 150, None),
        ];
        let assessments = vec![
            assessed(1, 50, 1),
            assessed(1, 150, 3),
            assessed(2, 50, 3),
            assessed(2, 200, 1),
            assessed(3, 50, 2),
            assessed(3, 201, 5),
            assessed(7, 150, 2),
            // Recorded within the period, but assessed before it: the risk was there already.
            assessed(11, 90, 2),
        ];
        let situation = Situation::new(period, risks, assessments);
        let found: Vec<(Id, Change)> = situation.rows().map(|(id, change, _, _)| (id, change)).collect();
        let expected = [
            (1, Change::Raised),
            (2, Change::Lowered),
            (3, Change::Unchanged),
            (4, Change::New),
            (5, Change::Closed),
            (7, Change::NewlyRated),
            (8, Change::Deleted),
            (10, Change::Unchanged),
            (11, Change::Unchanged),
        ];
        assert_eq!(found, expected.map(|(tail, change)| (id(tail), change)));
    }

    #[test]
    fn the_matrix_counts_what_is_open_at_each_end() {
        let period = Period { from: at(100), to: at(200) };
        let risks = vec![stood(1, 10, None), stood(2, 10, Some(150)), stood(3, 150, None)];
        let situation = Situation::new(period, risks, vec![assessed(1, 50, 1), assessed(1, 150, 5), assessed(2, 50, 1)]);
        let told = situation.render(&RiskMatrix::default(), &RiskMatrix::default(), 1);
        assert_eq!((told.from.risks, told.from.unrated, told.from.matrix[0][1]), (2, 0, 2));
        assert_eq!((told.to.risks, told.to.unrated, told.to.matrix[4][1], told.to.classes["high"]), (2, 1, 1, 1));
    }
}

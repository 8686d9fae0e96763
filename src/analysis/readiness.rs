//! How ready a service is for a disruption, from 0 to 100: a sum of points, each with the rule that gave or withheld it.
//! What cannot be judged gives no points: a service of which nothing is known is not ready. Pure.
use super::freshness::Figure;
use super::recovery::Verdict;
use crate::model::{StringEnum, Timestamp};
use crate::resources::measurements::ProofLevel;
use serde::Serialize;

/// An exercise counts for so long: a year.
const FRESH_MICROS: i64 = 365 * 86_400 * 1_000_000;

/// What the rules look at.
#[derive(Debug, Clone, Default)]
pub struct ReadinessInput {
    pub now: Timestamp,
    /// Whether an RTO and an RPO are in force.
    pub rto: bool,
    pub rpo: bool,
    /// What it depends on directly.
    pub providers: usize,
    /// Plans in force that bring it back; of these, those with a day of review, and those for which it has passed.
    pub plans: usize,
    pub dated: usize,
    pub overdue_reviews: usize,
    /// When it, or a plan that brings it back, was last exercised.
    pub exercised_at: Option<Timestamp>,
    /// What has been measured of its restoration.
    pub proof: Option<Figure>,
    /// After the loss of everything.
    pub recovery: Verdict,
    pub data: Verdict,
    /// Components, sites and suppliers that take it down alone.
    pub single_points: usize,
    /// Its critical gaps.
    pub critical_gaps: usize,
    /// Measures and findings that are overdue.
    pub overdue: usize,
}

/// What one rule gave.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReadinessPoint {
    #[schema(max_length = 64)]
    pub rule: &'static str,
    #[schema(minimum = 0, maximum = 100)]
    pub points: i64,
    /// The most it gives.
    #[schema(minimum = 0, maximum = 100)]
    pub of: i64,
    /// Whether it gave all of them.
    pub met: bool,
    #[schema(max_length = 400)]
    pub explanation: String,
}

/// How ready a service is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Readiness {
    /// The sum of the points.
    #[schema(minimum = 0, maximum = 100)]
    pub score: i64,
    #[schema(max_items = 20)]
    pub points: Vec<ReadinessPoint>,
}

/// All, some or none of the points, and why.
type Judgement = (i64, String);

/// Each rule: its name, the points it has to give, and what it makes of what is known.
type Rule = (&'static str, i64, fn(&ReadinessInput, i64) -> Judgement);

const RULES: [Rule; 10] = [
    ("objectives_set", 10, objectives),
    ("dependencies_mapped", 10, dependencies),
    ("plan_active", 20, plan),
    ("plan_reviewed", 5, review),
    ("exercised_within_a_year", 15, exercise),
    ("proof_fresh", 15, proof),
    ("rto_achievable", 10, recovery),
    ("rpo_achievable", 5, data),
    ("no_single_point_of_failure", 5, single_points),
    ("nothing_critical_or_overdue", 5, nothing_open),
];

/// Judges a service.
pub fn assess_readiness(known: &ReadinessInput) -> Readiness {
    let point = |(rule, of, judge): &Rule| {
        let (points, explanation) = judge(known, *of);
        ReadinessPoint { rule, points, of: *of, met: points == *of, explanation }
    };
    let points: Vec<ReadinessPoint> = RULES.iter().map(point).collect();
    Readiness { score: points.iter().map(|point| point.points).sum(), points }
}

fn yes(all: i64, why: impl Into<String>) -> Judgement {
    (all, why.into())
}
fn no(why: impl Into<String>) -> Judgement {
    (0, why.into())
}

fn objectives(known: &ReadinessInput, all: i64) -> Judgement {
    match (known.rto, known.rpo) {
        (true, true) => yes(all, "An RTO and an RPO are in force."),
        (true, false) => (all / 2, "An RTO is in force, and no RPO.".into()),
        (false, true) => (all / 2, "An RPO is in force, and no RTO.".into()),
        (false, false) => no("Neither an RTO nor an RPO is in force."),
    }
}

fn dependencies(known: &ReadinessInput, all: i64) -> Judgement {
    match known.providers {
        0 => no("It is mapped to nothing: what it depends on is not known."),
        number => yes(all, format!("It is mapped to {number} items it depends on.")),
    }
}

fn plan(known: &ReadinessInput, all: i64) -> Judgement {
    match known.plans {
        0 => no("No plan in force brings it back."),
        number => yes(all, format!("Plans in force that bring it back: {number}.")),
    }
}

fn review(known: &ReadinessInput, all: i64) -> Judgement {
    if known.plans == 0 {
        no("It cannot be judged: no plan in force brings it back.")
    } else if known.overdue_reviews > 0 {
        no(format!("Plans whose review is overdue: {}.", known.overdue_reviews))
    } else if known.dated == 0 {
        no("It cannot be judged: no plan says when it is reviewed.")
    } else {
        yes(all, "No review is overdue.")
    }
}

fn exercise(known: &ReadinessInput, all: i64) -> Judgement {
    match known.exercised_at {
        None => no("Neither it nor a plan that brings it back was ever exercised."),
        Some(at) if known.now.micros() - at.micros() > FRESH_MICROS => {
            no(format!("It was last exercised on {}, more than a year ago.", at.day()))
        }
        Some(at) => yes(all, format!("It was last exercised on {}.", at.day())),
    }
}

fn proof(known: &ReadinessInput, all: i64) -> Judgement {
    match known.proof {
        None => no("It was never measured how fast it is back."),
        Some(figure) if figure.stale => no("It was measured, but something it depends on has changed since."),
        Some(figure) if figure.level >= ProofLevel::Exercised => {
            yes(all, format!("Its restoration is {}.", figure.level.as_str()))
        }
        Some(figure) => no(format!("Its restoration is only {}.", figure.level.as_str())),
    }
}

fn verdict(verdict: Verdict, all: i64, objective: &str) -> Judgement {
    match verdict {
        Verdict::Met => yes(all, format!("The {objective} can be met after the loss of everything.")),
        Verdict::Missed => no(format!("The {objective} cannot be met after the loss of everything.")),
        Verdict::Never => no("After the loss of everything it never starts: a circle waits for itself."),
        Verdict::Unknown => no(format!("It cannot be judged whether the {objective} is met: capabilities are not declared.")),
        Verdict::NoObjective => no(format!("It cannot be judged: no {objective} is in force.")),
        Verdict::NotAffected => yes(all, "The loss of everything does not reach it."),
    }
}

fn recovery(known: &ReadinessInput, all: i64) -> Judgement {
    verdict(known.recovery, all, "RTO")
}
fn data(known: &ReadinessInput, all: i64) -> Judgement {
    verdict(known.data, all, "RPO")
}

fn single_points(known: &ReadinessInput, all: i64) -> Judgement {
    match (known.providers, known.single_points) {
        (0, _) => no("It cannot be judged: what it depends on is not known."),
        (_, 0) => yes(all, "No component, site or supplier takes it down alone."),
        (_, number) => no(format!("Components, sites and suppliers that take it down alone: {number}.")),
    }
}

fn nothing_open(known: &ReadinessInput, all: i64) -> Judgement {
    match (known.critical_gaps, known.overdue) {
        (0, 0) => yes(all, "It has no critical gap, and no measure or finding is overdue."),
        (gaps, overdue) => no(format!("Critical gaps: {gaps}; overdue measures and findings: {overdue}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Id;

    fn figure(level: ProofLevel, stale: bool) -> Figure {
        Figure { measurement: Id::SYSTEM, level, seconds: 60, at: Some(Timestamp::EPOCH), stale }
    }
    fn perfect() -> ReadinessInput {
        ReadinessInput {
            now: Timestamp::EPOCH,
            rto: true,
            rpo: true,
            providers: 2,
            plans: 1,
            dated: 1,
            overdue_reviews: 0,
            exercised_at: Some(Timestamp::EPOCH),
            proof: Some(figure(ProofLevel::Exercised, false)),
            recovery: Verdict::Met,
            data: Verdict::Met,
            single_points: 0,
            critical_gaps: 0,
            overdue: 0,
        }
    }
    fn without(change: impl Fn(&mut ReadinessInput)) -> i64 {
        let mut known = perfect();
        change(&mut known);
        assess_readiness(&known).score
    }

    #[test]
    fn the_rules_have_a_hundred_points_to_give_and_give_them_to_what_is_perfect() {
        assert_eq!(RULES.iter().map(|(_, of, _)| of).sum::<i64>(), 100);
        let told = assess_readiness(&perfect());
        assert_eq!(told.score, 100);
        assert!(told.points.iter().all(|point| point.met && !point.explanation.is_empty()));
    }

    #[test]
    fn what_is_missing_costs_the_points_of_its_rule() {
        assert_eq!(without(|known| known.rpo = false), 95);
        assert_eq!(without(|known| (known.rto, known.rpo) = (false, false)), 90);
        assert_eq!(without(|known| known.providers = 0), 85);
        assert_eq!(without(|known| known.plans = 0), 75);
        assert_eq!(without(|known| known.dated = 0), 95);
        assert_eq!(without(|known| known.overdue_reviews = 1), 95);
        assert_eq!(without(|known| known.exercised_at = None), 85);
        assert_eq!(without(|known| known.proof = None), 85);
        assert_eq!(without(|known| known.proof = Some(figure(ProofLevel::Proven, true))), 85);
        assert_eq!(without(|known| known.proof = Some(figure(ProofLevel::Declared, false))), 85);
        assert_eq!(without(|known| known.single_points = 1), 95);
        assert_eq!(without(|known| known.overdue = 1), 95);
        assert_eq!(without(|known| known.critical_gaps = 1), 95);
    }

    #[test]
    fn only_an_objective_that_is_met_gives_points() {
        for verdict in [Verdict::Missed, Verdict::Never, Verdict::Unknown, Verdict::NoObjective] {
            assert_eq!(without(|known| known.recovery = verdict), 90, "{verdict:?}");
            assert_eq!(without(|known| known.data = verdict), 95, "{verdict:?}");
        }
    }

    #[test]
    fn an_exercise_counts_for_a_year() {
        let later = |days: i64| without(|known| known.now = Timestamp::from_seconds(days * 86_400).unwrap_or_default());
        assert_eq!((later(365), later(366)), (100, 85));
    }
}

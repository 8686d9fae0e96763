//! How an organisation tells its risks apart: names of levels, the class of every cell, and what it bears.
pub mod http;
pub mod store;

use crate::model::roles::{ADM, SCM, STAFF};
use crate::model::{Faults, Field, Kind, NoDerived, Resource, Rights, StringEnum};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// How grave a risk is (ITIL).
    pub enum RiskClass {
        Negligible = "negligible",
        Marginal = "marginal",
        Increased = "increased",
        High = "high",
        Extreme = "extreme",
    }
}

/// A place on the organisation's risk matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rating {
    /// A level of the matrix, the lowest is 1.
    #[schema(minimum = 1, maximum = 7)]
    pub likelihood: i64,
    /// A level of the matrix, the lowest is 1.
    #[schema(minimum = 1, maximum = 7)]
    pub impact: i64,
}

impl Rating {
    pub fn of(likelihood: Option<i64>, impact: Option<i64>) -> Option<Rating> {
        likelihood.zip(impact).map(|(likelihood, impact)| Rating { likelihood, impact })
    }
    /// Likelihood times impact.
    pub const fn score(self) -> i64 {
        self.likelihood * self.impact
    }
}

/// The name of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 60, value_type = String)]
pub struct Level(pub String);

/// The classes of one likelihood, from the lowest impact to the highest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(min_items = 3, max_items = 7)]
pub struct Row(pub Vec<RiskClass>);

/// The risk matrix of an organisation, 3 by 3 to 7 by 7.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RiskMatrix {
    /// Names of the levels of likelihood, the lowest first.
    #[schema(min_items = 3, max_items = 7, inline)]
    pub likelihood_levels: Vec<Level>,
    /// Names of the levels of impact, the lowest first.
    #[schema(min_items = 3, max_items = 7, inline)]
    pub impact_levels: Vec<Level>,
    /// The class of every cell: a row for each likelihood, a column for each impact, the lowest first.
    #[schema(min_items = 3, max_items = 7, inline)]
    pub classes: Vec<Row>,
    /// The gravest class the organisation bears without treatment.
    pub appetite: RiskClass,
}

fn levels(names: &[&str]) -> Vec<Level> {
    names.iter().map(|name| Level((*name).into())).collect()
}

/// Five by five with the five ITIL classes.
impl Default for RiskMatrix {
    fn default() -> RiskMatrix {
        use RiskClass::{Extreme as E, High as H, Increased as I, Marginal as M, Negligible as N};
        let classes = [[N, N, M, M, I], [N, M, M, I, H], [M, M, I, H, H], [M, I, H, H, E], [I, H, H, E, E]];
        RiskMatrix {
            likelihood_levels: levels(&["rare", "unlikely", "possible", "likely", "almost certain"]),
            impact_levels: levels(&["insignificant", "minor", "moderate", "major", "catastrophic"]),
            classes: classes.into_iter().map(|row| Row(row.to_vec())).collect(),
            appetite: M,
        }
    }
}

impl RiskMatrix {
    /// The class of a rating; `None` outside the matrix.
    pub fn class(&self, rating: Rating) -> Option<RiskClass> {
        let place = |level: i64| usize::try_from(level - 1).ok();
        self.classes.get(place(rating.likelihood)?)?.0.get(place(rating.impact)?).copied()
    }
    /// Whether a class is graver than what the organisation bears.
    pub fn is_above_appetite(&self, class: RiskClass) -> bool {
        class > self.appetite
    }
    /// Adds a fault when a rating does not lie on the matrix.
    pub fn check(&self, pointer: &str, rating: Rating, faults: &mut Faults) {
        let levels = [("likelihood", rating.likelihood, &self.likelihood_levels), ("impact", rating.impact, &self.impact_levels)];
        for (name, level, names) in levels {
            if usize::try_from(level).is_ok_and(|level| level > names.len()) {
                let detail = format!("the risk matrix has {} levels of {name}", names.len());
                faults.add(format!("{pointer}/{name}"), "out_of_range", detail);
            }
        }
    }
}

impl Resource for RiskMatrix {
    const KIND: Kind = Kind::RiskMatrix;
    const TABLE: &'static str = "risk_matrices";
    const SCHEMA: &'static str = "RiskMatrix";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, ADM]);
    const NAME_REQUIRED: bool = false;
    const SINGLETON: bool = true;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[];

    fn check(&self, faults: &mut Faults) {
        if self.classes.len() != self.likelihood_levels.len() {
            let detail = format!("{} rows are wanted, one for each level of likelihood", self.likelihood_levels.len());
            faults.add("/classes", "inconsistent", detail);
        }
        for (index, row) in self.classes.iter().enumerate().filter(|(_, row)| row.0.len() != self.impact_levels.len()) {
            let detail =
                format!("{} classes are wanted, not {}: one for each level of impact", self.impact_levels.len(), row.0.len());
            faults.add(format!("/classes/{index}"), "inconsistent", detail);
        }
        let class = |row: usize, column: usize| self.classes.get(row).and_then(|row| row.0.get(column));
        for (row, column) in self.classes.iter().enumerate().flat_map(|(row, all)| (0..all.0.len()).map(move |at| (row, at))) {
            let before =
                [row.checked_sub(1).and_then(|row| class(row, column)), column.checked_sub(1).and_then(|at| class(row, at))];
            if let Some(graver) = before.into_iter().flatten().find(|one| class(row, column).is_some_and(|own| own < one)) {
                let detail = format!("a class never falls as likelihood or impact rises, and {} lies below", graver.as_str());
                faults.add(format!("/classes/{row}/{column}"), "inconsistent", detail);
            }
        }
        for (name, levels) in [("likelihood_levels", &self.likelihood_levels), ("impact_levels", &self.impact_levels)] {
            for (index, level) in levels.iter().enumerate().filter(|(index, level)| levels[..*index].contains(level)) {
                faults.add(format!("/{name}/{index}"), "duplicate", format!("{:?} stands there twice", level.0));
            }
        }
    }
    fn example() -> serde_json::Value {
        serde_json::to_value(RiskMatrix::default()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_one_begins_with_is_one_that_could_be_sent() {
        let mut faults = Faults::default();
        Resource::check(&RiskMatrix::default(), &mut faults);
        assert!(faults.is_empty());
    }

    #[test]
    fn no_cell_is_graver_than_its_neighbours_above() {
        let matrix = RiskMatrix::default();
        let class = |likelihood, impact| matrix.class(Rating { likelihood, impact });
        for (likelihood, impact) in (1..=5).flat_map(|l| (1..=5).map(move |i| (l, i))) {
            assert!(likelihood == 5 || class(likelihood, impact) <= class(likelihood + 1, impact));
            assert!(impact == 5 || class(likelihood, impact) <= class(likelihood, impact + 1));
        }
        assert_eq!((class(1, 1), class(5, 5)), (Some(RiskClass::Negligible), Some(RiskClass::Extreme)));
        assert_eq!((class(6, 1), class(1, 6), class(0, 1)), (None, None, None));
    }
}

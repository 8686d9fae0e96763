//! What depends on what: the edges of the graph that every analysis walks.
pub mod store;

use crate::model::roles::{ADM, APP, ICT, INT, SCM, STAFF};
use crate::model::{
    Faults, Field, FieldType, Id, Kind, Link, NoDerived, Resource, Rights, Slot, VersionInput, enum_values, field, kinds,
};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// How the dependent uses the provider.
    pub enum Relation {
        Requires = "requires",
        RunsOn = "runs_on",
        HostedOn = "hosted_on",
        ConnectsTo = "connects_to",
        ReadsFrom = "reads_from",
        WritesTo = "writes_to",
        ReplicatesTo = "replicates_to",
        BackedUpTo = "backed_up_to",
        FailsOverTo = "fails_over_to",
        AuthenticatesVia = "authenticates_via",
        SuppliedBy = "supplied_by",
        Supports = "supports",
    }
}

string_enum! {
    /// What happens to the dependent when the provider is lost: it is down, it is degraded, or nothing.
    pub enum Effect {
        Cascade = "cascade",
        Partial = "partial",
        None = "none",
    }
}

/// The kinds that may stand in mappings, as each of them says itself.
macro_rules! ends {
    ($($name:ident, $word:literal, $collection:literal, $prefix:literal, $folder:ident;)*) => {
        const ENDS: &[(Kind, bool, bool)] = &[$((
            Kind::$name,
            <super::$folder::$name as Resource>::DEPENDENT,
            <super::$folder::$name as Resource>::PROVIDER,
        )),*];
    };
}
kinds!(ends);

/// So many kinds may stand at an end of a mapping.
const fn count(dependent: bool) -> usize {
    let (mut found, mut next) = (0, 0);
    while next < ENDS.len() {
        found += if dependent { ENDS[next].1 as usize } else { ENDS[next].2 as usize };
        next += 1;
    }
    found
}

const fn kinds_at<const N: usize>(dependent: bool) -> [Kind; N] {
    let mut all = [Kind::Mapping; N];
    let (mut found, mut next) = (0, 0);
    while next < ENDS.len() {
        if (dependent && ENDS[next].1) || (!dependent && ENDS[next].2) {
            all[found] = ENDS[next].0;
            found += 1;
        }
        next += 1;
    }
    all
}

/// The kinds that may depend on others.
pub const DEPENDENTS: &[Kind] = &kinds_at::<{ count(true) }>(true);
/// The kinds that others may depend on.
pub const PROVIDERS: &[Kind] = &kinds_at::<{ count(false) }>(false);

/// One dependency: the dependent needs the provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mapping {
    /// A business process, service or component.
    pub dependent: Link,
    /// A service, component, site or supplier.
    pub provider: Link,
    #[serde(default)]
    pub relation: Relation,
    #[serde(default)]
    pub effect: Effect,
    /// Names the redundancy group of the dependent in which the provider stands.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub redundancy_group: Option<String>,
    /// How many members of the group must be up; equal in all mappings of one group. 1 when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub required: Option<i64>,
    /// Whether the dependent needs the provider to start; false breaks start-up circles.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub needed_to_start: bool,
}

fn yes() -> bool {
    true
}

impl Resource for Mapping {
    const KIND: Kind = Kind::Mapping;
    const TABLE: &'static str = "mappings";
    const SCHEMA: &'static str = "Mapping";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, APP, ICT, INT, ADM]);
    const AFFECTS_OBJECTIVES: bool = true;
    const IN_GRAPH: bool = true;
    const NAME_REQUIRED: bool = false;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("dependent", "mappings.dependent_id", "", FieldType::Link(DEPENDENTS)),
        field("provider", "mappings.provider_id", "", FieldType::Link(PROVIDERS)),
        field("relation", "mappings.relation", "", FieldType::Word(enum_values::<Relation>)),
        field("effect", "mappings.effect", "", FieldType::Word(enum_values::<Effect>)),
        field("redundancy_group", "nullif(mappings.redundancy_group, '')", "", FieldType::Text),
        field("needed_to_start", "mappings.needed_to_start", "", FieldType::Boolean),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        vec![
            Slot { pointer: "/dependent".into(), kinds: DEPENDENTS, link: &mut self.dependent },
            Slot { pointer: "/provider".into(), kinds: PROVIDERS, link: &mut self.provider },
        ]
    }
    fn check(&self, faults: &mut Faults) {
        if self.dependent == self.provider {
            faults.add("/provider", "inconsistent", "nothing depends on itself");
        }
        if self.required.is_some() && self.redundancy_group.is_none() {
            faults.add("/required", "inconsistent", "required counts the members of a redundancy_group; there is none");
        }
    }
    /// `required` is 1 in a group where nothing was said.
    fn fill_server_fields(mut self, _made: &VersionInput<'_, Mapping>) -> Mapping {
        if self.redundancy_group.is_some() && self.required.is_none() {
            self.required = Some(1);
        }
        self
    }
    fn objective_edge(&self) -> Option<(Id, Id)> {
        if self.effect == Effect::Cascade { self.dependent.id().zip(self.provider.id()) } else { None }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "dependent": "key:PAYROLL", "provider": "key:DB-PAYROLL-1", "relation": "reads_from", "effect": "cascade",
            "redundancy_group": "database", "required": 1, "needed_to_start": true
        })
    }
}

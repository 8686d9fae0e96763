//! What an organisation has decided for itself once and for all.
pub mod http;
pub mod store;

use super::{Nothing, Resource};
use crate::model::{Field, Kind};
use serde::{Deserialize, Serialize};

/// The settings of an organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Settings {
    /// The level of impact from which an interruption is intolerable: a business process reaches its maximum tolerable
    /// period of disruption when any category of its impact assessment gets there.
    #[serde(default = "three")]
    #[schema(minimum = 1, maximum = 4, default = 3)]
    pub intolerable_level: i64,
}

fn three() -> i64 {
    3
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { intolerable_level: three() }
    }
}

impl Resource for Settings {
    const KIND: Kind = Kind::Settings;
    const TABLE: &'static str = "settings";
    const SCHEMA: &'static str = "Settings";
    const NAMED: bool = false;
    const SINGLE: bool = true;
    type Derived = Nothing;
    const FIELDS: &'static [Field] = &[];

    fn example() -> serde_json::Value {
        serde_json::to_value(Settings::default()).unwrap_or_default()
    }
}

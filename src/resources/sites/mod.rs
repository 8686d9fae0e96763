//! Places: a component at a site depends on that site, a site on its parent.
pub mod store;

use crate::model::roles::{ADM, EVERYBODY, ICT, INT, SCM};
use crate::model::{Faults, Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, enum_values, field};
use crate::string_enum;
use serde::{Deserialize, Serialize};

string_enum! {
    /// What kind of place it is.
    pub enum SiteKind {
        DataCentre = "data_centre",
        Office = "office",
        CloudRegion = "cloud_region",
        AvailabilityZone = "availability_zone",
        RecoverySite = "recovery_site",
        Other = "other",
    }
}

/// A place where components stand or people work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Site {
    pub kind: SiteKind,
    /// The site this one is part of and depends on.
    #[serde(default)]
    pub parent: Option<Link>,
    /// Postal address.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub address: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(default)]
    #[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$")]
    pub country: Option<String>,
    /// Degrees north (WGS 84).
    #[serde(default)]
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: Option<f64>,
    /// Degrees east (WGS 84).
    #[serde(default)]
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: Option<f64>,
}

impl Resource for Site {
    const KIND: Kind = Kind::Site;
    const TABLE: &'static str = "sites";
    const SCHEMA: &'static str = "Site";
    const RIGHTS: Rights = Rights::new(EVERYBODY, &[SCM, ICT, INT, ADM]);
    const PROVIDER: bool = true;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("kind", "sites.kind", "", FieldType::Word(enum_values::<SiteKind>)),
        field("parent", "sites.parent_id", "", FieldType::Link(&[Kind::Site])),
        field("country", "sites.country", "", FieldType::Text),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        Slot::of("parent", &[Kind::Site], &mut self.parent).into_iter().collect()
    }
    fn check(&self, faults: &mut Faults) {
        if self.latitude.is_some() != self.longitude.is_some() {
            let missing = if self.latitude.is_some() { "/longitude" } else { "/latitude" };
            faults.add(missing, "inconsistent", "latitude and longitude are given together or not at all");
        }
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "key": "DC-NORTH", "name": "Data centre north", "kind": "data_centre", "country": "DE",
            "address": "Werkstrasse 7, 24106 Kiel", "latitude": 54.33, "longitude": 10.12,
            "external_refs": [{"system": "netbox", "id": "dcim.site/7"}], "tags": ["tier-3"]
        })
    }
}

//! Questions asked of the graph, of plans and of runs, and their endpoints.
pub mod calendar;
pub mod change;
pub mod continuity;
pub mod dependencies;
pub mod diff;
pub mod document;
mod drawing;
mod edits;
pub mod events;
mod form;
pub mod freshness;
pub mod gaps;
pub mod impact;
pub mod points;
pub mod proof;
mod question;
pub mod readiness;
pub mod recovery;
pub mod schedule;
pub mod situation;
pub mod timeline;

use crate::auth::CollectionRights;
use crate::http::routes::Api;
use crate::model::Rights;
use crate::model::roles::{NOBODY, STAFF};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Who may ask.
pub const RIGHTS: CollectionRights = CollectionRights::new("analyses", Rights::new(STAFF, NOBODY));

/// All routes of this room.
pub fn routes(api: &mut Api) {
    schedule::routes(api);
    document::routes(api);
    diff::routes(api);
    timeline::routes(api);
    events::routes(api);
    situation::routes(api);
    calendar::routes(api);
    impact::routes(api);
    change::routes(api);
    points::routes(api);
    recovery::routes(api);
    gaps::routes(api);
    continuity::routes(api);
    dependencies::routes(api);
    proof::routes(api);
    let all = schemas(api.known_schemas());
    api.schemas(all);
}

/// Schemas of this room, besides those known already.
fn schemas(known: &Map<String, Value>) -> Map<String, Value> {
    let all = [schedule::schemas(), diff::schemas(), timeline::schemas(), events::schemas(), proof::schemas()];
    let all = all.into_iter().chain([situation::schemas(), calendar::schemas()]);
    let all = all.filter_map(|part| part.as_object().cloned()).flatten();
    let told = [
        told::<impact::ImpactQuestion>(),
        told::<impact::ImpactAnswer>(),
        told::<change::ChangeQuestion>(),
        told::<change::ChangeAnswer>(),
        told::<points::OrganizationSpofs>(),
        told::<points::ServiceSpofs>(),
        told::<recovery::RecoveryQuestion>(),
        told::<recovery::RecoveryAnswer>(),
        told::<recovery::ServiceRecovery>(),
        told::<recovery::sequence::SequenceQuestion>(),
        told::<recovery::sequence::SequenceAnswer>(),
        told::<gaps::answer::GapList>(),
        told::<continuity::Continuity>(),
    ];
    let told = told.into_iter().flatten().filter(|(name, _)| !known.contains_key(name));
    dependencies::schemas().into_iter().chain(all).chain(told).collect()
}

/// The schema of a question or an answer with those it refers to.
fn told<T: ToSchema>() -> Map<String, Value> {
    let mut all = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut all);
    all.into_iter().map(|(name, schema)| (name, bounded(serde_json::to_value(schema).unwrap_or_default()))).collect()
}

/// The schema with the bounds that the types imply: counts have 64 bits, and lists within lists are as long as these.
fn bounded(mut schema: Value) -> Value {
    let mut open = vec![&mut schema];
    while let Some(value) = open.pop() {
        if let Value::Object(members) = value {
            let is = |members: &Map<String, Value>, word: &str| {
                members.get("type").is_some_and(|own| own == word || own.as_array().is_some_and(|all| all.contains(&word.into())))
            };
            if is(members, "integer") {
                members.entry("format").or_insert("int64".into());
            }
            if is(members, "array") {
                members.entry("maxItems").or_insert(10_000.into());
            }
            open.extend(members.values_mut());
        } else if let Value::Array(all) = value {
            open.extend(all);
        }
    }
    schema
}

//! Changes to the dependency graph that somebody only thinks of.
use super::question::{GraphView, LOSABLE, QuestionRef};
use crate::graph::builder::{GraphBuilder, MappingEdge};
use crate::graph::landscape::Landscape;
use crate::graph::net::State;
use crate::model::{Faults, Id, Kind, Link, Result, StringEnum, enum_values};
use crate::resources::business_processes::ProcessStatus;
use crate::resources::components::ComponentLifecycle;
use crate::resources::mappings::{DEPENDENTS, Effect, PROVIDERS, Relation};
use crate::resources::services::ServiceLifecycle;
use crate::store::Conn;
use crate::string_enum;
use serde::Deserialize;
use std::collections::HashSet;
use std::sync::Arc;

string_enum! {
    /// What a hypothetical change does.
    pub enum EditOperation {
        AddMapping = "add_mapping",
        ChangeMapping = "change_mapping",
        RemoveMapping = "remove_mapping",
        SetCapability = "set_capability",
        SetLifecycle = "set_lifecycle",
    }
}

/// A change nobody has made: a mapping added, changed or removed, a capability (or place) of a component or service, or the life cycle of
/// a component, service or business process.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    pub op: EditOperation,
    /// The mapping that is changed or removed.
    #[serde(default)]
    pub mapping: Option<Link>,
    /// Of a mapping that is added.
    #[serde(default)]
    pub dependent: Option<Link>,
    /// Of a mapping that is added.
    #[serde(default)]
    pub provider: Option<Link>,
    #[serde(default)]
    pub relation: Option<Relation>,
    /// `cascade` for a mapping that is added, unless it is said.
    #[serde(default)]
    pub effect: Option<Effect>,
    #[serde(default)]
    #[schema(max_length = 64)]
    pub redundancy_group: Option<String>,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub required: Option<i64>,
    #[serde(default)]
    pub needed_to_start: Option<bool>,
    /// The component or service whose capability is set; the component, service or business process whose life cycle is.
    #[serde(default)]
    pub item: Option<Link>,
    /// What it is then, in the words of its kind: `retired`, `planned`, `in_service` and so on.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub lifecycle: Option<String>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub recovery_time_seconds: Option<i64>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub restart_seconds: Option<i64>,
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub data_loss_seconds: Option<i64>,
    /// Where the component is moved to.
    #[serde(default)]
    pub site: Option<Link>,
}

const MAPPINGS: &[Kind] = &[Kind::Mapping];
const CAPABLE: &[Kind] = &[Kind::Component, Kind::Service];
const WITH_LIFECYCLE: &[Kind] = &[Kind::Component, Kind::Service, Kind::BusinessProcess];
const SITES: &[Kind] = &[Kind::Site];

impl Edit {
    /// The links it has, each with its field and the kinds it may lead to.
    fn links(&self) -> [(&'static str, Option<&Link>, &'static [Kind]); 5] {
        [
            ("mapping", self.mapping.as_ref(), MAPPINGS),
            ("dependent", self.dependent.as_ref(), DEPENDENTS),
            ("provider", self.provider.as_ref(), PROVIDERS),
            ("item", self.item.as_ref(), if self.op == EditOperation::SetLifecycle { WITH_LIFECYCLE } else { CAPABLE }),
            ("site", self.site.as_ref(), SITES),
        ]
    }

    /// What is wanting, and what does not belong to the operation.
    fn check(&self, at: &str, faults: &mut Faults) {
        use EditOperation::{AddMapping, ChangeMapping, RemoveMapping, SetCapability, SetLifecycle};
        let (wanted, allowed): (&[&str], &[&str]) = match self.op {
            AddMapping => {
                (&["dependent", "provider"], &["relation", "effect", "redundancy_group", "required", "needed_to_start"])
            }
            ChangeMapping => (&["mapping"], &["relation", "effect", "redundancy_group", "required", "needed_to_start"]),
            RemoveMapping => (&["mapping"], &[]),
            SetLifecycle => (&["item", "lifecycle"], &[]),
            SetCapability => (&["item"], &["recovery_time_seconds", "restart_seconds", "data_loss_seconds", "site"]),
        };
        let given = [
            ("relation", self.relation.is_some()),
            ("effect", self.effect.is_some()),
            ("redundancy_group", self.redundancy_group.is_some()),
            ("required", self.required.is_some()),
            ("needed_to_start", self.needed_to_start.is_some()),
            ("lifecycle", self.lifecycle.is_some()),
            ("recovery_time_seconds", self.recovery_time_seconds.is_some()),
            ("restart_seconds", self.restart_seconds.is_some()),
            ("data_loss_seconds", self.data_loss_seconds.is_some()),
        ];
        let links = self.links().map(|(name, link, _)| (name, link.is_some()));
        for (name, there) in links.into_iter().chain(given) {
            if wanted.contains(&name) && !there {
                faults.add(format!("{at}/{name}"), "required", format!("{name} is required"));
            } else if there && !wanted.contains(&name) && !allowed.contains(&name) {
                faults.add(format!("{at}/{name}"), "not_allowed", format!("{name} does not belong to this operation"));
            }
        }
        if self.op == AddMapping && self.required.is_some() && self.redundancy_group.is_none() {
            faults.add(format!("{at}/required"), "not_allowed", "required counts members of a redundancy_group");
        }
    }

    fn tie(&self, parts: &mut GraphBuilder, at: &str, [mapping, dependent, provider, ..]: [Option<Id>; 5], faults: &mut Faults) {
        let effect = self.effect.map(state);
        let group = self.redundancy_group.as_deref();
        if let Some((dependent, provider)) = dependent.zip(provider) {
            if dependent == provider {
                faults.add(format!("{at}/provider"), "not_allowed", "nothing depends on itself");
                return;
            }
            let (effect, needed) = (effect.unwrap_or(State::Down), self.needed_to_start.unwrap_or(true));
            let required = self.required.or(group.map(|_| 1));
            parts.add_mapping(&MappingEdge { mapping: None, dependent, provider, effect, group, required, needed });
            return;
        }
        let Some(mapping) = mapping else { return };
        let Some(old) = parts.mapping(mapping) else {
            faults.add(
                format!("{at}/mapping"),
                "unknown_reference",
                "the mapping was not there, or is removed by another change",
            );
            return;
        };
        if self.op == EditOperation::ChangeMapping {
            let group = group.or(old.group).filter(|group| !group.is_empty()).map(str::to_owned);
            let MappingEdge { dependent, provider, .. } = old;
            let effect = effect.unwrap_or(old.effect);
            let required = self.required.or(old.required);
            let needed = self.needed_to_start.unwrap_or(old.needed);
            parts.remove_mappings(&HashSet::from([mapping]));
            let group = group.as_deref();
            parts.add_mapping(&MappingEdge { mapping: Some(mapping), dependent, provider, effect, group, required, needed });
        } else {
            parts.remove_mappings(&HashSet::from([mapping]));
        }
    }

    /// Puts the item into another state of its life cycle.
    fn set_lifecycle(&self, parts: &mut GraphBuilder, at: &str, item: Id, faults: &mut Faults) {
        let Some(node) = parts.find(item) else { return };
        let item = parts.item_mut(node);
        let word = self.lifecycle.as_deref().unwrap_or_default();
        let (words, live) = match item.kind {
            Kind::Component => (enum_values::<ComponentLifecycle>(), ComponentLifecycle::InService.as_str()),
            Kind::Service => (enum_values::<ServiceLifecycle>(), ServiceLifecycle::Live.as_str()),
            _ => (enum_values::<ProcessStatus>(), ProcessStatus::Active.as_str()),
        };
        if !words.contains(&word) {
            faults.add(format!("{at}/lifecycle"), "not_allowed", format!("one of {} is wanted", words.join(", ")));
            return;
        }
        item.live = word == live;
    }

    fn set(&self, parts: &mut GraphBuilder, item: Id, site: Option<Id>) {
        let Some(node) = parts.find(item) else { return };
        let item = parts.item_mut(node);
        let capability = &mut item.capability;
        capability.recovery = self.recovery_time_seconds.or(capability.recovery);
        capability.restart = self.restart_seconds.or(capability.restart);
        capability.data_loss = self.data_loss_seconds.or(capability.data_loss);
        item.place = site.or(item.place);
    }
}

fn state(effect: Effect) -> State {
    match effect {
        Effect::Cascade => State::Down,
        Effect::Partial => State::Degraded,
        Effect::None => State::Up,
    }
}

/// The objects and dependencies with the changes made, one after the other.
///
/// # Errors
/// With every fault of the changes.
async fn apply(conn: &mut Conn<'_>, view: &GraphView, field: &str, edits: &[Edit]) -> Result<GraphBuilder> {
    let mut faults = Faults::default();
    let mut asked = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        edit.check(&format!("/{field}/{index}"), &mut faults);
        let links = edit.links().into_iter().filter_map(|(name, link, kinds)| Some((name, link?, kinds)));
        asked.extend(links.map(|(name, link, kinds)| QuestionRef { pointer: format!("/{field}/{index}/{name}"), link, kinds }));
    }
    let mut found = view.resolve(conn, &asked, &mut faults).await?.into_iter();
    let mut ids = Vec::with_capacity(edits.len());
    for edit in edits {
        ids.push(edit.links().map(|(_, link, _)| link.and_then(|_| found.next().flatten())));
    }
    faults.into_result()?;
    let mut faults = Faults::default();
    let mut parts = view.landscape.parts().clone();
    for (index, (edit, ids)) in edits.iter().zip(ids).enumerate() {
        match ids[3] {
            Some(item) if edit.op == EditOperation::SetLifecycle => {
                edit.set_lifecycle(&mut parts, &format!("/{field}/{index}"), item, &mut faults);
            }
            Some(item) => edit.set(&mut parts, item, ids[4]),
            None => edit.tie(&mut parts, &format!("/{field}/{index}"), ids, &mut faults),
        }
    }
    faults.into_result()?;
    Ok(parts)
}

/// The graph with the changes.
///
/// # Errors
/// With the faults of the changes.
pub async fn edited(conn: &mut Conn<'_>, view: &GraphView, field: &str, edits: &[Edit]) -> Result<Arc<Landscape>> {
    if edits.is_empty() {
        return Ok(Arc::clone(&view.landscape));
    }
    let changed = apply(conn, view, field, edits).await?;
    Ok(Arc::new(Landscape::new(changed)))
}

/// The objects the changes are about.
///
/// # Errors
/// When the database does not answer.
pub async fn touched(conn: &mut Conn<'_>, view: &GraphView, edits: &[Edit]) -> Result<Vec<Id>> {
    let mut asked = Vec::new();
    for edit in edits {
        let links = edit.links().into_iter().filter_map(|(_, link, kinds)| Some((link?, kinds)));
        asked.extend(links.map(|(link, kinds)| QuestionRef { pointer: String::new(), link, kinds }));
    }
    let found = view.resolve(conn, &asked, &mut Faults::default()).await?;
    let mut ids = Vec::new();
    for id in found.into_iter().flatten() {
        match view.landscape.parts().mapping(id) {
            Some(tie) => ids.extend([tie.dependent, tie.provider]),
            None => ids.push(id),
        }
    }
    ids.retain(|id| view.landscape.node(*id).is_some_and(|node| LOSABLE.contains(&view.landscape.items()[node].kind)));
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

//! What is wanted of objects, one by one: how an order becomes the draft of what is to be.
use super::write::append_only;
use super::{Draft, draft};
use crate::graph::load::objectives::{Moves, refresh_objectives};
use crate::model::{Error, ExternalRef, Head, Id, Kind, Result, Spelling};
use crate::resources::{Made, Resource};
use crate::store::{Object, Planned, Tx};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// What is wanted of one object.
pub struct Order<R> {
    /// Its place in the request.
    pub place: usize,
    /// Which object; `None` creates a new one.
    pub target: Option<Spelling>,
    pub verb: Verb<R>,
    pub guard: Guard,
}

/// What to do with it.
pub enum Verb<R> {
    /// Create, or replace when it is there.
    Put(Box<Draft<R>>),
    /// Lay a JSON merge patch over it; with `creates`, over nothing when it is not there.
    Patch {
        patch: Value,
        creates: bool,
    },
    Delete,
}

/// Conditions of the client.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// `If-Match`: one of these versions; an empty list is met by none.
    pub versions: Option<Vec<i64>>,
    /// `If-Match: *`.
    pub present: bool,
    /// `If-None-Match: *`.
    pub absent: bool,
}

impl Guard {
    /// Whether an object that is there, in this version, is the one the change is meant for.
    ///
    /// # Errors
    /// `Stale` when it is not.
    pub fn met_by(&self, version: i64) -> Result<()> {
        let other = self.versions.as_ref().is_some_and(|versions| !versions.contains(&version));
        if self.absent || other { Err(Error::Stale) } else { Ok(()) }
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Created,
    Updated,
    Unchanged,
    Deleted,
}

impl Done {
    pub const fn as_str(self) -> &'static str {
        match self {
            Done::Created => "created",
            Done::Updated => "updated",
            Done::Unchanged => "unchanged",
            Done::Deleted => "deleted",
        }
    }
}

/// What the sets of one request share.
#[derive(Default)]
pub struct Common {
    /// Objects of this request by every spelling, so that references may run forward.
    known: HashMap<Spelling, Vec<(Kind, Id)>>,
    /// Objects whose effective objectives, and those below, are to be computed anew.
    pub(super) moves: Moves,
    /// Objects this request deletes.
    pub doomed: HashSet<Id>,
}

impl Common {
    /// Computes what the changes moved; once, after all of them.
    pub async fn settle(&mut self, tx: &mut Tx) -> Result<HashMap<Id, crate::model::Objectives>> {
        refresh_objectives(tx, std::mem::take(&mut self.moves)).await
    }
    pub(super) fn know(&mut self, kind: Kind, id: Id, spellings: Vec<Spelling>) {
        for spelling in spellings {
            let known = self.known.entry(spelling).or_default();
            if !known.contains(&(kind, id)) {
                known.push((kind, id));
            }
        }
    }
    pub(super) fn forget(&mut self, gone: &HashSet<Id>) {
        for found in self.known.values_mut().filter(|_| !gone.is_empty()) {
            found.retain(|(_, known)| !gone.contains(known));
        }
    }
    /// The objects of this request that a spelling names.
    pub(super) fn named(&self, spelling: &Spelling) -> &[(Kind, Id)] {
        self.known.get(spelling).map(Vec::as_slice).unwrap_or_default()
    }
    /// Whether an object of the kind is known under a spelling; another kind may have the same key.
    pub(super) fn knows(&self, kind: Kind, spelling: &Spelling) -> bool {
        self.named(spelling).iter().any(|(known, _)| *known == kind)
    }
}

/// An order on its way.
pub struct Pending<R: Resource> {
    pub place: usize,
    pub(super) target: Option<Spelling>,
    pub(super) verb: Verb<R>,
    guard: Guard,
    pub id: Id,
    pub old: Option<Object<R>>,
    /// Where it points to what only this request makes.
    pub(super) leans: Vec<(String, Id)>,
    pub outcome: Result<Option<(Done, Object<R>)>>,
}

impl<R: Resource> Pending<R> {
    pub(super) fn new(order: Order<R>, id: Id) -> Pending<R> {
        let Order { place, target, verb, guard } = order;
        Pending { place, target, verb, guard, id, old: None, leans: Vec::new(), outcome: Ok(None) }
    }

    /// Whether this is an order to delete that may still be carried out.
    pub fn deletes(&self, common: &Common) -> bool {
        self.outcome.is_ok() && self.old.is_some() && common.doomed.contains(&self.id)
    }

    /// Whether the order is possible at all for what is there.
    pub(super) fn admit(&self) -> Result<()> {
        match (&self.old, &self.guard) {
            (Some(_), guard) if guard.absent => return Err(Error::Stale),
            (None, guard) if (guard.present || guard.versions.is_some()) && self.target.is_some() && self.creates() => {
                return Err(Error::Stale);
            }
            (Some(old), Guard { versions: Some(versions), .. }) if !versions.contains(&old.head.version) => {
                return Err(Error::Stale);
            }
            _ => {}
        }
        match (&self.old, &self.verb) {
            (Some(_), Verb::Delete) if !R::DELETED => Err(append_only::<R>()),
            (None, Verb::Patch { creates: false, .. }) => Err(Error::NotFound),
            (None, Verb::Delete) if self.guard.versions.is_some() => Err(Error::Stale),
            // An id is given by the service: nothing can be created under one.
            (None, Verb::Put(_) | Verb::Patch { .. }) if matches!(self.target, Some(Spelling::Id(_))) => Err(Error::NotFound),
            (None, Verb::Put(_) | Verb::Patch { .. }) if !R::CREATED => {
                Err(Error::conflict("not_created", "objects of this kind are created by the service only"))
            }
            _ => Ok(()),
        }
    }

    fn creates(&self) -> bool {
        matches!(self.verb, Verb::Put(_) | Verb::Patch { creates: true, .. }) && !matches!(self.target, Some(Spelling::Id(_)))
    }

    /// Every spelling under which others of the request may know the object.
    pub(super) fn spellings(&self, draft: Option<&Draft<R>>) -> Vec<Spelling> {
        let mut all = vec![Spelling::Id(self.id)];
        all.extend(self.target.clone());
        let key = draft.and_then(|draft| draft.head.key.clone()).or_else(|| self.old.as_ref().map(|old| old.head.key.clone()));
        all.extend(key.map(Spelling::Key));
        let refs = draft.filter(|draft| draft.given.contains("external_refs")).map(|draft| &draft.head.external_refs);
        let refs = refs.or(self.old.as_ref().map(|old| &old.head.external_refs));
        all.extend(refs.into_iter().flatten().map(|one| Spelling::External { system: one.system.clone(), id: one.id.clone() }));
        all
    }

    /// The draft of what the object is to be, with the identity it has or is addressed by.
    pub(super) fn take_draft(&mut self) -> Result<Option<Draft<R>>> {
        let verb = std::mem::replace(&mut self.verb, Verb::Delete);
        // Only a patch may take away the reference by which the object was found.
        let keeps = !matches!(verb, Verb::Patch { creates: false, .. });
        let mut draft = match (verb, &self.old) {
            (Verb::Put(draft), _) => *draft,
            (Verb::Patch { patch, .. }, None) => {
                let mut content = Value::Object(serde_json::Map::new());
                overlay::<R>(&mut content, &patch);
                draft::parse::<R>(content)?
            }
            (Verb::Patch { patch, .. }, Some(old)) => {
                let mut content = draft::of(&old.head, &old.body)?;
                overlay::<R>(&mut content, &patch);
                let mut draft = draft::parse::<R>(content)?;
                for field in R::UNPATCHED.iter().filter(|field| patch.get(field).is_some()) {
                    if !draft.faults.has(&format!("/{field}")) {
                        draft.faults.add(format!("/{field}"), "read_only", format!("{field} is not changed by a patch"));
                    }
                }
                draft.given.extend(["external_refs", "tags", "attributes"].map(String::from));
                draft
            }
            _ => return Ok(None),
        };
        if let Some(old) = &self.old {
            // An integrator that does not speak of these has no opinion on them.
            let old = &old.head;
            draft.head.key.get_or_insert_with(|| old.key.clone());
            if !draft.given.contains("external_refs") {
                draft.head.external_refs.clone_from(&old.external_refs);
            }
        }
        match &self.target {
            Some(Spelling::Key(key)) if self.old.is_none() && draft.head.key.get_or_insert_with(|| key.clone()) != key => {
                draft.faults.add("/key", "inconsistent", "another key than the one it is addressed by");
            }
            Some(Spelling::External { system, id })
                if keeps && !draft.head.external_refs.iter().any(|one| one.system == *system && one.id == *id) =>
            {
                draft.head.external_refs.push(ExternalRef { system: system.clone(), id: id.clone(), url: None });
            }
            _ => {}
        }
        Ok(Some(draft))
    }

    pub(super) async fn plan(&self, tx: &mut Tx, draft: Draft<R>) -> Result<Planned<R>> {
        let change = tx.change().clone();
        let generated = draft.head.key.is_none();
        let key = match draft.head.key {
            Some(key) => {
                if let Some(number) = R::KIND.number_of(&key) {
                    tx.pass_number(R::KIND, number).await?;
                }
                key
            }
            None => format!("{}-{}", R::KIND.prefix(), tx.next_number(R::KIND).await?),
        };
        let made =
            Made { old: self.old.as_ref().map(|old| &old.body), given: &draft.given, actor: &change.actor, now: change.now };
        let body = draft.body.settled(&made);
        let old = self.old.as_ref().map(|old| &old.head);
        let head = Head {
            id: self.id,
            kind: R::KIND,
            key,
            name: draft.head.name,
            description: draft.head.description,
            external_refs: draft.head.external_refs,
            tags: draft.head.tags,
            attributes: draft.head.attributes,
            version: old.map_or(1, |old| old.version + 1),
            created_at: old.map_or(change.now, |old| old.created_at),
            updated_at: change.now,
            created_by: old.map_or(change.actor.clone(), |old| old.created_by.clone()),
            updated_by: change.actor,
            effective: old.map_or(body.objectives(), |old| old.effective),
        };
        Ok(Planned { old: self.old.clone(), new: Object::new(head, body), generated, fault: None })
    }
}

/// Lays a merge patch over the content. Also what clients do not write cannot be taken away: it stays to be refused.
fn overlay<R: Resource>(content: &mut Value, patch: &Value) {
    crate::model::merge(content, patch);
    for (name, value) in patch.as_object().into_iter().flatten() {
        if value.is_null() && !super::schema::is_writable(R::KIND, name) {
            content[name] = Value::Null;
        }
    }
}

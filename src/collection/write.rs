//! Changes to a set of objects of one kind: looked up together, checked together, written together. A single call is a
//! set of one, a batch has a set for every kind.
use super::{Draft, draft, view};
use crate::graph::load::refresh_objectives;
use crate::model::{ExternalRef, Error, Faults, Head, Id, Kind, Link, Result, Spelling};
use crate::resources::Resource;
use crate::store::ledger::{Fact, Operation};
use crate::store::{Object, Planned, Stored, Tx, heads, resolve};
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
    Patch { patch: Value, creates: bool },
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
    moved: HashSet<Id>,
    /// Objects this request deletes.
    pub doomed: HashSet<Id>,
}

impl Common {
    /// Computes what the changes moved; once, after all of them.
    pub async fn settle(&mut self, tx: &mut Tx) -> Result<HashMap<Id, crate::model::Objectives>> {
        let moved = std::mem::take(&mut self.moved);
        refresh_objectives(tx, &moved).await
    }
    pub fn moved(&mut self, id: Option<Id>) {
        self.moved.extend(id);
    }
    fn know(&mut self, kind: Kind, id: Id, spellings: Vec<Spelling>) {
        for spelling in spellings {
            let known = self.known.entry(spelling).or_default();
            if !known.contains(&(kind, id)) {
                known.push((kind, id));
            }
        }
    }
    fn forget(&mut self, id: Id) {
        for found in self.known.values_mut() {
            found.retain(|(_, known)| *known != id);
        }
    }
}

/// An order on its way.
pub struct Pending<R> {
    pub place: usize,
    target: Option<Spelling>,
    verb: Verb<R>,
    guard: Guard,
    pub id: Id,
    pub old: Option<Object<R>>,
    pub outcome: Result<Option<(Done, Object<R>)>>,
}

/// The orders for one kind.
pub struct Set<R>(pub Vec<Pending<R>>);

impl<R: Stored> Set<R> {
    pub fn new(orders: Vec<Order<R>>, mut new_id: impl FnMut() -> Id) -> Set<R> {
        let pending = |order: Order<R>| Pending {
            place: order.place,
            target: order.target,
            verb: order.verb,
            guard: order.guard,
            id: new_id(),
            old: None,
            outcome: Ok(None),
        };
        Set(orders.into_iter().map(pending).collect())
    }

    /// Finds the objects that are there already and makes all of them known to each other.
    pub async fn locate(&mut self, tx: &mut Tx, common: &mut Common) -> Result<()> {
        let org = tx.organization();
        let targets: HashSet<Spelling> = self.0.iter().filter_map(|one| one.target.clone()).collect();
        let found = resolve::locate(&mut tx.conn()?, org, &[R::KIND], &targets).await?;
        let there = |one: &Pending<R>| one.target.as_ref().and_then(|t| found.get(t)).and_then(|all| all.first()).map(|(_, id)| *id);
        let ids: Vec<Id> = self.0.iter().filter_map(there).collect();
        let olds = R::find_all(&mut tx.conn()?, org, &ids).await?;
        let olds: HashMap<Id, Object<R>> = olds.into_iter().map(|object| (object.head.id, object)).collect();
        let mut seen = HashSet::new();
        for one in &mut self.0 {
            one.old = there(one).and_then(|id| olds.get(&id).cloned());
            if let Some(old) = &one.old {
                one.id = old.head.id;
            }
            if let Err(error) = one.admit() {
                one.outcome = Err(error);
                continue;
            }
            let unseen = seen.insert(one.id) && one.target.as_ref().is_none_or(|t| one.old.is_some() || !common.known.contains_key(t));
            if !unseen {
                one.outcome = Err(Error::conflict("duplicate_row", "the same object stands in the request twice"));
                continue;
            }
            match &one.verb {
                Verb::Delete if one.old.is_some() => drop(common.doomed.insert(one.id)),
                Verb::Put(draft) if draft.faults.is_empty() => common.know(R::KIND, one.id, one.spellings(Some(draft))),
                Verb::Patch { .. } => common.know(R::KIND, one.id, one.spellings(None)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks and writes everything but deletions.
    pub async fn write(&mut self, tx: &mut Tx, common: &mut Common) -> Result<()> {
        let mut planned = self.plan(tx, common).await?;
        let (mut changes, places): (Vec<Planned<R>>, Vec<usize>) = planned.drain(..).unzip();
        taken(tx, &mut changes).await?;
        R::inspect(tx, &mut changes).await?;
        for (change, place) in changes.iter_mut().zip(&places) {
            if let Some(fault) = change.fault.take() {
                common.forget(self.0[*place].id);
                self.0[*place].outcome = Err(fault);
            }
        }
        let sound = |place: &usize| self.0[*place].outcome.is_ok();
        let (changes, places): (Vec<_>, Vec<_>) = changes.into_iter().zip(places).filter(|(_, place)| sound(place)).unzip();
        let done = apply(tx, common, changes).await?;
        for (done, place) in done.into_iter().zip(places) {
            self.0[place].outcome = Ok(Some(done));
        }
        Ok(())
    }

    /// Resolves references and checks each object on its own.
    async fn plan(&mut self, tx: &mut Tx, common: &mut Common) -> Result<Vec<(Planned<R>, usize)>> {
        let mut drafts: Vec<(usize, Draft<R>)> = Vec::new();
        for (index, one) in self.0.iter_mut().enumerate().filter(|(_, one)| one.outcome.is_ok()) {
            match one.take_draft() {
                Ok(Some(draft)) => drafts.push((index, draft)),
                Ok(None) => {}
                Err(error) => one.outcome = Err(error),
            }
        }
        let found = look_up(tx, common, &mut drafts).await?;
        let mut planned = Vec::new();
        loop {
            let mut failed = Vec::new();
            let mut next = Vec::new();
            for (index, mut draft) in drafts.drain(..) {
                let mut faults = std::mem::take(&mut draft.faults);
                let well_formed = faults.is_empty();
                point(&mut draft, &found, common, &mut faults);
                if well_formed {
                    draft.head.check(&mut faults);
                    draft.body.check(&mut faults);
                }
                match faults.into_result() {
                    Ok(()) => next.push((index, draft)),
                    Err(error) => {
                        failed.push(self.0[index].id);
                        self.0[index].outcome = Err(error);
                    }
                }
            }
            // Whoever pointed to what has just failed fails too.
            if failed.is_empty() {
                for (index, draft) in next {
                    planned.push((self.0[index].plan(tx, draft).await?, index));
                }
                return Ok(planned);
            }
            failed.into_iter().for_each(|id| common.forget(id));
            drafts = next;
        }
    }
}

impl<R: Resource> Pending<R> {
    /// Whether this is an order to delete that may still be carried out.
    pub fn deletes(&self, common: &Common) -> bool {
        self.outcome.is_ok() && self.old.is_some() && common.doomed.contains(&self.id)
    }

    /// Whether the order is possible at all for what is there.
    fn admit(&self) -> Result<()> {
        match (&self.old, &self.guard) {
            (Some(_), guard) if guard.absent => return Err(Error::Stale),
            (None, guard) if (guard.present || guard.versions.is_some()) && self.target.is_some() && self.creates() => {
                return Err(Error::Stale);
            }
            (Some(old), Guard { versions: Some(versions), .. }) if !versions.contains(&old.head.version) => return Err(Error::Stale),
            _ => {}
        }
        match (&self.old, &self.verb) {
            (None, Verb::Patch { creates: false, .. }) => Err(Error::NotFound),
            (None, Verb::Delete) if self.guard.versions.is_some() => Err(Error::Stale),
            // An id is given by the service: nothing can be created under one.
            (None, Verb::Put(_) | Verb::Patch { .. }) if matches!(self.target, Some(Spelling::Id(_))) => Err(Error::NotFound),
            _ => Ok(()),
        }
    }

    fn creates(&self) -> bool {
        matches!(self.verb, Verb::Put(_) | Verb::Patch { creates: true, .. }) && !matches!(self.target, Some(Spelling::Id(_)))
    }

    /// Every spelling under which others of the request may know the object.
    fn spellings(&self, draft: Option<&Draft<R>>) -> Vec<Spelling> {
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
    fn take_draft(&mut self) -> Result<Option<Draft<R>>> {
        let verb = std::mem::replace(&mut self.verb, Verb::Delete);
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
            Some(Spelling::External { system, id }) => {
                if !draft.head.external_refs.iter().any(|one| one.system == *system && one.id == *id) {
                    draft.head.external_refs.push(ExternalRef { system: system.clone(), id: id.clone(), url: None });
                }
            }
            _ => {}
        }
        Ok(Some(draft))
    }

    async fn plan(&self, tx: &mut Tx, draft: Draft<R>) -> Result<Planned<R>> {
        let change = tx.change().clone();
        let key = match draft.head.key {
            Some(key) => {
                if let Some(number) = R::KIND.number_of(&key) {
                    tx.pass_number(R::KIND, number).await?;
                }
                key
            }
            None => format!("{}-{}", R::KIND.prefix(), tx.next_number(R::KIND).await?),
        };
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
            effective: old.map_or(draft.body.objectives(), |old| old.effective),
        };
        Ok(Planned { old: self.old.clone(), new: Object { head, body: draft.body.settled() }, fault: None })
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

/// Looks up every reference that the request itself does not answer.
async fn look_up<R: Resource>(tx: &mut Tx, common: &Common, drafts: &mut [(usize, Draft<R>)]) -> Result<resolve::Found> {
    let mut wanted = HashSet::new();
    let mut kinds: HashSet<Kind> = HashSet::new();
    for (_, draft) in drafts {
        for slot in draft.body.links() {
            let Link::Spelled { text, .. } = &*slot.link else { continue };
            kinds.extend(slot.kinds);
            wanted.extend(Spelling::parse(text));
        }
    }
    // What the request creates or changes is looked up too: a key may stand in several kinds.
    let kinds: Vec<Kind> = kinds.into_iter().collect();
    let org = tx.organization();
    let mut found = resolve::locate(&mut tx.conn()?, org, &kinds, &wanted).await?;
    for all in found.values_mut() {
        all.retain(|(_, id)| !common.doomed.contains(id));
    }
    Ok(found)
}

/// Points every link of a draft at its object.
fn point<R: Resource>(draft: &mut Draft<R>, found: &resolve::Found, common: &Common, faults: &mut Faults) {
    let given = std::mem::take(&mut draft.given);
    for slot in draft.body.links() {
        let root = slot.pointer.split('/').nth(1).unwrap_or_default();
        let (text, kind) = match &*slot.link {
            Link::Spelled { text, kind } => (text.clone(), *kind),
            // Pointed in an earlier round: it must still be there.
            Link::To(id) => (id.to_string(), None),
            Link::Named(_) => continue,
        };
        if !given.contains(root) {
            continue;
        }
        let unknown = || format!("{text} is none of the organisation's {}", collections(slot.kinds));
        let Some(spelling) = Spelling::parse(&text) else {
            faults.add(slot.pointer, "bad_format", "neither a UUID nor key:… nor ref:system:id");
            continue;
        };
        let mut all: Vec<(Kind, Id)> = Vec::new();
        for one in found.get(&spelling).into_iter().chain(common.known.get(&spelling)).flatten() {
            if slot.kinds.contains(&one.0) && kind.is_none_or(|kind| kind == one.0) && !all.contains(one) {
                all.push(*one);
            }
        }
        match all.as_slice() {
            [(_, id)] => *slot.link = Link::To(*id),
            [] if matches!(slot.link, Link::To(id) if !common.known.contains_key(&Spelling::Id(*id))) => {}
            [] => faults.add(slot.pointer, "unknown_reference", unknown()),
            _ => faults.add(slot.pointer, "ambiguous_reference", format!("{text} stands in several kinds: send an object with id and kind")),
        }
    }
    draft.given = given;
}

fn collections(kinds: &[Kind]) -> String {
    kinds.iter().map(|kind| kind.collection()).collect::<Vec<_>>().join(", ")
}

/// Marks the changes whose key or external reference another object already has.
async fn taken<R: Resource>(tx: &mut Tx, changes: &mut [Planned<R>]) -> Result<()> {
    let mut wanted: HashSet<Spelling> = HashSet::new();
    for one in changes.iter() {
        let head = &one.new.head;
        let old = one.old.as_ref().map(|old| &old.head);
        let key = (old.map(|old| &old.key) != Some(&head.key)).then(|| Spelling::Key(head.key.clone()));
        let refs = head.external_refs.iter().filter(|one| !old.is_some_and(|old| old.external_refs.contains(one)));
        let refs = refs.map(|one| Spelling::External { system: one.system.clone(), id: one.id.clone() });
        wanted.extend(key.into_iter().chain(refs));
    }
    let org = tx.organization();
    let found = resolve::locate(&mut tx.conn()?, org, &[R::KIND], &wanted).await?;
    // Of several that want the same the first gets it.
    let mut claimed: HashMap<Spelling, Id> = HashMap::new();
    for one in changes.iter_mut() {
        let head = &one.new.head;
        let others = |spelling: &Spelling| {
            let there = found.get(spelling).into_iter().flatten().any(|(_, id)| *id != head.id);
            there || claimed.get(spelling).is_some_and(|id| *id != head.id)
        };
        let mut faults = Faults::default();
        let mut code = "key_taken";
        if others(&Spelling::Key(head.key.clone())) {
            faults.add("/key", "key_taken", format!("another object has the key {}", head.key));
        }
        for (index, external) in head.external_refs.iter().enumerate() {
            if others(&Spelling::External { system: external.system.clone(), id: external.id.clone() }) {
                code = if faults.is_empty() { "external_ref_taken" } else { code };
                let detail = format!("another object has the id {} in {}", external.id, external.system);
                faults.add(format!("/external_refs/{index}"), "external_ref_taken", detail);
            }
        }
        if faults.is_empty() {
            let refs = head.external_refs.iter().map(|one| Spelling::External { system: one.system.clone(), id: one.id.clone() });
            claimed.extend(refs.chain([Spelling::Key(head.key.clone())]).map(|spelling| (spelling, head.id)));
        } else {
            one.fault = Some(Error::Conflict { code, detail: "another object already has it".into(), faults: faults.into_vec() });
        }
    }
    Ok(())
}

async fn apply<R: Stored>(tx: &mut Tx, common: &mut Common, changes: Vec<Planned<R>>) -> Result<Vec<(Done, Object<R>)>> {
    let org = tx.organization();
    let mut done = Vec::with_capacity(changes.len());
    let (mut created, mut updated) = (Vec::new(), Vec::new());
    for (index, change) in changes.iter().enumerate() {
        match &change.old {
            None => created.push(index),
            Some(old) if old.body == change.new.body && old.head.draft() == change.new.head.draft() => {}
            Some(_) => updated.push(index),
        }
    }
    let heads: Vec<&Head> = created.iter().map(|index| &changes[*index].new.head).collect();
    heads::insert(&mut tx.conn()?, org, &heads).await?;
    let objects: Vec<&Object<R>> = created.iter().map(|index| &changes[*index].new).collect();
    R::insert(&mut tx.conn()?, org, &objects).await?;
    for index in &updated {
        let change = &changes[*index];
        if let Some(old) = &change.old {
            heads::update(&mut tx.conn()?, org, &old.head, &change.new.head).await?;
            R::update(&mut tx.conn()?, org, &change.new).await?;
        }
    }
    let written: Vec<&Object<R>> = created.iter().chain(&updated).map(|index| &changes[*index].new).collect();
    R::written(tx, &written).await?;
    let (created, updated): (HashSet<usize>, HashSet<usize>) = (created.into_iter().collect(), updated.into_iter().collect());
    for (index, change) in changes.into_iter().enumerate() {
        let what = match (created.contains(&index), updated.contains(&index)) {
            (true, _) => Done::Created,
            (_, true) => Done::Updated,
            _ => {
                let same = change.old.unwrap_or(change.new);
                done.push((Done::Unchanged, same));
                continue;
            }
        };
        let new = change.new;
        record(tx, &new, if what == Done::Created { Operation::Created } else { Operation::Updated }).await?;
        let old = change.old.map(|old| old.body);
        common.moved.extend(new.body.carries_to());
        common.moved.extend(old.as_ref().and_then(|old| old.carries_to()));
        if old.is_some_and(|old| old.objectives() != new.body.objectives()) {
            common.moved.insert(new.head.id);
        }
        done.push((what, new));
    }
    Ok(done)
}

async fn record<R: Resource>(tx: &mut Tx, object: &Object<R>, operation: Operation) -> Result<()> {
    let head = &object.head;
    let body = Some(view::record(object)?);
    let fact = Fact { kind: R::KIND, id: head.id, key: head.key.clone(), version: head.version, operation, body };
    tx.record(fact).await.map(drop)
}

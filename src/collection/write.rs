//! Changes to a set of objects of one kind: looked up together, checked together, written together. A single call is a
//! set of one, a batch has a set for every kind.
use super::Draft;
pub use super::order::{Common, Done, Guard, Order, Pending, Verb};
use super::point::{look_up, point};
use crate::app::new_id;
use crate::model::{Error, Faults, Id, Result, Spelling};
use crate::resources::Resource;
use crate::store::ledger::Operation;
use crate::store::{Object, Planned, Stored, Tx, insert_objects, overwrite, record, resolve};
use std::collections::{HashMap, HashSet};

/// The orders for one kind.
pub struct Set<R: Resource> {
    pub orders: Vec<Pending<R>>,
    /// Targets that name nothing yet.
    absent: HashSet<Spelling>,
}

impl<R: Stored> Set<R> {
    pub fn new(orders: Vec<Order<R>>, mut new_id: impl FnMut() -> Id) -> Set<R> {
        let orders = orders.into_iter().map(|order| Pending::new(order, new_id())).collect();
        Set { orders, absent: HashSet::new() }
    }

    /// Finds the objects that are there already and makes all of them known to each other.
    pub async fn locate(&mut self, tx: &mut Tx, common: &mut Common) -> Result<()> {
        let org = tx.organization();
        let targets: HashSet<Spelling> = self.orders.iter().filter_map(|one| one.target.clone()).collect();
        let found = resolve::locate(&mut tx.conn()?, org, &[R::KIND], &targets).await?;
        let there =
            |one: &Pending<R>| one.target.as_ref().and_then(|t| found.get(t)).and_then(|all| all.first()).map(|(_, id)| *id);
        let ids: Vec<Id> = self.orders.iter().filter_map(there).collect();
        self.absent = targets.iter().filter(|target| !found.contains_key(target)).cloned().collect();
        let olds = R::find_all(&mut tx.conn()?, org, &ids).await?;
        let olds: HashMap<Id, Object<R>> = olds.into_iter().map(|object| (object.head.id, object)).collect();
        let mut seen = HashSet::new();
        for one in &mut self.orders {
            one.old = there(one).and_then(|id| olds.get(&id).cloned());
            if let Some(old) = &one.old {
                one.id = old.head.id;
            }
            if let Err(error) = one.admit() {
                one.outcome = Err(error);
                continue;
            }
            let unseen =
                seen.insert(one.id) && one.target.as_ref().is_none_or(|t| one.old.is_some() || !common.knows(R::KIND, t));
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
        let (mut changes, places): (Vec<Planned<R>>, Vec<usize>) = self.plan(tx, common).await?.into_iter().unzip();
        taken(tx, &mut changes, &self.absent).await?;
        permitted(tx, &mut changes).await?;
        R::inspect(tx, &mut changes).await?;
        let mut failed = Vec::new();
        for (change, place) in changes.iter_mut().zip(&places) {
            if let Some(fault) = change.fault.take() {
                failed.push(change.new.head.id);
                self.orders[*place].outcome = Err(fault);
            }
        }
        self.sink(common, failed);
        let mut sound = (Vec::with_capacity(changes.len()), Vec::with_capacity(places.len()));
        sound.extend(changes.into_iter().zip(places).filter(|(_, place)| self.orders[*place].outcome.is_ok()));
        let (changes, places) = sound;
        let done = apply(tx, common, changes).await?;
        for (done, place) in done.into_iter().zip(places) {
            self.orders[place].outcome = Ok(Some(done));
        }
        Ok(())
    }

    /// Resolves references and checks each object on its own.
    async fn plan(&mut self, tx: &mut Tx, common: &mut Common) -> Result<Vec<(Planned<R>, usize)>> {
        let mut drafts: Vec<(usize, Draft<R>)> = Vec::with_capacity(self.orders.len());
        for (index, one) in self.orders.iter_mut().enumerate().filter(|(_, one)| one.outcome.is_ok()) {
            match one.take_draft() {
                Ok(Some(draft)) => drafts.push((index, draft)),
                Ok(None) => {}
                Err(error) => one.outcome = Err(error),
            }
        }
        let found = look_up(tx, common, &mut drafts).await?;
        let mut failed: Vec<Id> =
            self.orders.iter().filter(|one| one.outcome.is_err() && one.old.is_none()).map(|one| one.id).collect();
        for (index, draft) in &mut drafts {
            let mut faults = std::mem::take(&mut draft.faults);
            let well_formed = faults.is_empty();
            self.orders[*index].leans = point(draft, &found, common, &mut faults);
            if well_formed {
                draft.head.check(&mut faults);
                draft.body.check(&mut faults);
            }
            if let Err(error) = faults.into_result() {
                failed.push(self.orders[*index].id);
                self.orders[*index].outcome = Err(error);
            }
        }
        self.sink(common, failed);
        let mut planned = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts {
            if self.orders[index].outcome.is_ok() {
                planned.push((self.orders[index].plan(tx, draft).await?, index));
            }
        }
        Ok(planned)
    }

    /// Whoever points to what has just failed, and is not there without it, fails too.
    fn sink(&mut self, common: &mut Common, mut failed: Vec<Id>) {
        let mut leaning: HashMap<Id, Vec<usize>> = HashMap::new();
        for (index, one) in self.orders.iter().enumerate().filter(|(_, one)| one.outcome.is_ok()) {
            one.leans.iter().for_each(|(_, id)| leaning.entry(*id).or_default().push(index));
        }
        let mut gone = HashSet::new();
        while let Some(id) = failed.pop() {
            gone.insert(id);
            for index in leaning.remove(&id).unwrap_or_default() {
                let one = &mut self.orders[index];
                if one.outcome.is_ok() {
                    let mut faults = Faults::default();
                    for (pointer, _) in one.leans.iter().filter(|(_, to)| *to == id) {
                        faults.add(pointer, "unknown_reference", "what it points to could not be made");
                    }
                    one.outcome = faults.into_result().map(|()| None);
                    failed.push(one.id);
                }
            }
        }
        common.forget(&gone);
    }
}

/// Writes what a single draft wants; tells what that did.
///
/// # Errors
/// When the draft has a fault.
pub async fn put_one<R: Stored>(tx: &mut Tx, target: Option<Spelling>, draft: Draft<R>) -> Result<(Done, Object<R>)> {
    let order = Order { place: 0, target, verb: Verb::Put(Box::new(draft)), guard: Guard::default() };
    let mut common = Common::default();
    let mut set = Set::new(vec![order], new_id);
    set.locate(tx, &mut common).await?;
    set.write(tx, &mut common).await?;
    let one = set.orders.pop().ok_or(Error::NotFound)?;
    one.outcome?.ok_or(Error::NotFound)
}

/// Which objects the caller may write, of a kind of which some callers write only what is commissioned to them.
pub async fn theirs<R: Stored>(tx: &mut Tx, objects: &[&Object<R>]) -> Result<Vec<bool>> {
    let identity = tx.change().identity.clone().filter(|identity| identity.is_limited(R::KIND.collection()));
    let Some(identity) = identity else { return Ok(vec![true; objects.len()]) };
    let org = tx.organization();
    R::theirs(&mut tx.conn()?, org, &identity, objects).await
}

pub fn not_theirs() -> Error {
    Error::Forbidden("your roles write only what is commissioned to them".into())
}

/// Marks the changes the caller may not make, and those of what never changes.
async fn permitted<R: Stored>(tx: &mut Tx, changes: &mut [Planned<R>]) -> Result<()> {
    let olds: Vec<&Object<R>> = changes.iter().map(|change| change.old.as_ref().unwrap_or(&change.new)).collect();
    let before = theirs(tx, &olds).await?;
    let news: Vec<&Object<R>> = changes.iter().map(|change| &change.new).collect();
    let after = theirs(tx, &news).await?;
    for (change, theirs) in changes.iter_mut().zip(before.into_iter().zip(after)) {
        if theirs != (true, true) {
            change.fault = Some(not_theirs());
        } else if !R::CHANGED && change.old.as_ref().is_some_and(|old| differs(old, &change.new)) {
            change.fault = Some(append_only::<R>());
        }
    }
    Ok(())
}

fn differs<R: Resource>(old: &Object<R>, new: &Object<R>) -> bool {
    old.body != new.body || old.head.draft() != new.head.draft()
}

pub(super) fn append_only<R: Resource>() -> Error {
    let detail = if R::CHANGED {
        "what is kept here may change but is never deleted"
    } else {
        "what has been recorded here never changes and is never deleted: record another"
    };
    Error::conflict("append_only", detail)
}

/// Marks the changes whose key or external reference another object already has.
async fn taken<R: Resource>(tx: &mut Tx, changes: &mut [Planned<R>], absent: &HashSet<Spelling>) -> Result<()> {
    let mut wanted: HashSet<Spelling> = HashSet::new();
    for one in changes.iter() {
        let head = &one.new.head;
        let old = one.old.as_ref().map(|old| &old.head);
        let certain = one.generated || old.is_some_and(|old| old.key == head.key);
        let key = (!certain).then(|| Spelling::Key(head.key.clone()));
        let refs = head.external_refs.iter().filter(|one| !old.is_some_and(|old| old.external_refs.contains(one)));
        let refs = refs.map(|one| Spelling::External { system: one.system.clone(), id: one.id.clone() });
        wanted.extend(key.into_iter().chain(refs).filter(|spelling| !absent.contains(spelling)));
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
    let mut done = Vec::with_capacity(changes.len());
    let (mut created, mut updated) = (Vec::new(), Vec::new());
    for (index, change) in changes.iter().enumerate() {
        match &change.old {
            None => created.push(index),
            Some(old) if differs(old, &change.new) => updated.push(index),
            Some(_) => {}
        }
    }
    tx.make_room(created.len() + updated.len());
    insert_objects(tx, &created.iter().map(|index| &changes[*index].new).collect::<Vec<_>>()).await?;
    for change in updated.iter().map(|index| &changes[*index]) {
        if let Some(old) = &change.old {
            overwrite(tx, old, &change.new).await?;
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
        record::keep(tx, &new, if what == Done::Created { Operation::Created } else { Operation::Updated }).await?;
        let old = change.old.map(|old| old.body);
        match &old {
            None => common.moves.edges.extend(new.body.carries()),
            Some(old) => {
                let providers = [old.carries(), new.body.carries()].into_iter().flatten().map(|(_, provider)| provider);
                common.moves.others.extend(providers);
                if old.objectives() != new.body.objectives() {
                    common.moves.others.insert(new.head.id);
                }
            }
        }
        done.push((what, new));
    }
    let created: Vec<&Object<R>> = done.iter().filter(|(what, _)| *what == Done::Created).map(|(_, new)| new).collect();
    R::recorded(tx, &created).await?;
    Ok(done)
}

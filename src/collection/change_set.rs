//! Changes to a set of objects of one kind: looked up together, checked together, written together. A single call is a
//! set of one, a batch has a set for every kind.
use super::Draft;
use super::command::{AuditAction, BatchContext, Command, CommandState, WriteOutcome, append_only};
use super::references::{load_targets, resolve_links};
use super::withheld::keep_links;
use crate::graph::objectives::ObjectiveChanges;
use crate::http::preconditions::Preconditions;
use crate::model::{Error, Faults, Id, ObjectRef, Result};
use crate::store::clock::new_id;
use crate::store::{AnyKind, AnyObject, AnyPlanned, KindInfo, Tx, audit, insert_objects, ledger, overwrite, resolve};
use std::collections::{HashMap, HashSet};

/// The commands for one kind.
pub struct ChangeSet {
    pub kind: &'static dyn AnyKind,
    pub commands: Vec<CommandState>,
    /// Targets that name nothing yet.
    absent: HashSet<ObjectRef>,
}

impl ChangeSet {
    pub fn new(kind: &'static dyn AnyKind, commands: Vec<Command>) -> ChangeSet {
        let commands = commands.into_iter().map(|command| CommandState::new(command, new_id())).collect();
        ChangeSet { kind, commands, absent: HashSet::new() }
    }

    /// Finds the objects that are there already and makes all of them known to each other.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn locate(&mut self, tx: &mut Tx, context: &mut BatchContext) -> Result<()> {
        let (org, info) = (tx.organization(), self.kind.info());
        let targets: HashSet<ObjectRef> = self.commands.iter().filter_map(|one| one.target.clone()).collect();
        let found = resolve::locate(&mut tx.conn()?, org, &[info.kind], &targets).await?;
        let there =
            |one: &CommandState| one.target.as_ref().and_then(|t| found.get(t)).and_then(|all| all.first()).map(|(_, id)| *id);
        let ids: Vec<Id> = self.commands.iter().filter_map(there).collect();
        self.absent = targets.iter().filter(|target| !found.contains_key(target)).cloned().collect();
        let olds = super::read::load_all(&mut tx.conn()?, org, self.kind, &ids).await?;
        let olds: HashMap<Id, AnyObject> = olds.into_iter().map(|object| (object.meta().id, object)).collect();
        let mut seen = HashSet::new();
        for one in &mut self.commands {
            one.old = there(one).and_then(|id| olds.get(&id).cloned());
            if let Some(old) = &one.old {
                one.id = old.meta().id;
            }
            if let Err(error) = one.check_admissible(info) {
                one.outcome = Err(error);
                continue;
            }
            let unseen =
                seen.insert(one.id) && one.target.as_ref().is_none_or(|t| one.old.is_some() || !context.contains(info.kind, t));
            if !unseen {
                one.outcome = Err(Error::conflict("duplicate_row", "the same object stands in the request twice"));
                continue;
            }
            match &one.operation {
                AuditAction::Delete if one.old.is_some() => drop(context.to_delete.insert(one.id)),
                AuditAction::Put(draft) if draft.faults.is_empty() => {
                    context.register(info.kind, one.id, one.object_refs(Some(draft)));
                }
                AuditAction::Patch { .. } => context.register(info.kind, one.id, one.object_refs(None)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Checks and writes everything but deletions.
    ///
    /// # Errors
    /// When the database does not answer; faults of a command are its outcome.
    pub async fn write(&mut self, tx: &mut Tx, context: &mut BatchContext) -> Result<()> {
        let (mut changes, places): (Vec<AnyPlanned>, Vec<usize>) = self.plan(tx, context).await?.into_iter().unzip();
        check_unique(tx, self.kind, &mut changes, &self.absent).await?;
        authorize_changes(tx, self.kind, &mut changes).await?;
        keep_links(tx, &mut changes).await?;
        self.kind.validate_set(tx, &mut changes).await?;
        let mut failed = Vec::new();
        for (change, place) in changes.iter_mut().zip(&places) {
            if let Some(fault) = change.fault.take() {
                failed.push(change.new.meta().id);
                self.commands[*place].outcome = Err(fault);
            }
        }
        self.fail_dependents(context, failed);
        let mut sound = (Vec::with_capacity(changes.len()), Vec::with_capacity(places.len()));
        sound.extend(changes.into_iter().zip(places).filter(|(_, place)| self.commands[*place].outcome.is_ok()));
        let (changes, places) = sound;
        let done = apply(tx, self.kind, context, changes).await?;
        for (done, place) in done.into_iter().zip(places) {
            self.commands[place].outcome = Ok(Some(done));
        }
        Ok(())
    }

    /// Resolves references and checks each object on its own.
    async fn plan(&mut self, tx: &mut Tx, context: &mut BatchContext) -> Result<Vec<(AnyPlanned, usize)>> {
        let mut drafts: Vec<(usize, Draft)> = Vec::with_capacity(self.commands.len());
        for (index, one) in self.commands.iter_mut().enumerate().filter(|(_, one)| one.outcome.is_ok()) {
            match one.take_draft(self.kind) {
                Ok(Some(draft)) => drafts.push((index, draft)),
                Ok(None) => {}
                Err(error) => one.outcome = Err(error),
            }
        }
        let found = load_targets(tx, context, drafts.iter_mut().map(|(_, draft)| &mut draft.object)).await?;
        let mut failed: Vec<Id> =
            self.commands.iter().filter(|one| one.outcome.is_err() && one.old.is_none()).map(|one| one.id).collect();
        for (index, draft) in &mut drafts {
            let mut faults = std::mem::take(&mut draft.faults);
            let (well_formed, told) = (faults.is_empty(), faults.len());
            let forward = resolve_links(&mut draft.object, |field| draft.given.contains(field), &found, context, &mut faults);
            self.commands[*index].forward_references = forward;
            if well_formed {
                draft.meta.check(&mut faults);
                draft.object.check(&mut faults);
            }
            context.fault_budget.trim(&mut faults, told);
            if let Err(error) = faults.into_result() {
                failed.push(self.commands[*index].id);
                self.commands[*index].outcome = Err(error);
            }
        }
        self.fail_dependents(context, failed);
        let mut planned = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts {
            if self.commands[index].outcome.is_ok() {
                planned.push((self.commands[index].plan(tx, self.kind.info().kind, draft).await?, index));
            }
        }
        Ok(planned)
    }

    /// Fails every command that points to a new object whose own command failed, and so on: the foreign key could not
    /// hold.
    fn fail_dependents(&mut self, context: &mut BatchContext, mut failed: Vec<Id>) {
        let mut dependents: HashMap<Id, Vec<usize>> = HashMap::new();
        for (index, one) in self.commands.iter().enumerate().filter(|(_, one)| one.outcome.is_ok()) {
            one.forward_references.iter().for_each(|(_, id)| dependents.entry(*id).or_default().push(index));
        }
        let mut gone = HashSet::new();
        while let Some(id) = failed.pop() {
            gone.insert(id);
            for index in dependents.remove(&id).unwrap_or_default() {
                let one = &mut self.commands[index];
                if one.outcome.is_ok() {
                    let mut faults = Faults::default();
                    for (pointer, _) in one.forward_references.iter().filter(|(_, to)| *to == id) {
                        faults.add(pointer, "unknown_reference", "what it points to could not be made");
                    }
                    one.outcome = faults.into_result().map(|()| None);
                    failed.push(one.id);
                }
            }
        }
        context.unregister(&gone);
    }
}

/// Writes an object of a kind as a client's draft would; tells what that did.
///
/// # Errors
/// When the draft has a fault.
pub async fn put_one(
    tx: &mut Tx,
    kind: &'static dyn AnyKind,
    target: Option<ObjectRef>,
    draft: Draft,
) -> Result<(WriteOutcome, AnyObject)> {
    let operation = AuditAction::Put(Box::new(draft));
    let command = Command { place: 0, target, operation, preconditions: Preconditions::default() };
    let mut context = BatchContext::default();
    let mut set = ChangeSet::new(kind, vec![command]);
    set.locate(tx, &mut context).await?;
    set.write(tx, &mut context).await?;
    let one = set.commands.pop().ok_or(Error::NotFound)?;
    one.outcome?.ok_or(Error::NotFound)
}

/// Row-level authorization: for each object, whether the caller may write it. Some roles write only what is assigned to
/// them.
///
/// # Errors
/// When the database does not answer.
pub async fn assigned_to_caller(tx: &mut Tx, kind: &'static dyn AnyKind, objects: &[&AnyObject]) -> Result<Vec<bool>> {
    let identity = tx.context().identity.clone().filter(|identity| identity.is_limited(kind.info().collection()));
    let Some(identity) = identity else { return Ok(vec![true; objects.len()]) };
    let org = tx.organization();
    kind.is_assigned(&mut tx.conn()?, org, &identity, objects).await
}

/// What is said to whoever may write only what is assigned to him.
pub fn not_assigned() -> Error {
    Error::Forbidden("your roles write only what is commissioned to them".into())
}

/// Marks the changes the caller may not make, and those of what never changes.
async fn authorize_changes(tx: &mut Tx, kind: &'static dyn AnyKind, changes: &mut [AnyPlanned]) -> Result<()> {
    let olds: Vec<&AnyObject> = changes.iter().map(|change| change.old.as_ref().unwrap_or(&change.new)).collect();
    let before = assigned_to_caller(tx, kind, &olds).await?;
    let news: Vec<&AnyObject> = changes.iter().map(|change| &change.new).collect();
    let after = assigned_to_caller(tx, kind, &news).await?;
    for (change, assigned) in changes.iter_mut().zip(before.into_iter().zip(after)) {
        if assigned != (true, true) {
            change.fault = Some(not_assigned());
        } else if !kind.info().changed && change.old.as_ref().is_some_and(|old| differs(old, &change.new)) {
            change.fault = Some(append_only(kind.info()));
        }
    }
    Ok(())
}

fn differs(old: &AnyObject, new: &AnyObject) -> bool {
    !old.same_body(new) || old.meta().draft() != new.meta().draft()
}

/// Marks the changes whose key or external reference another object already has.
async fn check_unique(
    tx: &mut Tx,
    kind: &'static dyn AnyKind,
    changes: &mut [AnyPlanned],
    absent: &HashSet<ObjectRef>,
) -> Result<()> {
    let mut wanted: HashSet<ObjectRef> = HashSet::new();
    for one in changes.iter() {
        let meta = one.new.meta();
        let old = one.old.as_ref().map(|old| old.meta());
        let certain = one.generated || old.is_some_and(|old| old.key == meta.key);
        let key = (!certain).then(|| ObjectRef::Key(meta.key.clone()));
        let refs = meta.external_refs.iter().filter(|one| !old.is_some_and(|old| old.external_refs.contains(one)));
        let refs = refs.map(|one| ObjectRef::External { system: one.system.clone(), id: one.id.clone() });
        wanted.extend(key.into_iter().chain(refs).filter(|object_ref| !absent.contains(object_ref)));
    }
    let org = tx.organization();
    let found = resolve::locate(&mut tx.conn()?, org, &[kind.info().kind], &wanted).await?;
    // Of several that want the same the first gets it.
    let mut claimed: HashMap<ObjectRef, Id> = HashMap::new();
    for one in changes.iter_mut() {
        let meta = one.new.meta();
        let others = |object_ref: &ObjectRef| {
            let there = found.get(object_ref).into_iter().flatten().any(|(_, id)| *id != meta.id);
            there || claimed.get(object_ref).is_some_and(|id| *id != meta.id)
        };
        let mut faults = Faults::default();
        let mut code = "key_taken";
        if others(&ObjectRef::Key(meta.key.clone())) {
            faults.add("/key", "key_taken", format!("another object has the key {}", meta.key));
        }
        for (index, external) in meta.external_refs.iter().enumerate() {
            if others(&ObjectRef::External { system: external.system.clone(), id: external.id.clone() }) {
                code = if faults.is_empty() { "external_ref_taken" } else { code };
                let detail = format!("another object has the id {} in {}", external.id, external.system);
                faults.add(format!("/external_refs/{index}"), "external_ref_taken", detail);
            }
        }
        if faults.is_empty() {
            let refs =
                meta.external_refs.iter().map(|one| ObjectRef::External { system: one.system.clone(), id: one.id.clone() });
            claimed.extend(refs.chain([ObjectRef::Key(meta.key.clone())]).map(|object_ref| (object_ref, meta.id)));
        } else {
            one.fault = Some(Error::Conflict { code, detail: "another object already has it".into(), faults: faults.into_vec() });
        }
    }
    Ok(())
}

/// Takes note of what a written object does to effective objectives.
fn note_objectives(changes: &mut ObjectiveChanges, info: &KindInfo, old: Option<&AnyObject>, new: &AnyObject) {
    let Some(old) = old else {
        changes.edges.extend(new.objective_edge());
        // What it sets itself is in force at once; what its tier sets is still to be looked up.
        changes.others.extend(new.recovery_tier().map(|_| new.meta().id));
        return;
    };
    let providers = [old.objective_edge(), new.objective_edge()].into_iter().flatten().map(|(_, provider)| provider);
    changes.others.extend(providers);
    if old.is_live() != new.is_live() {
        changes.toggled.insert(new.meta().id);
    }
    if old.objectives() == new.objectives() && old.recovery_tier() == new.recovery_tier() {
        return;
    }
    // What is no node of the graph sets objectives for those that name it.
    if info.is_node() {
        changes.others.insert(new.meta().id);
    } else {
        changes.tiers.insert(new.meta().id);
    }
}

/// Writes changes that have no fault.
async fn apply(
    tx: &mut Tx,
    kind: &'static dyn AnyKind,
    context: &mut BatchContext,
    changes: Vec<AnyPlanned>,
) -> Result<Vec<(WriteOutcome, AnyObject)>> {
    let mut done = Vec::with_capacity(changes.len());
    let (mut created, mut updated) = (Vec::new(), Vec::new());
    for (index, change) in changes.iter().enumerate() {
        match &change.old {
            None => created.push(index),
            Some(old) if differs(old, &change.new) => updated.push(index),
            Some(_) => {}
        }
    }
    tx.reserve(created.len() + updated.len());
    insert_objects(tx, kind, &created.iter().map(|index| &changes[*index].new).collect::<Vec<_>>()).await?;
    for change in updated.iter().map(|index| &changes[*index]) {
        if let Some(old) = &change.old {
            overwrite(tx, kind, old, &change.new).await?;
        }
    }
    let written: Vec<&AnyObject> = created.iter().chain(&updated).map(|index| &changes[*index].new).collect();
    kind.after_write(tx, &written).await?;
    let (created, updated): (HashSet<usize>, HashSet<usize>) = (created.into_iter().collect(), updated.into_iter().collect());
    for (index, change) in changes.into_iter().enumerate() {
        let (outcome, action) = match (created.contains(&index), updated.contains(&index)) {
            (true, _) => (WriteOutcome::Created, ledger::AuditAction::Created),
            (_, true) => (WriteOutcome::Updated, ledger::AuditAction::Updated),
            _ => {
                done.push((WriteOutcome::Unchanged, change.old.unwrap_or(change.new)));
                continue;
            }
        };
        let new = change.new;
        audit::append_version(tx, kind.info(), &new, action).await?;
        note_objectives(&mut context.objective_changes, kind.info(), change.old.as_ref(), &new);
        done.push((outcome, new));
    }
    let created = done.iter().filter(|(outcome, _)| *outcome == WriteOutcome::Created).map(|(_, new)| new);
    kind.after_audit(tx, &created.collect::<Vec<_>>()).await?;
    Ok(done)
}

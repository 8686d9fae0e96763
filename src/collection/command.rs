//! What is wanted of objects, one by one: how a command becomes the draft of what is to be.
use super::{Draft, draft, schema};
use crate::graph::objectives::ObjectiveChanges;
use crate::http::preconditions::Preconditions;
use crate::model::{Error, ExternalRef, FaultBudget, Id, Kind, ObjectMeta, ObjectRef, Objectives, Result};
use crate::store::object::AnyVersionInput;
use crate::store::{AnyKind, AnyObject, AnyPlanned, KindInfo, Tx};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// One requested write: create, replace, patch or delete of one object.
pub struct Command {
    /// Its place in the request.
    pub place: usize,
    /// Which object; `None` creates a new one.
    pub target: Option<ObjectRef>,
    pub operation: AuditAction,
    pub preconditions: Preconditions,
}

/// What to do with the object.
pub enum AuditAction {
    /// Create, or replace when it is there.
    Put(Box<Draft>),
    /// Lay a JSON merge patch over it; with `creates`, over nothing when it is not there.
    Patch {
        patch: Value,
        creates: bool,
    },
    Delete,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    Created,
    Updated,
    Unchanged,
    Deleted,
}

impl WriteOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            WriteOutcome::Created => "created",
            WriteOutcome::Updated => "updated",
            WriteOutcome::Unchanged => "unchanged",
            WriteOutcome::Deleted => "deleted",
        }
    }
}

/// What the change sets of one request share.
#[derive(Default)]
pub struct BatchContext {
    /// Objects of this request by every reference, so that references may run forward.
    known: HashMap<ObjectRef, Vec<(Kind, Id)>>,
    /// Objects whose effective objectives, and those below, are to be computed anew.
    pub(super) objective_changes: ObjectiveChanges,
    /// Objects this request deletes.
    pub to_delete: HashSet<Id>,
    /// How many more faults of the request are told.
    pub(super) fault_budget: FaultBudget,
}

impl BatchContext {
    /// Of a request some of whose faults are told already.
    pub fn with_budget(fault_budget: FaultBudget) -> BatchContext {
        BatchContext { fault_budget, ..BatchContext::default() }
    }
    /// Brings effective objectives up to date; once, after all changes.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn refresh_objectives(&mut self, tx: &mut Tx) -> Result<HashMap<Id, Objectives>> {
        tx.refresh_objectives(std::mem::take(&mut self.objective_changes)).await
    }
    pub(super) fn register(&mut self, kind: Kind, id: Id, object_refs: Vec<ObjectRef>) {
        for object_ref in object_refs {
            let known = self.known.entry(object_ref).or_default();
            if !known.contains(&(kind, id)) {
                known.push((kind, id));
            }
        }
    }
    pub(super) fn unregister(&mut self, gone: &HashSet<Id>) {
        for found in self.known.values_mut().filter(|_| !gone.is_empty()) {
            found.retain(|(_, known)| !gone.contains(known));
        }
    }
    /// The objects of this request that a reference names.
    pub(super) fn resolve_local(&self, object_ref: &ObjectRef) -> &[(Kind, Id)] {
        self.known.get(object_ref).map(Vec::as_slice).unwrap_or_default()
    }
    /// Whether an object of the kind is known under a reference; another kind may have the same key.
    pub(super) fn contains(&self, kind: Kind, object_ref: &ObjectRef) -> bool {
        self.resolve_local(object_ref).iter().any(|(known, _)| *known == kind)
    }
}

/// A command on its way, with its outcome.
pub struct CommandState {
    pub place: usize,
    pub(super) target: Option<ObjectRef>,
    pub(super) operation: AuditAction,
    preconditions: Preconditions,
    pub id: Id,
    pub old: Option<AnyObject>,
    /// Where it points to what only this request makes.
    pub(super) forward_references: Vec<(String, Id)>,
    pub outcome: Result<Option<(WriteOutcome, AnyObject)>>,
}

impl CommandState {
    pub(super) fn new(command: Command, id: Id) -> CommandState {
        let Command { place, target, operation, preconditions } = command;
        let forward_references = Vec::new();
        CommandState { place, target, operation, preconditions, id, old: None, forward_references, outcome: Ok(None) }
    }

    /// The common fields of the object as it was.
    pub fn old_head(&self) -> Option<&ObjectMeta> {
        self.old.as_ref().map(|old| old.meta())
    }

    /// Whether this deletes, and may still be carried out.
    pub fn deletes(&self, context: &BatchContext) -> bool {
        self.outcome.is_ok() && self.old.is_some() && context.to_delete.contains(&self.id)
    }

    /// Whether the command is possible at all for what is there.
    pub(super) fn check_admissible(&self, info: &KindInfo) -> Result<()> {
        let conditions = &self.preconditions;
        match self.old_head() {
            Some(old) => conditions.check(old.version)?,
            None if (conditions.if_match_any || conditions.versions.is_some()) && self.target.is_some() && self.creates() => {
                return Err(Error::PreconditionFailed);
            }
            None => {}
        }
        match (&self.old, &self.operation) {
            (Some(_), AuditAction::Delete) if !info.deleted => Err(append_only(info)),
            (None, AuditAction::Patch { creates: false, .. }) => Err(Error::NotFound),
            (None, AuditAction::Delete) if conditions.versions.is_some() => Err(Error::PreconditionFailed),
            // An id is given by the service: nothing can be created under one.
            (None, AuditAction::Put(_) | AuditAction::Patch { .. }) if matches!(self.target, Some(ObjectRef::Id(_))) => {
                Err(Error::NotFound)
            }
            (None, AuditAction::Put(_) | AuditAction::Patch { .. }) if !info.created => {
                Err(Error::conflict("not_created", "objects of this kind are created by the service only"))
            }
            _ => Ok(()),
        }
    }

    fn creates(&self) -> bool {
        matches!(self.operation, AuditAction::Put(_) | AuditAction::Patch { creates: true, .. })
            && !matches!(self.target, Some(ObjectRef::Id(_)))
    }

    /// Every reference under which others of the request may know the object.
    pub(super) fn object_refs(&self, draft: Option<&Draft>) -> Vec<ObjectRef> {
        let mut all = vec![ObjectRef::Id(self.id)];
        all.extend(self.target.clone());
        let key = draft.and_then(|draft| draft.meta.key.clone()).or_else(|| self.old_head().map(|old| old.key.clone()));
        all.extend(key.map(ObjectRef::Key));
        let refs = draft.filter(|draft| draft.given.contains("external_refs")).map(|draft| &draft.meta.external_refs);
        let refs = refs.or(self.old_head().map(|old| &old.external_refs));
        all.extend(refs.into_iter().flatten().map(|one| ObjectRef::External { system: one.system.clone(), id: one.id.clone() }));
        all
    }

    /// The draft of what the object is to be, with the identity it has or is addressed by.
    pub(super) fn take_draft(&mut self, kind: &'static dyn AnyKind) -> Result<Option<Draft>> {
        let operation = std::mem::replace(&mut self.operation, AuditAction::Delete);
        // Only a patch may take away the reference by which the object was found.
        let keeps = !matches!(operation, AuditAction::Patch { creates: false, .. });
        let mut draft = match (operation, &self.old) {
            (AuditAction::Put(draft), _) => *draft,
            (AuditAction::Patch { patch, .. }, None) => {
                let mut content = Value::Object(serde_json::Map::new());
                overlay(kind, &mut content, &patch);
                draft::parse(kind, content)?
            }
            (AuditAction::Patch { patch, .. }, Some(old)) => {
                let mut content = draft::of(kind.info(), old)?;
                overlay(kind, &mut content, &patch);
                let mut draft = draft::parse(kind, content)?;
                for field in kind.info().unpatched.iter().filter(|field| patch.get(field).is_some()) {
                    if !draft.faults.has(&format!("/{field}")) {
                        draft.faults.add(format!("/{field}"), "read_only", format!("{field} is not changed by a patch"));
                    }
                }
                draft.given.extend(["external_refs", "tags", "attributes"].map(String::from));
                draft
            }
            _ => return Ok(None),
        };
        if let Some(old) = self.old_head() {
            // An integrator that does not speak of these has no opinion on them.
            draft.meta.key.get_or_insert_with(|| old.key.clone());
            if !draft.given.contains("external_refs") {
                draft.meta.external_refs.clone_from(&old.external_refs);
            }
        }
        match &self.target {
            Some(ObjectRef::Key(key)) if self.old.is_none() && draft.meta.key.get_or_insert_with(|| key.clone()) != key => {
                draft.faults.add("/key", "inconsistent", "another key than the one it is addressed by");
            }
            Some(ObjectRef::External { system, id })
                if keeps && !draft.meta.external_refs.iter().any(|one| one.system == *system && one.id == *id) =>
            {
                draft.meta.external_refs.push(ExternalRef { system: system.clone(), id: id.clone(), url: None });
            }
            _ => {}
        }
        Ok(Some(draft))
    }

    pub(super) async fn plan(&self, tx: &mut Tx, kind: Kind, draft: Draft) -> Result<AnyPlanned> {
        let change = tx.context().clone();
        let generated = draft.meta.key.is_none();
        let key = match draft.meta.key {
            Some(key) => {
                if let Some(number) = kind.number_of(&key) {
                    tx.claim_number(kind, number).await?;
                }
                key
            }
            None => format!("{}-{}", kind.prefix(), tx.next_number(kind).await?),
        };
        let input = AnyVersionInput { old: self.old.as_ref(), given: &draft.given, actor: &change.actor, now: change.now };
        let mut new = draft.object.fill_server_fields(&input)?;
        let (old, objectives) = (self.old_head(), new.objectives());
        *new.meta_mut() = ObjectMeta {
            id: self.id,
            kind,
            key,
            name: draft.meta.name,
            description: draft.meta.description,
            external_refs: draft.meta.external_refs,
            tags: draft.meta.tags,
            attributes: draft.meta.attributes,
            version: old.map_or(1, |old| old.version + 1),
            created_at: old.map_or(change.now, |old| old.created_at),
            updated_at: change.now,
            created_by: old.map_or(change.actor.clone(), |old| old.created_by.clone()),
            updated_by: change.actor,
            effective: old.map_or(objectives, |old| old.effective),
        };
        Ok(AnyPlanned { old: self.old.clone(), new, generated, fault: None })
    }
}

/// What is said to whoever would change or delete what is only added to.
pub(super) fn append_only(info: &KindInfo) -> Error {
    let detail = if info.changed {
        "what is kept here may change but is never deleted"
    } else {
        "what has been recorded here never changes and is never deleted: record another"
    };
    Error::conflict("append_only", detail)
}

/// Lays a merge patch over the content. Also what clients do not write cannot be taken away: it stays to be refused.
fn overlay(kind: &'static dyn AnyKind, content: &mut Value, patch: &Value) {
    crate::model::merge(content, patch);
    for (name, value) in patch.as_object().into_iter().flatten() {
        if value.is_null() && !schema::is_writable(kind, name) {
            content[name] = Value::Null;
        }
    }
}

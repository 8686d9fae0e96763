//! What the ledger keeps of an object: its JSON with links by id and nothing derived.
use super::door::kind_of;
use super::kind::{AnyKind, KindInfo};
use super::ledger::{AuditAction, AuditEntry, NewAuditEntry};
use super::object::{AnyObject, Object};
use super::rows::ResourceHooks;
use super::tx::Tx;
use crate::model::{ERASABLE, ERASED_NAME, Error, Id, Link, ObjectMeta, Result, Slot, erased_key};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Value, json};

/// The common fields as they are told: the name under its label.
pub struct LabelledMeta<'a> {
    pub meta: &'a ObjectMeta,
    pub label: &'static str,
}

impl Serialize for LabelledMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let meta = self.meta;
        let mut out = serializer.serialize_struct("Head", 12)?;
        out.serialize_field("id", &meta.id)?;
        out.serialize_field("key", &meta.key)?;
        out.serialize_field(self.label, &meta.name)?;
        out.serialize_field("description", &meta.description)?;
        out.serialize_field("external_refs", &meta.external_refs)?;
        out.serialize_field("tags", &meta.tags)?;
        out.serialize_field("attributes", &meta.attributes)?;
        out.serialize_field("version", &meta.version)?;
        out.serialize_field("created_at", &meta.created_at)?;
        out.serialize_field("updated_at", &meta.updated_at)?;
        out.serialize_field("created_by", &meta.created_by)?;
        out.serialize_field("updated_by", &meta.updated_by)?;
        out.end()
    }
}

/// Appends one JSON object.
type WriteObject<'a> = &'a dyn Fn(&mut Vec<u8>) -> Result<()>;

/// Writes one JSON object out of the members of several, one after the other.
///
/// # Errors
/// When one cannot be written as JSON.
pub fn joined(out: &mut Vec<u8>, parts: &[WriteObject<'_>]) -> Result<()> {
    let begin = out.len();
    for part in parts {
        let start = out.len();
        part(out)?;
        out.pop();
        if out.len() == start + 1 {
            // `{}` has no members.
            out.truncate(start);
        } else if start > begin {
            out[start] = b',';
        }
    }
    if out.len() == begin {
        out.push(b'{');
    }
    out.push(b'}');
    Ok(())
}

/// Appends the common fields as a JSON object.
///
/// # Errors
/// When they cannot be written as JSON.
pub fn write_meta(meta: &ObjectMeta, label: &'static str, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, &LabelledMeta { meta, label }).map_err(Error::internal)
}

/// The JSON of an object without what is derived, as the ledger keeps it.
///
/// # Errors
/// When the object cannot be written as JSON.
pub fn audit_body(object: &AnyObject, label: &'static str) -> Result<String> {
    let mut out = Vec::with_capacity(1024);
    joined(&mut out, &[&|out| write_meta(object.meta(), label, out), &|out| object.write_body(out)])?;
    String::from_utf8(out).map_err(Error::internal)
}

/// Reads what the ledger kept.
///
/// # Errors
/// When it is no such object.
pub fn from_audit_body(kind: &dyn AnyKind, text: &str) -> Result<AnyObject> {
    let info = kind.info();
    let mut value: Value = serde_json::from_str(text).map_err(Error::internal)?;
    rename(&mut value, info.label, "name");
    let mut meta: ObjectMeta = serde::Deserialize::deserialize(&value).map_err(Error::internal)?;
    meta.kind = info.kind;
    let mut object = kind.read_record(meta, value)?;
    if links_by_id(object.links()) { Ok(object) } else { Err(Error::Internal("a record points nowhere".into())) }
}

/// The object as an entry tells it: what is left of it where its body was erased, nothing where it was deleted.
///
/// # Errors
/// When it is no such object.
pub fn from_entry(kind: &dyn AnyKind, entry: &AuditEntry) -> Result<Option<AnyObject>> {
    let info = kind.info();
    match &entry.body {
        Some(body) => from_audit_body(kind, body).map(Some),
        None if entry.operation.0 != AuditAction::Deleted && ERASABLE.contains(&info.kind) => {
            let id = entry.object_id.0;
            let mut meta = ObjectMeta::new(id, info.kind, erased_key(id), entry.at.0, &entry.actor);
            (meta.name, meta.version) = (Some(ERASED_NAME.to_owned()), entry.version);
            kind.read_record(meta, json!({})).map(Some)
        }
        None => Ok(None),
    }
}

/// As [`from_entry`], of a kind the code knows.
///
/// # Errors
/// When it is no such object.
pub fn from_entry_of<R: ResourceHooks>(entry: &AuditEntry) -> Result<Option<Object<R>>> {
    from_entry(kind_of::<R>(), entry)?.map(AnyObject::into_typed).transpose()
}

/// As [`from_audit_body`], of a kind the code knows.
///
/// # Errors
/// When it is no such object.
pub fn from_record_of<R: ResourceHooks>(text: &str) -> Result<Object<R>> {
    from_audit_body(kind_of::<R>(), text)?.into_typed()
}

/// Makes every link point by its id, with neither spelling nor name; whether all could.
pub fn links_by_id(links: Vec<Slot<'_>>) -> bool {
    let mut all = true;
    for slot in links {
        let id = match &*slot.link {
            Link::Unresolved { text, .. } => Id::parse(text),
            link => link.id(),
        };
        match id {
            Some(id) => *slot.link = Link::To(id),
            None => all = false,
        }
    }
    all
}

/// Gives a member of an object another name.
pub fn rename(value: &mut Value, from: &str, to: &str) {
    if from != to
        && let Some(object) = value.as_object_mut()
        && let Some(member) = object.remove(from)
    {
        object.insert(to.to_owned(), member);
    }
}

/// Appends a new version to the ledger.
///
/// # Errors
/// As [`Tx::append`].
pub async fn append_version(tx: &mut Tx, info: &KindInfo, object: &AnyObject, operation: AuditAction) -> Result<()> {
    let meta = object.meta();
    let body = Some(audit_body(object, info.label)?);
    let (kind, in_graph) = (info.kind, info.in_graph);
    let fact = NewAuditEntry { kind, in_graph, id: meta.id, key: meta.key.clone(), version: meta.version, operation, body };
    tx.append(fact).await.map(drop)
}

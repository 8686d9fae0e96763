//! What the ledger keeps of an object: its JSON with links by id and nothing derived.
use super::door::kind_of;
use super::kind::{AnyKind, KindInfo};
use super::ledger::{Fact, Operation};
use super::object::{AnyObject, Object};
use super::rows::Stored;
use super::tx::Tx;
use crate::model::{Error, Head, Id, Link, Result, Slot};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::Value;

/// The common fields as they are told: the name under its label.
pub struct Labelled<'a> {
    pub head: &'a Head,
    pub label: &'static str,
}

impl Serialize for Labelled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let head = self.head;
        let mut out = serializer.serialize_struct("Head", 12)?;
        out.serialize_field("id", &head.id)?;
        out.serialize_field("key", &head.key)?;
        out.serialize_field(self.label, &head.name)?;
        out.serialize_field("description", &head.description)?;
        out.serialize_field("external_refs", &head.external_refs)?;
        out.serialize_field("tags", &head.tags)?;
        out.serialize_field("attributes", &head.attributes)?;
        out.serialize_field("version", &head.version)?;
        out.serialize_field("created_at", &head.created_at)?;
        out.serialize_field("updated_at", &head.updated_at)?;
        out.serialize_field("created_by", &head.created_by)?;
        out.serialize_field("updated_by", &head.updated_by)?;
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
pub fn write_head(head: &Head, label: &'static str, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, &Labelled { head, label }).map_err(Error::internal)
}

/// The JSON of an object without what is derived, as the ledger keeps it.
///
/// # Errors
/// When the object cannot be written as JSON.
pub fn record(object: &AnyObject, label: &'static str) -> Result<String> {
    let mut out = Vec::with_capacity(1024);
    joined(&mut out, &[&|out| write_head(object.head(), label, out), &|out| object.write_body(out)])?;
    String::from_utf8(out).map_err(Error::internal)
}

/// Reads what the ledger kept.
///
/// # Errors
/// When it is no such object.
pub fn from_record(kind: &dyn AnyKind, text: &str) -> Result<AnyObject> {
    let info = kind.info();
    let mut value: Value = serde_json::from_str(text).map_err(Error::internal)?;
    rename(&mut value, info.label, "name");
    let mut head: Head = serde::Deserialize::deserialize(&value).map_err(Error::internal)?;
    head.kind = info.kind;
    let mut object = kind.read_record(head, value)?;
    if by_id(object.links()) { Ok(object) } else { Err(Error::Internal("a record points nowhere".into())) }
}

/// As [`from_record`], of a kind the code knows.
///
/// # Errors
/// When it is no such object.
pub fn from_record_of<R: Stored>(text: &str) -> Result<Object<R>> {
    from_record(kind_of::<R>(), text)?.into_typed()
}

/// Makes every link point by its id, with neither spelling nor name; whether all could.
pub fn by_id(links: Vec<Slot<'_>>) -> bool {
    let mut all = true;
    for slot in links {
        let id = match &*slot.link {
            Link::Spelled { text, .. } => Id::parse(text),
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
/// As [`Tx::record`].
pub async fn keep(tx: &mut Tx, info: &KindInfo, object: &AnyObject, operation: Operation) -> Result<()> {
    let head = object.head();
    let body = Some(record(object, info.label)?);
    let fact = Fact { kind: info.kind, id: head.id, key: head.key.clone(), version: head.version, operation, body };
    tx.record(fact).await.map(drop)
}

//! What the ledger keeps of an object: its JSON with links by id and nothing derived.
use super::ledger::{Fact, Operation};
use super::rows::Object;
use super::tx::Tx;
use crate::model::{Error, Head, Id, Link, Result};
use crate::resources::Resource;
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

/// The JSON the ledger keeps.
///
/// # Errors
/// When the object cannot be written as JSON.
pub fn record<R: Resource>(object: &Object<R>) -> Result<String> {
    #[derive(serde::Serialize)]
    struct Record<'a, R> {
        #[serde(flatten)]
        head: Labelled<'a>,
        #[serde(flatten)]
        body: &'a R,
    }
    let head = Labelled { head: &object.head, label: R::LABEL };
    serde_json::to_string(&Record { head, body: &object.body }).map_err(Error::internal)
}

/// Reads what the ledger kept.
///
/// # Errors
/// When it is no such object.
pub fn from_record<R: Resource>(text: &str) -> Result<Object<R>> {
    let mut value: Value = serde_json::from_str(text).map_err(Error::internal)?;
    rename(&mut value, R::LABEL, "name");
    let mut head: Head = serde::Deserialize::deserialize(&value).map_err(Error::internal)?;
    head.kind = R::KIND;
    let mut body: R = serde_json::from_value(value).map_err(Error::internal)?;
    if by_id(&mut body) {
        return Ok(Object::new(head, body));
    }
    Err(Error::Internal("a record points nowhere".into()))
}

/// Makes every link point by its id, with neither spelling nor name; whether all could.
pub fn by_id<R: Resource>(body: &mut R) -> bool {
    let mut all = true;
    for slot in body.links() {
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
pub async fn keep<R: Resource>(tx: &mut Tx, object: &Object<R>, operation: Operation) -> Result<()> {
    let head = &object.head;
    let body = Some(record(object)?);
    let fact = Fact { kind: R::KIND, id: head.id, key: head.key.clone(), version: head.version, operation, body };
    tx.record(fact).await.map(drop)
}

//! How one object names another.
use super::{Id, Kind, StringEnum};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::value::RawValue;
use std::sync::Arc;

/// Another object as it stands in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reference {
    #[schema(value_type = String, format = Uuid)]
    pub id: Id,
    pub kind: Kind,
    #[schema(max_length = 64)]
    pub key: String,
    /// The name, or `null` where the object has none.
    #[schema(max_length = 200)]
    pub name: Option<String>,
}

/// A reference that stands in many places of an answer: its JSON is written once and shared.
#[derive(Debug, Clone)]
pub struct RenderedReference(Arc<(Reference, Box<RawValue>)>);

impl RenderedReference {
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn new(reference: Reference) -> serde_json::Result<RenderedReference> {
        let json = serde_json::value::to_raw_value(&reference)?;
        Ok(RenderedReference(Arc::new((reference, json))))
    }
    pub fn reference(&self) -> &Reference {
        &self.0.0
    }
}

impl PartialEq for RenderedReference {
    fn eq(&self, other: &Self) -> bool {
        self.0.0 == other.0.0
    }
}

impl Serialize for RenderedReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.1.serialize(serializer)
    }
}

/// One of the three spellings of an id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ObjectRef {
    Id(Id),
    Key(String),
    External { system: String, id: String },
}

impl ObjectRef {
    /// Reads `018f…` (a UUID), `key:PAYROLL` or `ref:servicenow:7a1c…`.
    pub fn parse(text: &str) -> Option<ObjectRef> {
        if let Some(key) = text.strip_prefix("key:") {
            return (!key.is_empty() && key.len() <= 200).then(|| ObjectRef::Key(key.to_owned()));
        }
        if let Some(rest) = text.strip_prefix("ref:") {
            let (system, id) = rest.split_once(':')?;
            let fits = !system.is_empty() && system.len() <= 64 && !id.is_empty() && id.len() <= 1000;
            return fits.then(|| ObjectRef::External { system: system.to_owned(), id: id.to_owned() });
        }
        Id::parse(text).map(ObjectRef::Id)
    }
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ObjectRef::Id(id) => id.fmt(f),
            ObjectRef::Key(key) => write!(f, "key:{key}"),
            ObjectRef::External { system, id } => write!(f, "ref:{system}:{id}"),
        }
    }
}

/// A field that points to another object, on its way from spelling to reference.
#[derive(Debug, Clone)]
pub enum Link {
    /// As the client wrote it; `kind` when it said which.
    Unresolved { text: String, kind: Option<Kind> },
    /// Found, or read from the database.
    To(Id),
    /// Ready for an answer.
    Named(Box<Reference>),
}

impl Link {
    /// The object pointed to; `None` while only spelled.
    pub fn id(&self) -> Option<Id> {
        match self {
            Link::Unresolved { .. } => None,
            Link::To(id) => Some(*id),
            Link::Named(reference) => Some(reference.id),
        }
    }
}

/// Two links are equal when they point to the same object.
impl PartialEq for Link {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Link::Unresolved { text: a, .. }, Link::Unresolved { text: b, .. }) => a == b,
            _ => self.id().is_some() && self.id() == other.id(),
        }
    }
}

impl Serialize for Link {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Link::Unresolved { text, .. } => serializer.serialize_str(text),
            Link::To(id) => id.serialize(serializer),
            Link::Named(reference) => reference.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Link {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Object { id: String, kind: Option<String> },
        }
        let (text, kind) = match Written::deserialize(deserializer)? {
            Written::Text(text) => (text, None),
            Written::Object { id, kind } => (id, kind),
        };
        let kind = match kind {
            Some(word) => Some(Kind::from_word(&word).ok_or_else(|| de::Error::custom("unknown kind"))?),
            None => None,
        };
        Ok(Link::Unresolved { text, kind })
    }
}

/// In the document a link is written as one of the three spellings or an object with `id`.
impl utoipa::PartialSchema for Link {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::Ref::from_schema_name("Link").into()
    }
}
impl utoipa::ToSchema for Link {}

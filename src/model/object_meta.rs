//! What every object has, whatever its kind.
use super::{Faults, Id, Kind, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Limits of the common fields; the document repeats them and the tests try both sides.
pub mod limits {
    pub const KEY: usize = 64;
    pub const NAME: usize = 200;
    pub const DESCRIPTION: usize = 4000;
    pub const EXTERNAL_REFS: usize = 20;
    pub const EXTERNAL_ID: usize = 255;
    pub const TAGS: usize = 50;
    pub const TAG: usize = 64;
    pub const ATTRIBUTES_BYTES: usize = 16 * 1024;
    pub const KEY_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
}

/// Whether a text fits [`limits::KEY_PATTERN`], as keys and the names of systems do.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.len() <= limits::KEY && text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain)
}

/// The id of an object in a client's own system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExternalRef {
    /// The client's system, such as `servicenow` or `netbox`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    pub system: String,
    /// The id there; each `(system, id)` is unique per organisation and kind.
    #[schema(min_length = 1, max_length = 255)]
    pub id: String,
    /// Where a person finds it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000, format = "uri", pattern = "^https?://[^ ]+$")]
    pub url: Option<String>,
}

/// The common fields a client may write.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ObjectMetaDraft {
    /// A short key for people, unique per organisation and kind; numbered by the service when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", max_length = 64)]
    pub key: Option<String>,
    /// The name people know it by.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// What it is, in words.
    #[schema(max_length = 4000)]
    pub description: Option<String>,
    /// Its ids in clients' own systems.
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
    /// Free words for grouping and filtering, each once; told in alphabetical order.
    #[schema(max_items = 50, inline)]
    pub tags: Vec<Tag>,
    /// The client's own fields: a flat object of texts, numbers, truth values and nulls, 16 KiB at most as JSON.
    #[schema(inline)]
    pub attributes: Attributes,
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 64, value_type = String)]
pub struct Tag(pub String);

/// The client's own fields.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(pub Map<String, Value>);

impl utoipa::PartialSchema for Attributes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::{ObjectBuilder, Type, schema::SchemaType};
        let value = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Number, Type::Boolean, Type::Null]))
            .max_length(Some(limits::ATTRIBUTES_BYTES))
            .build();
        ObjectBuilder::new().additional_properties(Some(utoipa::openapi::Schema::from(value))).into()
    }
}
impl utoipa::ToSchema for Attributes {}

impl ObjectMetaDraft {
    /// The rules that a schema cannot say.
    pub fn check(&mut self, faults: &mut Faults) {
        // Looked at once more, for key and reference may also come from the path or the row they are addressed by.
        if self.key.as_deref().is_some_and(|key| !is_plain(key)) {
            faults.add("/key", "bad_format", format!("a key matches {}", limits::KEY_PATTERN));
        }
        if self.external_refs.len() > limits::EXTERNAL_REFS {
            faults.add("/external_refs", "too_long", format!("at most {} external references", limits::EXTERNAL_REFS));
        }
        let mut seen = std::collections::HashSet::new();
        for (index, one) in self.external_refs.iter().enumerate() {
            if !seen.insert((&one.system, &one.id)) {
                faults.add(format!("/external_refs/{index}"), "duplicate", "the same system and id stand there twice");
            }
            if !is_plain(&one.system) {
                faults.add(
                    format!("/external_refs/{index}/system"),
                    "bad_format",
                    "letters, digits, dot, hyphen, underscore; 64 at most",
                );
            }
            if one.id.chars().count() > limits::EXTERNAL_ID {
                faults.add(
                    format!("/external_refs/{index}/id"),
                    "too_long",
                    format!("at most {} characters", limits::EXTERNAL_ID),
                );
            }
        }
        let bytes = serde_json::to_vec(&self.attributes).map_or(0, |json| json.len());
        if bytes > limits::ATTRIBUTES_BYTES {
            let detail = format!("attributes take {bytes} bytes as JSON; {} are allowed", limits::ATTRIBUTES_BYTES);
            faults.add("/attributes", "too_long", detail);
        }
        self.tags.sort();
    }
}

/// The common fields of a stored object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectMeta {
    pub id: Id,
    /// Not in the JSON: some kinds have a field of that name.
    #[serde(skip)]
    pub kind: Kind,
    pub key: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub external_refs: Vec<ExternalRef>,
    pub tags: Vec<Tag>,
    pub attributes: Attributes,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: String,
    pub updated_by: String,
    /// Derived, never part of a version; see `graph::objectives`.
    #[serde(skip)]
    pub effective: Objectives,
}

/// Recovery objectives in seconds; `None` where nobody has set one, which is not the same as 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objectives {
    /// Recovery time objective.
    pub rto: Option<i64>,
    /// Recovery point objective.
    pub rpo: Option<i64>,
    /// Maximum tolerable period of disruption.
    pub mtpd: Option<i64>,
}

impl Objectives {
    pub const NONE: Objectives = Objectives { rto: None, rpo: None, mtpd: None };

    /// These, and where one is not set the other's.
    pub fn or(self, other: Objectives) -> Objectives {
        Objectives { rto: self.rto.or(other.rto), rpo: self.rpo.or(other.rpo), mtpd: self.mtpd.or(other.mtpd) }
    }
    /// The stricter of both, field by field.
    pub fn strictest(self, other: Objectives) -> Objectives {
        let least = |a: Option<i64>, b: Option<i64>| a.into_iter().chain(b).min();
        Objectives { rto: least(self.rto, other.rto), rpo: least(self.rpo, other.rpo), mtpd: least(self.mtpd, other.mtpd) }
    }
}

impl ObjectMeta {
    /// The head of a new object that has nothing but its key.
    pub fn new(id: Id, kind: Kind, key: String, now: Timestamp, actor: &str) -> ObjectMeta {
        ObjectMeta {
            id,
            kind,
            key,
            name: None,
            description: None,
            external_refs: Vec::new(),
            tags: Vec::new(),
            attributes: Attributes::default(),
            version: 1,
            created_at: now,
            updated_at: now,
            created_by: actor.to_owned(),
            updated_by: actor.to_owned(),
            effective: Objectives::NONE,
        }
    }

    /// What a client would have to write to get these common fields.
    pub fn draft(&self) -> ObjectMetaDraft {
        ObjectMetaDraft {
            key: Some(self.key.clone()),
            name: self.name.clone(),
            description: self.description.clone(),
            external_refs: self.external_refs.clone(),
            tags: self.tags.clone(),
            attributes: self.attributes.clone(),
        }
    }

    /// The text that `q=` searches: key, name and description in lower case.
    pub fn search_text(&self) -> String {
        let mut text = self.key.to_lowercase();
        for part in [&self.name, &self.description].into_iter().flatten() {
            text.push('\n');
            text.push_str(&part.to_lowercase());
        }
        text
    }
}

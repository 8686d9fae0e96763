//! The contract of a kind of object: what it is called, which fields it has, where it points, and its rules.
use super::{
    Condition, Date, Faults, Field, FieldType, FieldValue, Filter, Id, Kind, Link, Objectives, Operator, Rights, StringEnum,
    Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::HashSet;

/// A kind of object: its own fields are the fields of the struct that implements this.
pub trait Resource: Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + utoipa::ToSchema + 'static {
    const KIND: Kind;
    /// The SQL table of the own fields.
    const TABLE: &'static str;
    /// The name of the schema in the document.
    const SCHEMA: &'static str;
    /// Who may read, write and decide.
    const RIGHTS: Rights;
    /// Whether every object must have a name.
    const NAME_REQUIRED: bool = true;
    /// What the name is called: some kinds have a title.
    const LABEL: &'static str = "name";
    /// Own fields that only the service writes.
    const READ_ONLY: &'static [&'static str] = &[];
    /// Own fields that a patch does not touch.
    const NOT_PATCHABLE: &'static [&'static str] = &[];
    /// Own fields that are lists of links.
    const LINK_LISTS: &'static [&'static str] = &[];
    /// Whether clients create objects, or only the service does.
    const CLIENTS_CREATE: bool = true;
    /// Whether objects may be written again.
    const CLIENTS_UPDATE: bool = true;
    /// Whether objects may be deleted.
    const CLIENTS_DELETE: bool = true;
    /// Whether an organisation has exactly one, without the common fields.
    const SINGLETON: bool = false;
    /// Whether effective objectives are shown.
    const BEARS_OBJECTIVES: bool = false;
    /// Whether effective objectives follow from objects of the kind: they set some, or carry them down.
    const AFFECTS_OBJECTIVES: bool = false;
    /// Whether it may be the dependent of a mapping.
    const DEPENDENT: bool = false;
    /// Whether it may be the provider of a mapping.
    const PROVIDER: bool = false;
    /// Whether a change of an object changes the dependency graph.
    const IN_GRAPH: bool = Self::DEPENDENT || Self::PROVIDER;
    /// Whether a batch may hold objects of the kind.
    const BATCHED: bool = !Self::SINGLETON;
    /// Own fields by which lists may be filtered and sorted, besides [`COMMON_FIELDS`].
    const FIELDS: &'static [Field];
    /// Further questions to lists.
    const FILTERS: &'static [Filter] = &[];
    /// Whether what is derived changes with every moment.
    const UNCACHED: bool = false;
    /// Whether deriving the fields of a list may take longer than reading it.
    const SLOW_DERIVED: bool = false;
    /// Whether a field is among those of [`Resource::Derived`].
    fn is_derived(_field: &str) -> bool {
        false
    }
    /// What is shown and not kept, for it follows from other objects or from the time.
    type Derived: Serialize + Default + Clone + PartialEq + std::fmt::Debug + Send + Sync + utoipa::ToSchema;

    /// Every pointer to another object.
    fn links(&mut self) -> Vec<Slot<'_>> {
        Vec::new()
    }
    /// The rules that a schema cannot say.
    fn check(&self, _faults: &mut Faults) {}
    /// The objectives the business has set on the object itself.
    fn objectives(&self) -> Objectives {
        Objectives::NONE
    }
    /// Whether it belongs to the present landscape. What is planned, a draft or retired does not: it carries no objectives down,
    /// stands in for nobody, and is neither lost nor listed.
    fn is_live(&self) -> bool {
        true
    }
    /// The recovery tier the object names: its objectives count where the object sets none itself.
    fn recovery_tier(&self) -> Option<Id> {
        None
    }
    /// The resource with what clients do not write filled in.
    fn fill_server_fields(self, _made: &VersionInput<'_, Self>) -> Self {
        self
    }
    /// From which object to which it carries objectives down: dependent and provider of a cascading mapping.
    fn objective_edge(&self) -> Option<(Id, Id)> {
        None
    }
    /// A draft for the document, as a client would write it.
    fn example() -> serde_json::Value;
}

/// Out of what a version of a resource is made, besides the draft.
pub struct VersionInput<'a, R> {
    /// The version before.
    pub old: Option<&'a R>,
    /// The fields that were really given.
    pub given: &'a HashSet<String>,
    /// Who makes it.
    pub actor: &'a str,
    pub now: Timestamp,
}

/// Nothing is derived.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct NoDerived {}

/// A pointer to another object: where it stands and what it may point to.
pub struct Slot<'a> {
    pub pointer: String,
    pub kinds: &'static [Kind],
    pub link: &'a mut Link,
}

impl<'a> Slot<'a> {
    /// The slot of an optional field, if it is filled.
    pub fn of(field: &str, kinds: &'static [Kind], link: &'a mut Option<Link>) -> Option<Slot<'a>> {
        link.as_mut().map(|link| Slot { pointer: format!("/{field}"), kinds, link })
    }
}

impl<'a> Slot<'a> {
    /// The slots of a list.
    pub fn list(field: &'static str, kinds: &'static [Kind], links: &'a mut [Link]) -> impl Iterator<Item = Slot<'a>> {
        links.iter_mut().enumerate().map(move |(index, link)| Slot { pointer: format!("/{field}/{index}"), kinds, link })
    }
    /// Where the list lies of which the slot is an element.
    pub fn list_pointer(&self) -> Option<&str> {
        let (list, place) = self.pointer.rsplit_once('/')?;
        place.bytes().all(|byte| byte.is_ascii_digit()).then_some(list)
    }
    /// The name of the field the slot stands in, where that is a list.
    pub fn in_list(&self) -> Option<&str> {
        self.pointer.strip_prefix('/')?.split_once('/').map(|(field, _)| field)
    }
}

/// The key of a step, for the document.
#[derive(utoipa::ToSchema)]
#[schema(max_length = 64)]
pub struct StepKey(pub String);

/// Somebody as tokens name them, for the document.
#[derive(utoipa::ToSchema)]
#[schema(max_length = 255)]
pub struct Subject(pub String);

/// A sentence, for the document.
#[derive(utoipa::ToSchema)]
#[schema(max_length = 1000)]
pub struct Sentence(pub String);

/// The longest duration that is accepted: a hundred years.
pub const MAX_SECONDS: i64 = 3_153_600_000;

/// One line of a table of fields.
pub const fn field(name: &'static str, column: &'static str, order: &'static str, kind: FieldType) -> Field {
    Field { name, column, order, kind }
}

/// Fields by which every list may be filtered and sorted. `created_at` sorts by id, which is in order of creation.
pub const COMMON_FIELDS: &[Field] = &[
    field("id", "objects.id", "objects.id", FieldType::Id),
    field("key", "objects.key", "objects.key", FieldType::Text),
    field("created_at", "objects.created_at", "", FieldType::Time),
    field("updated_at", "objects.updated_at", "objects.updated_at", FieldType::Time),
    field("created_by", "objects.created_by", "", FieldType::Text),
    field("updated_by", "objects.updated_by", "", FieldType::Text),
];

const NAME: &[Field] = &[field("name", "objects.name", "objects.name", FieldType::Text)];
const TITLE: &[Field] = &[field("title", "objects.name", "objects.name", FieldType::Text)];

/// Fields of the kinds that show effective objectives.
pub const EFFECTIVE_FIELDS: &[Field] = &[
    field(
        "effective_rto_seconds",
        "objects.effective_rto_seconds",
        "coalesce(objects.effective_rto_seconds, 9223372036854775807)",
        FieldType::Integer,
    ),
    field("effective_rpo_seconds", "objects.effective_rpo_seconds", "", FieldType::Integer),
    field("effective_mtpd_seconds", "objects.effective_mtpd_seconds", "", FieldType::Integer),
];

/// Every field by which lists of a kind may be filtered.
pub fn fields<R: Resource>() -> [&'static [Field]; 4] {
    let label = if R::LABEL == "name" { NAME } else { TITLE };
    [COMMON_FIELDS, label, R::FIELDS, if R::BEARS_OBJECTIVES { EFFECTIVE_FIELDS } else { &[] }]
}

/// What `overdue=` asks for: due before today and not in one of the statuses in which nothing is due any more.
pub fn overdue(word: &str, status: &'static Field, ended: &[&str], due: &'static Field) -> Condition {
    let when = |field, operator, values| Condition::Compare { field, operator, values };
    let ended = ended.iter().map(|word| FieldValue::Text((*word).to_owned())).collect();
    if word == "true" {
        let late = when(due, Operator::Less, vec![FieldValue::Today]);
        return Condition::All(vec![when(status, Operator::NotEqual, ended), late]);
    }
    let later = when(due, Operator::AtLeast, vec![FieldValue::Today]);
    let never = when(due, Operator::Equal, vec![FieldValue::Null]);
    Condition::Any(vec![when(status, Operator::Equal, ended), later, never])
}

/// Whether a day lies before today.
pub fn is_past(due: Option<Date>, today: &str) -> bool {
    due.is_some_and(|due| due.to_string().as_str() < today)
}

/// The words of an enum, for the table of fields.
pub fn enum_values<W: StringEnum>() -> Vec<&'static str> {
    W::ALL.iter().map(|word| word.as_str()).collect()
}

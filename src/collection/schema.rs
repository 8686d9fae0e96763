//! The JSON schemas of every kind, put together from the common part and the kind's own fields; the same schemas stand
//! in the document and check what clients send, so that they cannot differ.
use crate::model::{Error, ExternalRef, Fault, Kind, ObjectMetaDraft, Reference, Result, StringEnum};
use crate::store::kind::{AnyLifecycle, KindSchemas};
use crate::store::{AnyKind, KindInfo};
use serde_json::{Map, Value, json};
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use utoipa::{PartialSchema, ToSchema};

/// The schemas of one kind.
pub struct Schemas {
    /// The object as it stands in answers.
    pub view: Value,
    pub draft: Value,
    pub patch: Value,
    list: Value,
    /// The body of a move, where there are any.
    transition: Option<Value>,
    /// What the others refer to.
    nested: Map<String, Value>,
}

const KINDS: usize = <Kind as StringEnum>::ALL.len();

/// The schemas of a kind, put together once.
pub fn of(kind: &'static dyn AnyKind) -> &'static Schemas {
    static KNOWN: [OnceLock<Schemas>; KINDS] = [const { OnceLock::new() }; KINDS];
    KNOWN[kind.info().kind as usize].get_or_init(|| of_kind(kind))
}

/// The schemas of a kind, by name, as they stand below `#/components/schemas`.
pub fn named(kind: &'static dyn AnyKind) -> Map<String, Value> {
    let (name, all) = (kind.info().schema, of(kind));
    let mut out = all.nested.clone();
    out.insert(format!("{name}Draft"), all.draft.clone());
    out.insert(format!("{name}Patch"), all.patch.clone());
    out.insert(name.into(), all.view.clone());
    out.insert(format!("{name}List"), all.list.clone());
    out.extend(all.transition.clone().map(|transition| (format!("{name}Transition"), transition)));
    out
}

/// The schemas that those of all kinds refer to.
pub static COMMON: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let all = [
        ("TransitionList", transition_list()),
        ("Link", link()),
        ("Reference", closed(value_of(&Reference::schema()))),
        ("Kind", value_of(&Kind::schema())),
        ("ExternalRef", closed(value_of(&ExternalRef::schema()))),
        ("Fault", value_of(&Fault::schema())),
    ];
    all.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
});

/// The members of a move beside its status and comment.
pub fn terms(lifecycle: &dyn AnyLifecycle) -> Map<String, Value> {
    properties(&value_of(&lifecycle.terms_schema()))
}

/// The body of a move, for the document.
fn transition(lifecycle: &dyn AnyLifecycle) -> Value {
    let mut all = Map::new();
    all.insert("to".into(), json!({"type": "string", "enum": lifecycle.statuses(), "description": "The status to go to."}));
    let comment = "Why; stands in the history and as `status_reason`.";
    all.insert("comment".into(), json!({"type": ["string", "null"], "maxLength": 500, "description": comment}));
    all.extend(terms(lifecycle));
    json!({"type": "object", "required": ["to"], "properties": all, "additionalProperties": false})
}

/// What lists of moves look like.
fn transition_list() -> Value {
    let text = |most: u32| json!({"type": "string", "maxLength": most});
    let reason = json!({
        "type": "object", "required": ["code", "detail"], "properties": {"code": text(64), "detail": text(1000)}
    });
    let one = json!({
        "type": "object", "required": ["to", "open", "allowed", "permission", "roles", "reasons", "warnings"],
        "properties": {
            "to": text(64),
            "open": {"type": "boolean", "description": "Whether the state of things allows it now."},
            "allowed": {"type": "boolean", "description": "Whether it is open and the caller may make it."},
            "permission": {"type": ["string", "null"], "maxLength": 64},
            "roles": {"type": "array", "maxItems": 20, "items": text(64)},
            "reasons": {"type": "array", "maxItems": 20, "items": reason, "description": "Why it is closed, or not for the caller."},
            "warnings": {"type": "array", "maxItems": 20, "items": reason, "description": "What does not hinder it, but should be known before."}
        }
    });
    json!({
        "type": "object", "required": ["status", "version", "transitions"],
        "properties": {
            "status": text(64), "version": {"type": "integer", "format": "int64"},
            "transitions": {"type": "array", "maxItems": 20, "items": one}
        }
    })
}

/// The validator of a kind's drafts, made once.
pub fn draft_validator(kind: &'static dyn AnyKind) -> Option<&'static jsonschema::Validator> {
    static KNOWN: [OnceLock<Option<jsonschema::Validator>>; KINDS] = [const { OnceLock::new() }; KINDS];
    let made = KNOWN[kind.info().kind as usize].get_or_init(|| {
        let mut all = COMMON.clone();
        all.extend(named(kind));
        let name = format!("{}Draft", kind.info().schema);
        let root = json!({"$ref": format!("#/components/schemas/{name}"), "components": {"schemas": all}});
        let built = jsonschema::options().should_validate_formats(true).build(&root);
        built.map_err(|error| tracing::error!(%error, name, "a schema cannot be used")).ok()
    });
    made.as_ref()
}

/// Whether a field of that name is shown but not written.
pub fn is_read_only(kind: &'static dyn AnyKind, field: &str) -> bool {
    of(kind).view["properties"].get(field).is_some()
}

/// Whether clients may write a field of that name.
pub fn is_writable(kind: &'static dyn AnyKind, field: &str) -> bool {
    of(kind).draft["properties"].get(field).is_some()
}

/// Whether a schema that those of the kind refer to has a member of that name.
pub fn has_member(kind: &'static dyn AnyKind, schema: &str, name: &str) -> bool {
    of(kind).nested.get(schema).is_some_and(|schema| schema["properties"].get(name).is_some())
}

/// Whether a draft must have the field at this place.
pub fn is_required(kind: &'static dyn AnyKind, pointer: &str) -> bool {
    let required = of(kind).draft["required"].as_array();
    required.into_iter().flatten().any(|name| name.as_str().is_some_and(|name| pointer.strip_prefix('/') == Some(name)))
}

/// The schema of the body of a call that is no draft.
pub fn closed_body<T: ToSchema>() -> Value {
    closed(value_of(&T::schema()))
}

/// As [`closed_body`], with the schemas it refers to.
pub fn whole_body<T: ToSchema>() -> Value {
    let mut nested = Vec::new();
    T::schemas(&mut nested);
    let nested = nested.into_iter().map(|(name, schema)| (name, value_of(&schema)));
    let mut root = closed_body::<T>();
    let shared = ["Link", "Reference", "Kind"].iter().filter_map(|name| Some(((*name).to_owned(), COMMON.get(*name)?.clone())));
    let all: Map<String, Value> = nested.chain(shared).collect();
    root["components"] = json!({"schemas": all});
    root
}

/// The check of a body, made once for each type.
///
/// # Errors
/// When its schema is none.
pub fn body_validator<T: ToSchema + 'static>() -> Result<Arc<jsonschema::Validator>> {
    static KNOWN: LazyLock<Mutex<HashMap<TypeId, Arc<jsonschema::Validator>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(validator) = known.get(&TypeId::of::<T>()) {
        return Ok(Arc::clone(validator));
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&whole_body::<T>());
    let validator = Arc::new(validator.map_err(Error::internal)?);
    known.insert(TypeId::of::<T>(), Arc::clone(&validator));
    Ok(validator)
}

fn value_of(schema: &impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

fn closed(mut schema: Value) -> Value {
    schema["additionalProperties"] = Value::Bool(false);
    schema
}

/// The members of an object schema; what stands in parts only because it has a description of its own is put together.
fn properties(schema: &Value) -> Map<String, Value> {
    let mut all = schema["properties"].as_object().cloned().unwrap_or_default();
    for property in all.values_mut() {
        let parts: Vec<Map<String, Value>> =
            property["allOf"].as_array().into_iter().flatten().filter_map(Value::as_object).cloned().collect();
        if !parts.is_empty() && parts.iter().all(|part| !part.contains_key("$ref")) {
            *property = Value::Object(parts.into_iter().flatten().collect());
        }
    }
    all
}

/// Takes a default away that says nothing, or with `any` every one: what is read has none, and a patch leaves alone what
/// it does not name.
fn without_default(schema: &mut Value, any: bool) {
    if let Some(schema) = schema.as_object_mut() {
        schema.retain(|name, value| name != "default" || !(any || value.is_null()));
    }
}

fn link() -> Value {
    let spelling = json!({
        "type": "string", "minLength": 1, "maxLength": 1100,
        "description": "The UUID, `key:KEY`, or `ref:system:id`."
    });
    json!({
        "description": "Another object: one of the three spellings of its id, or an object with `id` (so that what was read can be sent back).",
        "anyOf": [
            spelling,
            {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": spelling,
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "key": {"type": "string", "maxLength": 64},
                    "name": {"type": ["string", "null"], "maxLength": 200}
                },
                "additionalProperties": false
            }
        ]
    })
}

fn of_kind(kind: &'static dyn AnyKind) -> Schemas {
    let info = kind.info();
    let KindSchemas { body, derived, nested } = kind.schemas();
    let mut known = Map::new();
    for (name, schema) in nested.iter().filter(|(name, _)| name != "Link") {
        let schema = value_of(schema);
        known.insert(name.clone(), if schema.get("properties").is_some() { closed(schema) } else { schema });
    }
    let own = value_of(&body);
    let common = value_of(&ObjectMetaDraft::schema());
    let description = own["description"].clone();
    let draft = draft_of(info, kind.example(), &own, &common, &description);
    let list = json!({
        "type": "object",
        "description": format!("A page of the list of {}.", info.collection()),
        "required": ["items", "seq"],
        "properties": {
            "items": {"type": "array", "maxItems": 500, "items": {"$ref": format!("#/components/schemas/{}", info.schema)}},
            "next_cursor": {"type": "string", "maxLength": 4096, "description": "Where the list goes on; absent on the last page."},
            "seq": {"type": "integer", "format": "int64", "description": "The ledger's newest entry when the page was read."},
            "total": {"type": "integer", "format": "int64", "description": "How many there are in all; with `count=true`."}
        },
        "additionalProperties": false
    });
    Schemas {
        patch: patch_of(info, &draft),
        draft,
        view: view_of(info, &own, &properties(&value_of(&derived)), &common, &description),
        list,
        transition: kind.lifecycle().map(transition),
        nested: known,
    }
}

fn draft_of(info: &KindInfo, example: Value, own: &Value, common: &Value, description: &Value) -> Value {
    let mut all = if info.single { Map::new() } else { labelled(info, properties(common)) };
    all.extend(properties(own).into_iter().filter(|(name, _)| !info.owned.contains(&name.as_str())));
    for name in ["external_refs", "tags", "attributes"] {
        if let Some(schema) = all.remove(name) {
            all.insert(name.into(), schema);
        }
    }
    let mut required: Vec<Value> = own["required"].as_array().cloned().unwrap_or_default();
    required.retain(|name| all.contains_key(name.as_str().unwrap_or_default()));
    if info.named && !info.single {
        required.insert(0, info.label.into());
        all[info.label]["type"] = "string".into();
    }
    if let Some(tags) = all.get_mut("tags") {
        tags["uniqueItems"] = true.into();
    }
    for (field, schema) in all.iter_mut() {
        // PUT keeps the key and the external references that are left out: they have no default.
        let kept = matches!(field.as_str(), "key" | "external_refs" | "tags" | "attributes");
        without_default(schema, kept);
    }
    let mut draft = json!({
        "type": "object", "description": description, "properties": all,
        "additionalProperties": false, "examples": [example]
    });
    if !required.is_empty() {
        draft["required"] = required.into();
    }
    draft
}

/// The common fields with the name under its label.
fn labelled(info: &KindInfo, mut all: Map<String, Value>) -> Map<String, Value> {
    if info.label != "name" {
        all = all.into_iter().map(|(name, schema)| (if name == "name" { info.label.into() } else { name }, schema)).collect();
        all[info.label]["description"] = "What it is, in a line.".into();
    }
    all
}

fn patch_of(info: &KindInfo, draft: &Value) -> Value {
    let mut patch = draft.clone();
    if let Some(object) = patch.as_object_mut() {
        object.remove("required");
        object.insert("examples".into(), json!([{"description": "As agreed in the review of November", "tags": ["reviewed"]}]));
        object.insert("description".into(), "A JSON merge patch (RFC 7396): `null` takes a field away.".into());
    }
    if let Some(properties) = patch["properties"].as_object_mut() {
        properties.retain(|name, _| !info.unpatched.contains(&name.as_str()));
    }
    for (_, schema) in patch["properties"].as_object_mut().into_iter().flatten() {
        without_default(schema, true);
        match schema.get("type").cloned() {
            Some(Value::String(one)) => schema["type"] = json!([one, "null"]),
            Some(_) => {}
            None if schema.get("oneOf").is_some() => {}
            None => *schema = json!({"oneOf": [{"type": "null"}, schema.clone()]}),
        }
    }
    patch
}

fn view_of(info: &KindInfo, own: &Value, derived: &Map<String, Value>, common: &Value, description: &Value) -> Value {
    let text = |maximum: u32, words: &str| json!({"type": "string", "maxLength": maximum, "description": words});
    let time = |words: &str| json!({"type": "string", "format": "date-time", "description": words});
    let mut all = Map::new();
    let least = if info.single { 0 } else { 1 };
    let version = json!({"type": "integer", "format": "int64", "minimum": least, "description": "Rises with every change; the ETag begins with it."});
    if info.single {
        all.insert("version".into(), version);
        all.insert("updated_at".into(), json!({"type": ["string", "null"], "format": "date-time", "description": "When it was last changed; null while nobody has."}));
        all.insert(
            "updated_by".into(),
            json!({"type": ["string", "null"], "maxLength": 255, "description": "Who changed it last."}),
        );
    } else {
        all.insert("id".into(), json!({"type": "string", "format": "uuid", "description": "UUIDv7."}));
        all.extend(labelled(info, properties(common)));
        all["key"]["type"] = "string".into();
        if info.named {
            all[info.label]["type"] = "string".into();
        }
        all.insert("version".into(), version);
        all.insert("created_at".into(), time("When it was created."));
        all.insert("updated_at".into(), time("When it was last changed."));
        all.insert("created_by".into(), text(255, "Who created it."));
        all.insert("updated_by".into(), text(255, "Who changed it last."));
    }
    all.extend(properties(own));
    all.extend(derived.clone());
    all.values_mut().for_each(|schema| without_default(schema, true));
    if info.effective {
        for (name, words) in [
            ("effective_rto_seconds", "recovery time objective"),
            ("effective_rpo_seconds", "recovery point objective"),
            ("effective_mtpd_seconds", "maximum tolerable period of disruption"),
        ] {
            let description =
                format!("The strictest {words} of its own and of everything that depends on it through cascading mappings.");
            all.insert(name.into(), json!({"type": ["integer", "null"], "format": "int64", "description": description}));
        }
    }
    let required: Vec<Value> = all.keys().map(|name| name.clone().into()).collect();
    if info.is_node() {
        let schema = json!({
            "type": "array", "maxItems": 1000, "items": {"$ref": "#/components/schemas/Mapping"},
            "description": "With `include=mappings`: the mappings in which it stands, on either side; at most 1,000."
        });
        all.insert("mappings".into(), schema);
    }
    let text =
        serde_json::to_string(&all).unwrap_or_default().replace("#/components/schemas/Link", "#/components/schemas/Reference");
    let all: Value = serde_json::from_str(&text).unwrap_or_default();
    json!({"type": "object", "description": description, "properties": all, "required": required})
}

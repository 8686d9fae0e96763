//! A collection on a server, seen by a new organisation.

use super::field::says;
use super::{Field, Spec, alone};
use crate::support::client::encode;
use crate::support::{Answer, Api, Backend, Server, fresh};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

pub struct World {
    pub spec: &'static Spec,
    pub server: Arc<Server>,
    pub api: Api,
    /// Restricts lists to what this world made, where a collection is the whole installation's.
    own: String,
}

impl World {
    pub fn new(spec: &'static Spec, backend: Backend) -> World {
        if spec.shared { World::alone(spec, &alone::take(backend)) } else { World::on(spec, &Server::shared(backend)) }
    }

    pub fn on(spec: &'static Spec, server: &Arc<Server>) -> World {
        World::of_client(spec, server.fresh_organization())
    }

    pub fn of_client(spec: &'static Spec, api: Api) -> World {
        World { spec, server: api.server.clone(), api, own: String::new() }
    }

    /// On a server that nobody else uses, for a collection that all organisations of an installation share.
    fn alone(spec: &'static Spec, server: &Arc<Server>) -> World {
        let mut world = World::on(spec, server);
        world.api.get("/me").expect(200);
        std::thread::sleep(Duration::from_millis(2));
        world.own = format!("&updated_since={}", encode(&jiff::Timestamp::now().to_string()));
        world
    }

    /// The same organisation, but another collection.
    pub fn of(&self, collection: &str) -> World {
        World::of_client(Spec::of(collection), self.api.clone())
    }

    /// The same collection with nothing in it: of another organisation, or of another installation
    /// where all organisations share it.
    pub fn elsewhere(&self) -> World {
        match self.spec.shared {
            true => World::alone(self.spec, &alone::take(self.server.backend)),
            false => World::on(self.spec, &self.server),
        }
    }

    /// The same collection where nothing has ever been in it.
    pub fn untouched(&self) -> World {
        match self.spec.shared {
            true => World::alone(self.spec, &Server::start(self.server.backend)),
            false => World::on(self.spec, &self.server),
        }
    }

    pub fn path(&self) -> String {
        format!("/{}", self.spec.path)
    }

    pub fn at(&self, object: &Value) -> String {
        self.spelled(object["id"].as_str().expect("an object has an id"))
    }

    /// The path of one object under any spelling of its id.
    pub fn spelled(&self, reference: &str) -> String {
        format!("/{}/{}", self.spec.path, encode(reference))
    }

    /// A draft with only what must be there.
    pub fn minimal(&self) -> Value {
        self.draft(|field| field.required, 0)
    }

    /// A draft with every field.
    pub fn full(&self) -> Value {
        self.draft(|_| true, 0)
    }

    /// A full draft with other values.
    pub fn other(&self) -> Value {
        self.draft(|_| true, 1)
    }

    pub fn draft(&self, chosen: impl Fn(&Field) -> bool, turn: usize) -> Value {
        self.shaped(self.members(chosen, turn), "")
    }

    fn members(&self, chosen: impl Fn(&Field) -> bool, turn: usize) -> Map<String, Value> {
        let fields = self.spec.together().filter(|field| chosen(field));
        fields.map(|field| (field.name.to_owned(), field.value(self, turn))).collect()
    }

    fn shaped(&self, mut members: Map<String, Value>, meant: &str) -> Value {
        if let Some(shape) = self.spec.shape {
            shape(self, &mut members, meant);
        }
        Value::Object(members)
    }

    /// A minimal draft with one field set, and those it cannot be without.
    pub fn minimal_with(&self, field: &Field, value: Value) -> Value {
        let needed = |known: &Field| known.name != field.name && (known.required || field.with.contains(&known.name));
        let mut members = self.members(needed, 0);
        members.insert(field.name.to_owned(), value);
        self.shaped(members, field.name)
    }

    /// A draft as it may be sent for an object that is there: with what stays from its creation on.
    pub fn fitted(&self, object: &Value, mut draft: Value) -> Value {
        for field in self.spec.fields.iter().filter(|field| field.fixed) {
            let value = object[field.name].get("id").unwrap_or(&object[field.name]);
            if value.is_null() {
                draft.as_object_mut().expect("a draft is an object").remove(field.name);
            } else {
                draft[field.name] = value.clone();
            }
        }
        draft
    }

    /// A new object. One that only the service makes is found and given what the draft says.
    #[track_caller]
    pub fn create(&self, draft: &Value) -> Value {
        if self.spec.can.create {
            return self.api.create(self.spec.path, draft);
        }
        let fixed = |name: &str| self.spec.field(name).is_some_and(|field| field.fixed);
        let (query, rest): (Vec<_>, Vec<_>) = draft.as_object().expect("a draft").iter().partition(|(name, _)| fixed(name));
        let text = |value: &Value| encode(value.as_str().expect("a text"));
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={}", text(value))).collect();
        let object = self.list(&query.join("&")).expect(200).items().remove(0);
        if rest.is_empty() {
            return object;
        }
        let patch: Map<String, Value> = rest.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.api.patch(&self.at(&object), &Value::Object(patch)).expect(200).json()
    }

    #[track_caller]
    pub fn create_minimal(&self) -> Value {
        self.create(&self.minimal())
    }

    /// A new object of another collection, to be referred to.
    #[track_caller]
    pub fn make(&self, collection: &str) -> Value {
        self.of(collection).create_minimal()
    }

    /// A new object to which a field may point, with an external reference.
    #[track_caller]
    pub fn referred(&self, field: &Field, collection: &str) -> Value {
        let refs = json!([{"system": "cmdb", "id": format!("a/b:{}", fresh())}]);
        let target = self.of(collection);
        target.api.patch(&target.at(&field.target(self, collection)), &json!({"external_refs": refs})).expect(200).json()
    }

    /// Creates `count` minimal objects, the `n`th adjusted by the function.
    #[track_caller]
    pub fn create_many(&self, count: usize, adjust: impl Fn(usize, &mut Value)) -> Vec<Value> {
        let one = |n| {
            let mut draft = self.minimal();
            adjust(n, &mut draft);
            self.create(&draft)
        };
        (0..count).map(one).collect()
    }

    #[track_caller]
    pub fn read(&self, object: &Value) -> Value {
        self.api.get(&self.at(object)).expect(200).json()
    }

    #[track_caller]
    pub fn list(&self, query: &str) -> Answer {
        self.api.get(&self.listing(query))
    }

    /// The path of a list with its query.
    pub fn listing(&self, query: &str) -> String {
        let own = if query.contains("updated_since") { "" } else { &self.own };
        format!("/{}?{query}{own}", self.spec.path).replace("?&", "?")
    }

    /// The ids of a list's first page, in its order.
    #[track_caller]
    pub fn ids(&self, query: &str) -> Vec<String> {
        self.list(query).expect(200).each("id")
    }

    /// All objects of a list, page by page.
    #[track_caller]
    pub fn all_pages(&self, query: &str, limit: usize) -> Vec<Value> {
        let mut all = Vec::new();
        let mut more = String::new();
        loop {
            let page = self.list(&format!("{query}&limit={limit}{more}")).expect(200);
            let items = page.items();
            assert!(items.len() <= limit, "a page is longer than its limit\n{}", page.story());
            all.extend(items);
            match page.json()["next_cursor"].as_str() {
                Some(cursor) => more = format!("&cursor={}", encode(cursor)),
                None => return all,
            }
            assert!(all.len() < 10_000, "the pages never end\n{}", page.story());
        }
    }

    /// The end of the ledger in which the collection's writes stand.
    #[track_caller]
    pub fn seq(&self) -> u64 {
        let answer = self.api.get(&format!("/{}?limit=1", self.spec.path)).expect(200);
        answer.json()["seq"].as_u64().unwrap_or_else(|| panic!("no seq\n{}", answer.story()))
    }

    /// What the collection and the ledger hold, to see that a refused write changed nothing.
    #[track_caller]
    pub fn snapshot(&self) -> Value {
        let list = self.list("limit=500&sort=key").expect(200).json();
        json!({"items": list["items"], "seq": list["seq"]})
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !self.own.is_empty() && !std::thread::panicking() {
            alone::leave(self);
        }
    }
}

/// Asserts that an object says every member of what was sent.
#[track_caller]
pub fn assert_says(object: &Value, sent: &Value) {
    for (name, value) in sent.as_object().expect("a draft is an object") {
        assert!(says(&object[name], value), "{name} was sent as {value} and came back as {}", object[name]);
    }
}

//! Who may what: every operation of the document, tried by every role, by nobody, by someone whose
//! token has run out, and by another organisation.

mod calls;
mod keys;
mod narrow;
mod table;
mod withheld;

use crate::both;
use crate::conformance::{Is, Spec, World};
use crate::prepared;
use crate::support::document::{Document, Operation};
use crate::support::token::{self, ROLES};
use crate::support::{Answer, Api, Backend, Server, fresh};
use calls::{Objects, Ready, prepared};
use serde_json::{Value, json};
use std::sync::Arc;
use table::{collection, decides, may, sends_batches};

const PUBLIC: [&str; 7] =
    ["/livez", "/readyz", "/metrics", "/problems", "/problems/{code}", "/api/v1/problems", "/api/v1/problems/{code}"];
const NOBODY: &str = "018f6c2e-0000-7000-8000-000000000000";

fn is_public(operation: &Operation) -> bool {
    PUBLIC.contains(&operation.template.as_str())
}

/// The operations that need a token; the batch is tried row by row instead.
fn guarded() -> Vec<&'static Operation> {
    let operations = Document::committed().operations.iter();
    operations.filter(|operation| !is_public(operation) && !operation.template.ends_with("/batch")).collect()
}

fn call(api: &Api, method: &str, target: &str, body: Option<&Value>) -> Answer {
    let request = api.absolute(method, target);
    match body {
        Some(body) => request.json(body).send(),
        None => request.send(),
    }
}

fn world(server: &Arc<Server>) -> World {
    World::on(Spec::of("sites"), server)
}

/// Tries every guarded operation as one client and gives those that answered otherwise.
fn surprises(
    (admin, ready): (&World, &mut Ready),
    api: &Api,
    roles: &[&str],
    expected: impl Fn(&Operation) -> Option<u16>,
) -> Vec<String> {
    let mut surprises = Vec::new();
    for operation in guarded() {
        let answer = ready.send(operation, admin, roles, |path, body| {
            let answer = call(api, &operation.method, path, body);
            let unspent = answer.status() >= 400 || operation.method == "GET";
            (answer, unspent)
        });
        let as_expected = match expected(operation) {
            Some(status) => answer.status() == status,
            None => answer.status() < 400,
        };
        if !as_expected {
            let (status, code) = (answer.status(), answer.code());
            surprises.push(format!("{} {} → {status} {code}", operation.method, operation.template));
        }
    }
    surprises
}

both! {
    fn without_a_token_only_public_pages_are_answered(server) {
        let (admin, mut ready) = (world(server), Ready::default());
        let surprises = surprises((&admin, &mut ready), &server.stranger(), &[], |_| Some(401));
        assert!(surprises.is_empty(), "{surprises:#?}");
        let answer = server.stranger().get("/sites");
        assert!(answer.needed_header("www-authenticate").starts_with("Bearer"), "{}", answer.story());
        for page in ["/livez", "/readyz", "/metrics", "/problems/not_found", "/openapi.json", "/docs"] {
            let status = server.stranger().absolute("GET", page).send().status();
            assert!(status < 400, "{page} → {status}");
        }
    }

    fn a_token_that_has_run_out_opens_nothing(server) {
        let (admin, mut ready) = (world(server), Ready::default());
        let mut claims = token::claims(&admin.api.organization, "ana", &token::ALL_POWERFUL);
        claims["iat"] = json!(token::now() - 7200);
        claims["exp"] = json!(token::now() - 3600);
        let api = server.with_token(&admin.api.organization, &server.token(&claims));
        let surprises = surprises((&admin, &mut ready), &api, &[], |_| Some(401));
        assert!(surprises.is_empty(), "{surprises:#?}");
    }

    fn each_role_may_what_the_table_says_and_nothing_else(server) {
        let (admin, mut ready) = (world(server), Ready::default());
        let mut all = Vec::new();
        for role in ROLES {
            let api = server.client(&admin.api.organization, role, &[role]);
            let expected = |operation: &Operation| (!may(role, &operation.method, &operation.template)).then_some(403);
            all.extend(surprises((&admin, &mut ready), &api, &[role], expected).into_iter().map(|surprise| format!("{role}: {surprise}")));
        }
        assert!(all.is_empty(), "{all:#?}");
    }

    fn a_role_nobody_knows_gives_nothing(server) {
        let (admin, mut ready) = (world(server), Ready::default());
        for roles in [&[][..], &["root"], &["Administrator"], &["administrator "]] {
            let api = server.client(&admin.api.organization, "eve", roles);
            let expected = |operation: &Operation| (!operation.template.ends_with("/me")).then_some(403);
            let surprises = surprises((&admin, &mut ready), &api, &[], expected);
            assert!(surprises.is_empty(), "{roles:?}: {surprises:#?}");
        }
    }

    fn several_roles_add_up(server) {
        let (admin, mut ready) = (world(server), Ready::default());
        let roles = ["process_owner", "auditor", "application_manager"];
        let api = server.client(&admin.api.organization, "max", &roles);
        let expected = |operation: &Operation| {
            let granted = roles.iter().any(|role| may(role, &operation.method, &operation.template));
            (!granted).then_some(403)
        };
        let surprises = surprises((&admin, &mut ready), &api, &roles, expected);
        assert!(surprises.is_empty(), "{surprises:#?}");
    }

    fn scopes_narrow_what_roles_give(server) {
        let (admin, mut ready) = (world(server), Ready::default());
        // Where a scope is missing no statement is made: on PostgreSQL one collection is enough.
        let collections = if server.backend == Backend::Postgres { 1 } else { usize::MAX };
        for spec in Spec::all().take(collections) {
            let write = format!("{}:write", spec.path);
            let read = format!("{}:read", spec.path);
            for writes in [false, true] {
                let mut claims = token::claims(&admin.api.organization, "ana", &token::ALL_POWERFUL);
                claims["scope"] = json!(if writes { format!("{read} {write}") } else { read.clone() });
                let api = server.with_token(&admin.api.organization, &server.token(&claims));
                let expected = |operation: &Operation| {
                    let own = collection(&operation.template) == spec.path;
                    // What shows another collection too needs the permission for that as well.
                    let more = ["/history", "/dependencies", "/rfc-draft", "/plans/{id}/copy", "/schedule", "/diff", "/content", "/timeline", "/events", "/proof"];
                    let more = more.iter().any(|tail| operation.template.ends_with(tail)) || decides(&operation.template);
                    let granted = own && (!more || decides(&operation.template) && operation.method == "GET") && (writes || operation.method == "GET");
                    (!granted && !operation.template.ends_with("/me")).then_some(403)
                };
                let mut surprises = surprises((&admin, &mut ready), &api, &token::ALL_POWERFUL, expected);
                // Some drafts name other objects than those whose links are not seen.
                surprises.retain(|surprise| !(surprise.starts_with("PUT ") && surprise.ends_with(" 409 withheld")));
                // Whoever is narrowed gives no key more than that.
                let broader = ["POST /api/v1/api-keys → 422 invalid", "POST /api/v1/api-keys/{id}/secret → 403 forbidden"];
                surprises.retain(|surprise| !broader.contains(&surprise.as_str()));
                assert!(surprises.is_empty(), "{}: {surprises:#?}", claims["scope"]);
            }
        }
    }

    fn history_and_dependencies_need_a_scope_of_their_own_too(server) {
        let admin = world(server);
        let site = admin.create_minimal();
        let ask = |scope: &str, tail: &str| {
            let mut claims = token::claims(&admin.api.organization, "ana", &token::ALL_POWERFUL);
            claims["scope"] = json!(scope);
            let api = server.with_token(&admin.api.organization, &server.token(&claims));
            api.get(&format!("{}/{tail}", admin.at(&site))).status()
        };
        for (tail, more) in [("history", "history:read"), ("dependencies", "mappings:read")] {
            assert_eq!(ask("sites:read", tail), 403);
            assert_eq!(ask(more, tail), 403);
            assert_eq!(ask(&format!("sites:read {more}"), tail), 200);
        }
    }

    fn a_scope_gives_nothing_that_no_role_gives(server) {
        let admin = world(server);
        let mut claims = token::claims(&admin.api.organization, "ann", &["user"]);
        claims["scope"] = json!("contacts:read contacts:write services:write changes:read batch:write organizations:read");
        let api = server.with_token(&admin.api.organization, &server.token(&claims));
        for path in ["/contacts", "/changes?after=0", "/organizations"] {
            api.get(path).refused(403, "forbidden");
        }
        api.post("/services", &json!({"name": "Mine"})).refused(403, "forbidden");
        api.post("/contacts", &json!({"name": "Mine"})).refused(403, "forbidden");
    }

    fn a_batch_may_what_its_sender_may(server) {
        let admin = world(server);
        let mut surprises = Vec::new();
        for role in ROLES {
            let api = server.client(&admin.api.organization, role, &[role]);
            for spec in Spec::all().filter(|spec| !spec.shared) {
                let data = admin.of(spec.path).minimal();
                let row = json!({"op": "upsert", "kind": spec.kind, "id": format!("ref:test:{}", fresh()), "data": data});
                let answer = api.post("/batch", &json!({"mode": "atomic", "rows": [row]}));
                let granted = may(role, "POST", &format!("/api/v1/{}", spec.path));
                let limited = spec.access.is_limited(role);
                let wanted = match (granted && sends_batches(role), limited) {
                    (true, _) if !spec.can.create => (422, vec![("/rows/0".to_owned(), "not_created".to_owned())]),
                    (true, _) => (200, Vec::new()),
                    // Whether a row is commissioned to its sender is a question to the row.
                    (false, true) => (422, vec![("/rows/0".to_owned(), "forbidden".to_owned())]),
                    (false, false) => (403, Vec::new()),
                };
                if (answer.status(), answer.faults()) != wanted {
                    surprises.push(format!("{role}: {} → {} {:?}", spec.kind, answer.status(), answer.faults()));
                }
            }
        }
        assert!(surprises.is_empty(), "{surprises:#?}");
    }

    fn whoever_reports_a_disruption_amends_his_own_report_until_somebody_takes_it_up(server) {
        let admin = world(server);
        let site = admin.create_minimal();
        let draft = json!({"title": "Water", "sites": [site["id"]]});
        let others = admin.api.create("disruptions", &draft);
        for role in Spec::of("disruptions").access.reporters.iter().copied() {
            let api = server.client(&admin.api.organization, role, &[role]);
            let own = api.post("/disruptions", &draft).expect(201).json();
            let path = format!("/disruptions/{}", prepared::id(&own));
            api.patch(&path, &json!({"severity": "major"})).expect(200);
            let mut whole = draft.clone();
            whole["title"] = json!("Much water");
            api.put(&path, &whole).expect(200);
            let foreign = format!("/disruptions/{}", prepared::id(&others));
            for refused in [api.patch(&foreign, &json!({"severity": "major"})), api.put(&foreign, &whole), api.delete(&foreign)] {
                refused.refused(403, "forbidden");
            }
            assert_eq!(api.get(&path).status(), if role == "user" { 403 } else { 200 }, "{role}");
            api.post(&format!("{path}/transitions"), &json!({"to": "assessed"})).refused(403, "forbidden");
            prepared::go(&admin.api, "disruptions", &own, &json!({"to": "assessed"}));
            api.patch(&path, &json!({"severity": "minor"})).refused(403, "forbidden");
            api.delete(&path).refused(403, "forbidden");
            admin.api.patch(&path, &json!({"severity": "critical"})).expect(200);
        }
    }

    fn mappings_are_not_shown_to_those_who_may_not_read_them(server) {
        let admin = world(server);
        let mapping = admin.of("mappings").create_minimal();
        let user = server.client(&admin.api.organization, "ann", &["user"]);
        let process = mapping["dependent"]["id"].as_str().expect("an id");
        let path = format!("/business-processes/{process}?include=mappings");
        admin.api.get(&path).expect(200);
        user.get(&path).refused(403, "forbidden");
    }

    fn another_organisation_sees_and_changes_nothing(server) {
        let (ours, theirs) = (world(server), world(server));
        let mut objects = Objects::default();
        for operation in guarded() {
            let (path, body) = prepared(operation, &ours, &token::ALL_POWERFUL, &mut objects);
            let Some(id) = path.split('/').find(|part| uuid::Uuid::parse_str(part).is_ok()) else { continue };
            if path.contains("/organizations/") {
                continue;
            }
            // A draft that points to nothing of ours, so that only the path does.
            let whole = path.ends_with(id) && operation.method != "PATCH";
            let body = body.map(|body| if whole { theirs.of(collection(&operation.template)).minimal() } else { body });
            let foreign = call(&theirs.api, &operation.method, &path, body.as_ref());
            let unknown = call(&theirs.api, &operation.method, &path.replace(id, NOBODY), body.as_ref());
            assert_eq!(foreign.status(), 404, "{}", foreign.story());
            assert_eq!(unknown.status(), 404, "{}", unknown.story());
            let alike = [&foreign, &unknown].map(|answer| {
                let mut body = answer.json();
                body.as_object_mut().expect("a problem").remove("request_id");
                body.to_string().replace(id, "ID").replace(NOBODY, "ID")
            });
            assert_eq!(alike[0], alike[1], "the two can be told apart");
        }
    }

    fn lists_and_feeds_hold_only_what_is_ones_own(server) {
        let (ours, theirs) = (world(server), world(server));
        let secret = format!("secret{}", fresh());
        for spec in Spec::all().filter(|spec| !spec.shared) {
            let world = ours.of(spec.path);
            let mut draft = world.minimal();
            draft[spec.label] = json!(secret);
            draft["tags"] = json!([secret]);
            draft["external_refs"] = json!([{"system": "cmdb", "id": secret}]);
            world.create(&draft);
            let filters = ["limit=500".to_owned(), format!("q={secret}"), format!("tag={secret}"), format!("{}={secret}", spec.label), format!("external_ref=cmdb:{secret}")];
            for filter in filters {
                let answer = theirs.api.get(&format!("/{}?{filter}", spec.path)).expect(200);
                assert!(!answer.json()["items"].to_string().contains(&secret), "{}", answer.story());
            }
        }
        for query in ["", "&include=body"] {
            let feed = theirs.api.get(&format!("/changes?after=0&limit=500{query}")).expect(200);
            assert!(!feed.text().contains(&secret), "{}", feed.story());
        }
    }

    fn a_filter_by_another_organisations_object_is_one_by_an_unknown_object(server) {
        let (ours, theirs) = (world(server), world(server));
        for spec in Spec::all() {
            for (field, filter) in spec.fields.iter().filter_map(|field| Some((field, field.filter?))) {
                let collection = match field.is {
                    Is::Reference(collections) => collections[0],
                    Is::References(collection, _) => collection,
                    _ => continue,
                };
                let foreign = ours.of(collection).create_minimal();
                theirs.of(spec.path).create_minimal();
                let ask = |value: &str| {
                    let answer = theirs.api.get(&format!("/{}?{filter}={value}", spec.path));
                    let mut body = answer.json();
                    body.as_object_mut().expect("an object").remove("request_id");
                    (answer.status(), body.to_string().replace(value, "VALUE"))
                };
                assert_eq!(ask(foreign["id"].as_str().expect("an id")), ask(NOBODY), "{}.{}", spec.path, field.name);
                let key = format!("key:{}", foreign["key"].as_str().expect("a key"));
                let taken = theirs.api.get(&format!("/{collection}/{key}")).status() == 200;
                assert!(taken || ask(&key) == ask("key:NOBODY-1"), "{}.{}", spec.path, field.name);
            }
        }
    }

    fn a_cursor_of_another_organisation_leads_to_nothing_of_theirs(server) {
        let (ours, theirs) = (world(server), world(server));
        ours.create_many(3, |_, draft| draft["description"] = json!("ours"));
        theirs.create_many(3, |_, draft| draft["description"] = json!("theirs"));
        let cursor = ours.list("limit=1&sort=name").expect(200).json()["next_cursor"].as_str().expect("more").to_owned();
        let answer = theirs.list(&format!("limit=1&sort=name&cursor={cursor}"));
        assert!(matches!(answer.status(), 200 | 400), "{}", answer.story());
        assert!(!answer.text().contains("ours"), "{}", answer.story());
    }

    fn one_is_told_who_one_is(server) {
        let api = server.client(&format!("org-{}", fresh()), "carla", &["auditor"]);
        let answer = api.get("/me").expect(200);
        let text = answer.text();
        for word in ["carla", "auditor", api.organization.as_str()] {
            assert!(text.contains(word), "{}", answer.story());
        }
    }
}

//! The schema: equal on both databases, made and taken back, and guarding by itself what must never happen.

use crate::conformance::{Spec, World};
use crate::prepared;
use crate::support::cluster::Cluster;
use crate::support::server::Home;
use crate::support::sql::Database;
use crate::support::{Api, Backend, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

pub mod catalog;

use catalog::{ForeignKey, catalog, foreign_keys, functions};

fn migrate(home: &Home, arguments: &[&str]) {
    let output = home.run("migrate", arguments);
    assert!(output.status.success(), "migrate {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// So many changes of the schema there are.
fn changes(backend: Backend) -> usize {
    let folder = if backend == Backend::Sqlite { "sqlite" } else { "postgres" };
    let path = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_dir(&path).expect("the folder of the migrations").count()
}

fn migrated(backend: Backend) -> Home {
    let home = Home::new(backend);
    migrate(&home, &[]);
    home
}

fn database(home: &Home) -> Database<'static> {
    Database::of(home, Cluster::shared)
}

#[test]
fn both_databases_have_the_same_tables_columns_keys_and_indexes() {
    let (sqlite, postgres) = (migrated(Backend::Sqlite), migrated(Backend::Postgres));
    let (sqlite, postgres) = (catalog(&database(&sqlite)), catalog(&database(&postgres)));
    let only_sqlite: Vec<&String> = sqlite.difference(&postgres).collect();
    let only_postgres: Vec<&String> = postgres.difference(&sqlite).collect();
    assert!(sqlite.len() > 150, "the catalog is hardly read: {sqlite:#?}");
    assert!(
        only_sqlite.is_empty() && only_postgres.is_empty(),
        "only SQLite {only_sqlite:#?}, only PostgreSQL {only_postgres:#?}"
    );
}

fn to_and_fro(backend: Backend) {
    let home = migrated(backend);
    let database = database(&home);
    let before = catalog(&database);
    migrate(&home, &[]);
    assert_eq!(catalog(&database), before, "a second run changed something");
    for _ in 0..changes(backend) {
        migrate(&home, &["--revert", "--yes"]);
    }
    let left: Vec<String> = catalog(&database).into_iter().collect();
    assert_eq!(left, Vec::<String>::new(), "left behind");
    assert_eq!(functions(&database), Vec::<String>::new(), "left behind");
    assert!(!home.run("migrate", &["--revert", "--yes"]).status.success(), "there was nothing more to take back");
    migrate(&home, &[]);
    assert_eq!(catalog(&database), before);
}

#[test]
fn the_schema_is_taken_back_without_a_trace_and_made_again_on_sqlite() {
    to_and_fro(Backend::Sqlite);
}

#[test]
fn the_schema_is_taken_back_without_a_trace_and_made_again_on_postgres() {
    to_and_fro(Backend::Postgres);
}

/// A database with one organisation's life in its ledger, served once and now at rest.
fn lived_in(backend: Backend) -> (Arc<Home>, Vec<String>) {
    let home = Arc::new(Home::new(backend));
    let server = Server::start_at(&home, "serve", &[]);
    let organizations: Vec<Api> = (0..2).map(|_| server.fresh_organization()).collect();
    for api in &organizations {
        fill(api);
    }
    server.kill();
    (home, organizations.into_iter().map(|api| api.organization).collect())
}

/// Two objects of every kind, with every link filled.
fn fill(api: &Api) {
    for n in 1..3 {
        let refs = json!([{"system": "cmdb", "id": format!("{}-{n}", api.organization)}]);
        let parent = |kind: &str| if n == 1 { Value::Null } else { json!(format!("key:{kind}-1")) };
        let drafts = [
            (
                "contacts",
                json!({"key": format!("CON-{n}"), "name": "Ana", "deputy": parent("CON"), "subject": if n == 1 { Value::Null } else { json!("ana") }}),
            ),
            ("suppliers", json!({"key": format!("SUP-{n}"), "name": "Acme", "contacts": [format!("key:CON-{n}")]})),
            ("sites", json!({"key": format!("SIT-{n}"), "name": "Room", "kind": "office", "parent": parent("SIT")})),
            (
                "business-processes",
                json!({"key": format!("BPR-{n}"), "name": "Pay", "owner": "key:CON-1", "parent": parent("BPR")}),
            ),
            ("services", json!({"key": format!("SVC-{n}"), "name": "Mail", "owner": "key:CON-1"})),
            (
                "components",
                json!({"key": format!("CMP-{n}"), "name": "Node", "kind": "server", "site": "key:SIT-1",
                       "supplier": "key:SUP-1", "owner": "key:CON-1"}),
            ),
            (
                "mappings",
                json!({"key": format!("MAP-{n}"), "dependent": format!("key:SVC-{n}"), "provider": format!("key:CMP-{n}")}),
            ),
            ("agreements", agreement(n)),
        ];
        for (collection, mut draft) in drafts.into_iter().chain(treatment(n)) {
            draft["external_refs"] = refs.clone();
            draft["tags"] = json!(["tagged"]);
            let answer = api.call("POST", &format!("/{collection}")).json(&draft).send_unjudged();
            answer.expect(201);
        }
        practised(api, n);
        for spec in Spec::all().filter(|spec| !spec.shared) {
            let world = World::of_client(spec, api.clone());
            if world.list("limit=1").expect(200).items().is_empty() {
                world.create(&world.full());
            }
        }
    }
    let accepted = json!({"to": "accepted", "comment": "Small", "approver": "key:CON-2", "accepted_until": "2999-12-31"});
    for move_on in [json!({"to": "assessed"}), accepted] {
        api.post("/risks/key:RSK-1/transitions", &move_on).expect(200);
    }
    api.put("/settings", &json!({"intolerable_level": 2})).expect(200);
    let matrix = api.get("/risk-matrix").expect(200).json();
    let parts = ["likelihood_levels", "impact_levels", "classes", "appetite"].map(|name| (name.to_owned(), matrix[name].clone()));
    api.put("/risk-matrix", &Value::Object(parts.into_iter().collect())).expect(200);
}

/// The `n`th agreement: with a supplier, or within the organisation.
fn agreement(n: usize) -> Value {
    let mut draft = json!({
        "key": format!("AGR-{n}"), "name": "Lines", "kind": "ola", "customer": "key:CON-1", "services": ["key:SVC-1"],
        "components": [format!("key:CMP-{n}")], "contract_contact": "key:CON-1", "complaint_contact": "key:CON-1",
        "escalation_contact": "key:CON-1", "service_review_contact": "key:CON-1", "emergency_contact": "key:CON-1"
    });
    let (side, key) = if n == 1 { ("supplier", "key:SUP-1") } else { ("provider", "key:CON-2") };
    draft[side] = json!(key);
    draft
}

/// The `n`th plan, in force, and what was done with it.
fn practised(api: &Api, n: usize) {
    let link = |prefix: &str| json!(format!("key:{prefix}-{n}"));
    let parent = if n == 1 { Value::Null } else { json!("key:PLN-1") };
    let plan = json!({"key": format!("PLN-{n}"), "title": "Array", "kind": "disaster_recovery", "services": [link("SVC")],
                      "owner": link("CON"), "parent": parent, "recovery_site": link("SIT")});
    let plan = api.create("plans", &plan);
    let mut content = prepared::one_step();
    content["steps"][0]["responsible"] = link("CON");
    content["steps"][0]["recovers"] = json!([link("CMP")]);
    content["team"] = json!([{"key": "lead", "role": "Lead", "contact": link("CON")}]);
    prepared::activate(api, &prepared::draft_of(api, &plan, &content));
    let exercise = prepared::exercise_under_way(api);
    let run = json!({"plan": plan["id"], "exercise": exercise["id"], "lead": link("CON")});
    let run = api.create("runs", &run);
    let disruption = api.create("disruptions", &json!({"title": "Water", "sites": [link("SIT")], "components": [link("CMP")]}));
    let measured = json!({"subject": {"id": link("CMP"), "kind": "component"}, "source": "run", "run": run["id"],
                          "restoration_seconds": 60, "measured_by": link("CON")});
    api.create("measurements", &measured);
    let finding = json!({"title": "Late", "severity": "minor", "source": "run", "run": run["id"], "exercise": exercise["id"],
                         "disruption": disruption["id"], "services": [link("SVC")], "owner": link("CON"), "measure": link("MSR")});
    api.create("findings", &finding);
    let key = json!({"name": "Pipeline", "roles": ["user"], "expires_at": crate::conformance::in_days(30)});
    let key = api.create("api-keys", &key);
    api.post(&format!("/api-keys/{}/secret", prepared::id(&key)), &json!({})).expect(201);
}

/// The `n`th of each kind of threats, risks and what is done about them.
fn treatment(n: usize) -> [(&'static str, Value); 8] {
    let key = |prefix: &str| json!(format!("{prefix}-{n}"));
    let link = |prefix: &str| json!(format!("key:{prefix}-{n}"));
    [
        ("threats", json!({"key": key("THR"), "name": "Flood", "category": "natural"})),
        (
            "vulnerabilities",
            json!({"key": key("VUL"), "name": "Low sill", "severity": "high", "threats": [link("THR")],
                   "services": [link("SVC")], "components": [link("CMP")]}),
        ),
        (
            "risks",
            json!({"key": key("RSK"), "title": "Flood", "threat": link("THR"), "vulnerabilities": [link("VUL")],
                   "business_processes": [link("BPR")], "services": [link("SVC")], "components": [link("CMP")],
                   "owner": "key:CON-1"}),
        ),
        (
            "risk-assessments",
            json!({"key": key("RAS"), "risk": link("RSK"), "likelihood": 1, "impact": 2, "assessor": link("CON")}),
        ),
        (
            "measures",
            json!({"key": key("MSR"), "title": "Raise it", "nature": "technical", "purpose": "preventive", "risks": [link("RSK")],
                   "services": [link("SVC")], "components": [link("CMP")], "owner": link("CON")}),
        ),
        ("measure-tasks", json!({"key": key("TSK"), "title": "Order", "measure": link("MSR"), "assignee": link("CON")})),
        (
            "change-requests",
            json!({"key": key("CHG"), "title": "Raise it", "measures": [link("MSR")], "services": [link("SVC")],
                   "components": [link("CMP")]}),
        ),
        (
            "impact-assessments",
            json!({"key": key("BIA"), "business_process": link("BPR"), "assessed_on": "2026-11-10", "assessor": link("CON")}),
        ),
    ]
}

/// What the first change of the schema can hold.
const FIRST_KINDS: [&str; 8] =
    ["business_process", "component", "contact", "mapping", "organization", "service", "site", "supplier"];

fn the_whole_way_back(backend: Backend) {
    let (home, _) = lived_in(backend);
    let database = database(&home);
    let kinds = || database.lines("select distinct kind as line from objects order by kind");
    assert!(kinds().len() > FIRST_KINDS.len());
    for _ in 1..changes(backend) {
        migrate(&home, &["--revert", "--yes"]);
        if let Database::Sqlite(_) = database {
            assert_eq!(database.lines("select \"table\" as line from pragma_foreign_key_check"), Vec::<String>::new());
        }
    }
    assert_eq!(kinds(), FIRST_KINDS, "objects without a table");
    migrate(&home, &["--revert", "--yes"]);
    assert_eq!(catalog(&database).into_iter().collect::<Vec<_>>(), Vec::<String>::new(), "left behind");
}

#[test]
fn a_database_with_a_past_goes_the_whole_way_back_on_sqlite() {
    the_whole_way_back(Backend::Sqlite);
}

#[test]
fn a_database_with_a_past_goes_the_whole_way_back_on_postgres() {
    the_whole_way_back(Backend::Postgres);
}

fn the_ledger_is_fixed(backend: Backend) {
    let (home, _) = lived_in(backend);
    let database = database(&home);
    let all = "select count(*) || ' ' || sum(seq) || ' ' || max(at) as line from ledger";
    let before = database.lines(all);
    let mut attempts = vec![
        "delete from ledger".to_owned(),
        "delete from ledger where seq = 3".to_owned(),
        "delete from tenants".to_owned(),
        "update ledger set body = '{}'".to_owned(),
        "update ledger set body = body || ' ' where seq = 3".to_owned(),
        "update ledger set body = null, seq = seq + 1000".to_owned(),
    ];
    let columns: Vec<String> = catalog::columns(&database, "ledger");
    assert!(columns.len() > 10, "{columns:?}");
    attempts.extend(columns.iter().filter(|name| *name != "body").map(|name| format!("update ledger set {name} = {name}")));
    match &database {
        Database::Sqlite(_) => attempts.push("insert or replace into ledger select * from ledger where seq = 3".to_owned()),
        Database::Postgres(..) => attempts.push("truncate ledger cascade".to_owned()),
    }
    for attempt in &attempts {
        let refused = database.try_execute(attempt).expect_err(attempt);
        let why = refused.contains("only appended to") || refused.to_lowercase().contains("foreign key");
        assert!(why, "{attempt}: {refused}");
        assert_eq!(database.lines(all), before, "{attempt}");
    }
    database.execute("update ledger set body = null where seq = 3");
    let erased = database.lines("select cast(count(*) as text) as line from ledger where seq = 3 and body is not null");
    assert_eq!(erased, ["0"]);
    // Who takes a body out by hand is found out.
    let verified = home.run("verify", &[]);
    let told = String::from_utf8_lossy(&verified.stderr);
    assert!(!verified.status.success() && told.contains("entry 3 is broken"), "{told}");
}

#[test]
fn an_entry_of_the_ledger_cannot_be_changed_but_its_body_can_be_erased_on_sqlite() {
    the_ledger_is_fixed(Backend::Sqlite);
}

#[test]
fn an_entry_of_the_ledger_cannot_be_changed_but_its_body_can_be_erased_on_postgres() {
    the_ledger_is_fixed(Backend::Postgres);
}

/// The statements that would make a row of `mine` point into `theirs`: a changed link, and a new row.
fn trespasses(database: &Database, key: &ForeignKey, mine: &str, theirs: &str) -> Vec<String> {
    let id = |key: &str| format!("(select id from objects where kind = 'organization' and key = '{key}')");
    let (mine, theirs) = (id(mine), id(theirs));
    let ForeignKey { table, column, target, target_column } = key;
    let stranger =
        format!("(select {target_column} from {target} where organization_id = {theirs} order by {target_column} limit 1)");
    let copy = |changed: &str, value: &str| {
        let columns = catalog::columns(database, table);
        let values: Vec<&str> = columns.iter().map(|name| if name == changed { value } else { name }).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        let one =
            catalog::primary_key(database, table).iter().map(|name| format!("{table}.{name}")).collect::<Vec<_>>().join(", ");
        format!(
            "insert into {table} ({columns}) select {values} from {table} where organization_id = {mine} order by {one} limit 1"
        )
    };
    let moved = copy("organization_id", &theirs);
    if catalog::primary_key(database, table).contains(column) {
        return vec![copy(column, &stranger), moved];
    }
    let changed = format!("update {table} set {column} = {stranger} where organization_id = {mine}");
    // A head alone may be anybody's; the row of its kind is what cannot be.
    if table == "objects" { vec![changed] } else { vec![changed, moved] }
}

fn nobody_trespasses(backend: Backend) {
    let (home, organizations) = lived_in(backend);
    let database = database(&home);
    let keys: Vec<ForeignKey> = foreign_keys(&database).into_iter().filter(|key| key.target != "tenants").collect();
    let tables: BTreeSet<&str> = keys.iter().map(|key| key.table.as_str()).collect();
    // The foreign keys alone are to refuse.
    for index in catalog::unique_indexes(&database) {
        database.execute(&format!("drop index {index}"));
    }
    let on = database.either("", " on plan_versions");
    for trigger in catalog::triggers(&database, "plan_versions") {
        database.execute(&format!("drop trigger {trigger}{on}"));
    }
    assert!(keys.len() >= 20 && tables.len() >= 10, "{keys:#?}");
    for key in keys.iter().filter(|key| key.table != "organizations") {
        for trespass in trespasses(&database, key, &organizations[0], &organizations[1]) {
            let refused = database.try_execute(&trespass).expect_err(&trespass).to_lowercase();
            assert!(refused.contains("foreign key"), "{trespass}: {refused}");
        }
    }
    let links = catalog::columns_like(&database, "_id");
    let guarded: BTreeSet<(String, String)> = keys.iter().map(|key| (key.table.clone(), key.column.clone())).collect();
    let free = |(table, column): &(String, String)| {
        matches!(column.as_str(), "organization_id" | "external_id" | "request_id") || table == "ledger"
    };
    let open: Vec<_> = links.into_iter().filter(|link| !guarded.contains(link) && !free(link)).collect();
    assert!(open.is_empty(), "links without a foreign key: {open:?}");
}

#[test]
fn no_row_can_point_into_another_organisation_on_sqlite() {
    nobody_trespasses(Backend::Sqlite);
}

#[test]
fn no_row_can_point_into_another_organisation_on_postgres() {
    nobody_trespasses(Backend::Postgres);
}

#[test]
fn every_table_but_the_tenants_belongs_to_an_organisation() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let home = migrated(backend);
        let database = database(&home);
        for table in catalog::tables(&database) {
            let key = catalog::primary_key(&database, &table);
            assert_eq!(key.first().map(String::as_str), Some("organization_id"), "{table}");
        }
        let keys = foreign_keys(&database);
        let bound: BTreeSet<String> = keys.iter().map(|key| key.table.clone()).collect();
        // Ledger and objects are written under the lock of their tenant's row alone, which checks that it is there.
        let roots = ["tenants", "ledger", "objects"];
        for table in catalog::tables(&database).iter().filter(|table| !roots.contains(&table.as_str())) {
            assert!(bound.contains(table), "{table} has no foreign key that leads to its tenant");
        }
    }
}

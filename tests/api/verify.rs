//! `holdfast verify` against somebody who knows SQL: whatever was changed is found and named.

use crate::support::cluster::Cluster;
use crate::support::server::Home;
use crate::support::sql::Database;
use crate::support::{Api, Backend, Server};
use serde_json::json;
use std::sync::Arc;

/// A ledger of two organisations at rest, without the triggers that guard it, and a copy of it aside.
struct Scene {
    home: Arc<Home>,
    database: Database<'static>,
    /// The id of the organisation in which something will be changed.
    organization: String,
    newest: u64,
}

const RESTORE: &str = "delete from ledger; delete from tenants; \
    insert into tenants select * from kept_tenants; insert into ledger select * from kept_ledger";

impl Scene {
    fn new(backend: Backend) -> Scene {
        Scene::with(backend, fill)
    }

    fn with(backend: Backend, fill: fn(&Api)) -> Scene {
        let home = Arc::new(Home::new(backend));
        let server = Server::start_at(&home, "serve", &[]);
        let apis = [server.fresh_organization(), server.fresh_organization()];
        apis.iter().for_each(fill);
        server.kill();
        let database = Database::of(&home, Cluster::shared);
        for trigger in database.lines(database.either(
            "select name as line from sqlite_master where type = 'trigger'",
            "select tgname || ' on ' || tgrelid::regclass as line from pg_trigger where not tgisinternal",
        )) {
            database.execute(&format!("drop trigger {trigger}"));
        }
        database.execute("create table kept_ledger as select * from ledger; create table kept_tenants as select * from tenants");
        let id = database.either("lower(hex(id))", "replace(id::text, '-', '')");
        let key = &apis[0].organization;
        let id =
            database.lines(&format!("select {id} as line from objects where kind = 'organization' and key = '{key}'")).concat();
        let text = format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
        let newest = "select cast(max(seq) as text) as line from ledger where organization_id = ";
        let newest = database.lines(&format!("{newest}{}", literal(&database, &text))).concat().parse().expect("a seq");
        Scene { home, database, organization: text, newest }
    }

    fn mine(&self) -> String {
        format!("organization_id = {}", literal(&self.database, &self.organization))
    }

    /// What `verify` says, and whether it is content.
    fn verdict(&self) -> (bool, String) {
        let output = self.home.run("verify", &[]);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(matches!(output.status.code(), Some(0 | 1)), "{text}");
        (output.status.success(), text)
    }

    /// Carries out the statements, in which `{mine}` stands for the organisation, and looks whether `verify` names the
    /// entry; then everything is put back.
    #[track_caller]
    fn found(&self, statements: &str, seq: u64) {
        self.database.execute(&self.past_foreign_keys(&statements.replace("{mine}", &self.mine())));
        let (good, text) = self.verdict();
        assert!(!good, "not found: {statements}\n{text}");
        let named = text.contains(&self.organization) && text.contains(&format!("entry {seq} "));
        assert!(named, "{statements}: entry {seq} of {} is not named:\n{text}", self.organization);
        self.restore();
    }

    #[track_caller]
    fn restore(&self) {
        self.database.execute(&self.past_foreign_keys(RESTORE));
        let (good, text) = self.verdict();
        assert!(good, "{text}");
    }

    /// Whoever may write to the files may write past the foreign keys as well.
    fn past_foreign_keys(&self, statements: &str) -> String {
        match &self.database {
            Database::Sqlite(_) => format!("COMMIT; PRAGMA foreign_keys=OFF; BEGIN; {statements}"),
            Database::Postgres(..) => format!("set session_replication_role = replica; {statements}"),
        }
    }
}

fn literal(database: &Database, id: &str) -> String {
    match database {
        Database::Sqlite(_) => format!("x'{}'", id.replace('-', "")),
        Database::Postgres(..) => format!("'{id}'"),
    }
}

/// Six entries: three sites created, one changed twice, one deleted.
fn fill(api: &Api) {
    for n in 1..4 {
        let draft = json!({"key": format!("S{n}"), "name": format!("Site {n}"), "kind": "office"});
        api.call("POST", "/sites").header("Change-Reason", "moved in").json(&draft).send_unjudged().expect(201);
    }
    for name in ["Annex", "Tower"] {
        let renamed = api.call("PATCH", "/sites/key:S2").header("Change-Reason", "rebuilt").json(&json!({"name": name}));
        renamed.send_unjudged().expect(200);
    }
    api.call("DELETE", "/sites/key:S3").header("Change-Reason", "moved out").send_unjudged().expect(204);
}

fn every_forgery_is_named(backend: Backend) {
    let scene = Scene::new(backend);
    let (good, text) = scene.verdict();
    assert!(good && text.contains("organisations verified"), "{text}");
    let (database, last) = (&scene.database, scene.newest);
    let later = database.either("at = at + 1", "at = at + interval '1 microsecond'");
    let other = database.either("zeroblob(32)", "decode(repeat('00', 32), 'hex')");
    let stranger = database.either("zeroblob(16)", "'00000000-0000-0000-0000-000000000001'::uuid");
    let forgeries = [
        "body = replace(body, 'Site 2', 'Site 9')",
        "body = body || ' '",
        "body = ''",
        later,
        "kind = 'contact'",
        "object_key = 'S9'",
        "version = version + 1",
        "operation = 'deleted'",
        "actor = 'eve'",
        "request_id = 'another'",
        "reason = 'another'",
        "reason = null",
        "reason = ''",
        &format!("object_id = {stranger}"),
        &format!("digest = {other}"),
        &format!("hash = {other}"),
        "body = null, actor = 'eve'",
        &format!("body = null, digest = {other}"),
    ];
    for forgery in forgeries {
        for seq in [1, 2, last - 1] {
            let changes_nothing = forgery.contains("Site 2") && seq != 2;
            if !changes_nothing {
                scene.found(&format!("update ledger set {forgery} where {{mine}} and seq = {seq}"), seq);
            }
        }
    }
    scene.found(&format!("update ledger set body = '{{}}' where {{mine}} and seq = {last}"), last);
}

#[test]
fn every_changed_field_of_an_entry_is_found_and_named_on_sqlite() {
    every_forgery_is_named(Backend::Sqlite);
}

#[test]
fn every_changed_field_of_an_entry_is_found_and_named_on_postgres() {
    every_forgery_is_named(Backend::Postgres);
}

fn nothing_missing_stays_hidden(backend: Backend) {
    let scene = Scene::new(backend);
    let last = scene.newest;
    for seq in [1, 3, last] {
        scene.found(&format!("delete from ledger where {{mine}} and seq = {seq}"), seq);
    }
    scene.found("delete from ledger where {mine} and seq > 2", 3);
    scene.found("delete from ledger where {mine}", 1);
    let closed_up = "delete from ledger where {mine} and seq = 3; update ledger set seq = 3 where {mine} and seq = 4";
    scene.found(closed_up, 3);
    // Two entries change places.
    scene.found(
        "update ledger set seq = 1000 where {mine} and seq = 2; update ledger set seq = 2 where {mine} and seq = 3; \
                 update ledger set seq = 3 where {mine} and seq = 1000",
        2,
    );
    // The tail is cut and the head is moved back, but not by somebody who knows which hash belongs there.
    let tail =
        format!("delete from ledger where {{mine}} and seq = {last}; update tenants set seq = {} where {{mine}}", last - 1);
    scene.found(&tail, last - 1);
}

#[test]
fn every_missing_or_misplaced_entry_is_found_and_named_on_sqlite() {
    nothing_missing_stays_hidden(Backend::Sqlite);
}

#[test]
fn every_missing_or_misplaced_entry_is_found_and_named_on_postgres() {
    nothing_missing_stays_hidden(Backend::Postgres);
}

fn a_whole_ledger_is_missed(backend: Backend) {
    let scene = Scene::new(backend);
    for statements in ["delete from tenants where {mine}", "delete from ledger where {mine}; delete from tenants where {mine}"] {
        scene.database.execute(&scene.past_foreign_keys(&statements.replace("{mine}", &scene.mine())));
        let (good, text) = scene.verdict();
        assert!(!good && text.contains(&scene.organization), "{statements}\n{text}");
        scene.restore();
    }
    // A word that no version of the service knows is no reason to fall silent about where it stands.
    scene.found("update ledger set kind = 'castle' where {mine} and seq = 2", 2);
    scene.found("update ledger set operation = 'forged' where {mine} and seq = 2", 2);
}

#[test]
fn a_ledger_that_is_gone_or_cannot_be_read_is_found_and_named_on_sqlite() {
    a_whole_ledger_is_missed(Backend::Sqlite);
}

#[test]
fn a_ledger_that_is_gone_or_cannot_be_read_is_found_and_named_on_postgres() {
    a_whole_ledger_is_missed(Backend::Postgres);
}

/// Two contacts with two versions each, one erased as it is and one after its deletion; entries 1 to 4 are the bodies
/// that were erased, 5 to 7 follow.
fn erased(api: &Api) {
    for key in ["C1", "C2"] {
        api.create("contacts", &json!({"key": key, "name": "Somebody"}));
        api.patch(&format!("/contacts/key:{key}"), &json!({"email": "somebody@example.org"})).expect(200);
    }
    let ids = ["C1", "C2"].map(|key| api.get(&format!("/contacts/key:{key}")).expect(200).json()["id"].clone());
    api.delete("/contacts/key:C2").expect(204);
    for id in ids {
        let path = format!("/contacts/{}/erase", id.as_str().expect("an id"));
        api.call("POST", &path).json(&json!({"reason": "Asked for it"})).send_unjudged().expect(200);
    }
    api.create("sites", &json!({"key": "S1", "name": "Site", "kind": "office"}));
}

fn only_erased_bodies_may_be_missing(backend: Backend) {
    let scene = Scene::with(backend, erased);
    let (good, text) = scene.verdict();
    assert!(good && text.contains("8 entries have an erased body"), "{text}");
    // What is left of the first contact, and the site.
    let (tombstone, site) = (scene.newest - 2, scene.newest);
    for seq in [tombstone, site] {
        scene.found(&format!("update ledger set body = null where {{mine}} and seq = {seq}"), seq);
    }
    let scene = Scene::new(backend);
    for seq in [1, 2, scene.newest - 1] {
        scene.found(&format!("update ledger set body = null where {{mine}} and seq = {seq}"), seq);
    }
    scene.found("update ledger set body = null where {mine}", 1);
}

#[test]
fn a_body_that_is_gone_without_an_erasure_is_found_and_named_on_sqlite() {
    only_erased_bodies_may_be_missing(Backend::Sqlite);
}

#[test]
fn a_body_that_is_gone_without_an_erasure_is_found_and_named_on_postgres() {
    only_erased_bodies_may_be_missing(Backend::Postgres);
}

/// Objects with rows in every table that looks something up.
fn rich(api: &Api) {
    let site = |key: &str| json!({"key": key, "name": key, "kind": "office"});
    api.create("sites", &site("R1"));
    let draft = json!({"key": "V1", "name": "Shop", "kind": "business_service", "tags": ["web"],
        "external_refs": [{"system": "cmdb", "id": "1"}], "rto_seconds": 3600});
    api.create("services", &draft);
    api.create("suppliers", &json!({"key": "P1", "name": "Power", "kind": "external"}));
    api.create("risks", &json!({"key": "K1", "title": "Fire", "services": ["key:V1"]}));
}

fn objects_that_differ_are_named(backend: Backend) {
    let scene = Scene::with(backend, rich);
    let (good, text) = scene.verdict();
    assert!(good && text.contains("objects against them"), "{text}");
    let named = |what: &str| format!("(select id from objects where {{mine}} and kind = '{what}')");
    let (service, risk) = (named("service"), named("risk"));
    let forged = [
        ("update objects set name = 'Shed' where {mine} and kind = 'service'".to_owned(), "V1", "objects.name"),
        ("update objects set version = 9 where {mine} and kind = 'service'".to_owned(), "V1", "objects.version"),
        ("update objects set search = 'nothing' where {mine} and kind = 'service'".to_owned(), "V1", "objects.search"),
        ("update objects set own_rto_seconds = 1 where {mine} and kind = 'service'".to_owned(), "V1", "own_rto_seconds"),
        ("update services set rto_seconds = 60 where {mine}".to_owned(), "V1", "services.rto_seconds"),
        ("update sites set country = 'XX' where {mine}".to_owned(), "R1", "sites.country"),
        ("delete from suppliers where {mine}".to_owned(), "P1", "suppliers are missing"),
        (format!("delete from tags where {{mine}} and object_id = {service}"), "V1", "tags"),
        (format!("update external_refs set external_id = '2' where {{mine}} and object_id = {service}"), "V1", "external_refs"),
        (format!("delete from links where {{mine}} and owner_id = {risk}"), "K1", "links"),
    ];
    let tables = ["objects", "services", "sites", "suppliers", "tags", "external_refs", "links"];
    for table in tables {
        scene.database.execute(&format!("create table kept_{table} as select * from {table}"));
    }
    for (statement, key, what) in forged {
        scene.database.execute(&scene.past_foreign_keys(&statement.replace("{mine}", &scene.mine())));
        let (good, text) = scene.verdict();
        assert!(!good && text.contains(&scene.organization) && text.contains(what), "{statement}\n{text}");
        assert!(text.contains(&format!("({key}) is not what ledger entry")), "{statement}\n{text}");
        let back = tables.map(|table| format!("delete from {table}; insert into {table} select * from kept_{table};")).concat();
        scene.database.execute(&scene.past_foreign_keys(&back));
        assert!(scene.verdict().0, "not put back after {statement}");
    }
    let stray = "delete from ledger where {mine} and kind = 'supplier'; update ledger set seq = seq where {mine}";
    let (good, text) = {
        scene.database.execute(&scene.past_foreign_keys(&stray.replace("{mine}", &scene.mine())));
        scene.verdict()
    };
    assert!(!good && text.contains(&scene.organization), "{text}");
}

#[test]
fn an_object_that_is_not_what_its_entry_says_is_named_on_sqlite() {
    objects_that_differ_are_named(Backend::Sqlite);
}

#[test]
fn an_object_that_is_not_what_its_entry_says_is_named_on_postgres() {
    objects_that_differ_are_named(Backend::Postgres);
}

fn a_cut_tail_is_found_by_an_anchor(backend: Backend) {
    let scene = Scene::new(backend);
    let anchor = scene.home.folder.join("anchor");
    let anchor = anchor.to_str().expect("a plain path");
    let verify = |arguments: &[&str]| {
        let output = scene.home.run("verify", arguments);
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let (good, text) = verify(&["--anchor", anchor, "--heads"]);
    assert!(good && text.contains(&format!("{} {} ", scene.organization, scene.newest)), "{text}");
    let (good, text) = verify(&["--expect", anchor]);
    assert!(good, "{text}");
    // Somebody who knows which hash belongs there: the last entry deleted an object, and is taken out with its traces.
    let last = scene.newest;
    let cut = format!(
        "update tenants set seq = {0}, hash = (select hash from ledger where {{mine}} and seq = {0}) where {{mine}}; \
         delete from ledger where {{mine}} and seq = {last}",
        last - 1
    );
    scene.database.execute(&scene.past_foreign_keys(&cut.replace("{mine}", &scene.mine())));
    let (good, text) = verify(&["--expect", anchor]);
    assert!(!good && text.contains(&scene.organization) && text.contains(&format!("entry {last}")), "{text}");
    let (good, text) = verify(&[]);
    assert!(!good && text.contains("missing"), "the deleted object is said to be there: {text}");
}

#[test]
fn a_ledger_that_was_cut_cleanly_is_found_by_an_anchor_on_sqlite() {
    a_cut_tail_is_found_by_an_anchor(Backend::Sqlite);
}

#[test]
fn a_ledger_that_was_cut_cleanly_is_found_by_an_anchor_on_postgres() {
    a_cut_tail_is_found_by_an_anchor(Backend::Postgres);
}

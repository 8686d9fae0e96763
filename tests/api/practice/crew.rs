//! An exercise carried out by five people at once, while the service is killed under their hands.

use super::ledger::Ledger;
use super::stage::{active_plan, exercise_draft, go, id, moment, second, step, texts, went, with};
use crate::support::token::ALL_POWERFUL;
use crate::support::wire::Reply;
use crate::support::{Api, Backend, Server, fresh};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

const CREW: [&str; 5] = ["eva", "finn", "gil", "hana", "ivo"];
/// After so many presses the service is killed.
const KILLS: [usize; 3] = [6, 18, 34];
const PATIENCE: Duration = Duration::from_secs(240);

/// What somebody pressed, and the version of the step that came of it; nothing where it was refused.
#[derive(Debug, Clone)]
pub struct Press {
    pub by: String,
    pub step: String,
    pub to: String,
    pub version: Option<u64>,
}

/// The service, which comes back on another port, and what was acknowledged.
pub struct Theatre {
    server: RwLock<Arc<Server>>,
    organization: String,
    run: String,
    answered: AtomicUsize,
    unknown: AtomicUsize,
    presses: Mutex<Vec<Press>>,
    notes: Mutex<Vec<String>>,
}

impl Theatre {
    fn new(server: &Arc<Server>, api: &Api, run: &Value) -> Theatre {
        Theatre {
            server: RwLock::new(server.clone()),
            organization: api.organization.clone(),
            run: id(run).to_owned(),
            answered: AtomicUsize::new(0),
            unknown: AtomicUsize::new(0),
            presses: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    fn server(&self) -> Arc<Server> {
        self.server.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Sends until there is an answer: the same key makes it one request, however often it is sent.
    fn send(&self, by: &str, method: &str, path: &str, body: &Value) -> Reply {
        let (key, deadline) = (format!("{by}-{}", fresh()), Instant::now() + PATIENCE);
        loop {
            assert!(Instant::now() < deadline, "{by} has no answer to {method} {path} {body}");
            let api = self.server().client(&self.organization, by, &["application_manager"]);
            let request = api.call(method, path);
            let request = if method == "POST" { request.header("Idempotency-Key", key.as_str()).json(body) } else { request };
            match request.try_send() {
                Ok(reply) if reply.status == 503 || said(&reply)["code"] == "idempotency_in_flight" => {}
                Ok(reply) => return reply,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {}
                Err(_) => drop(self.unknown.fetch_add(1, Ordering::Relaxed)),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&self, by: &str, step: &str, to: &str, comment: Option<&str>) -> Option<Value> {
        let path = format!("/runs/{}/steps/{step}/transitions", self.run);
        let reply = self.send(by, "POST", &path, &json!({"to": to, "comment": comment}));
        let body = said(&reply);
        let won = match reply.status {
            200 => true,
            409 if body["code"] == "transition_closed" => false,
            status => panic!("{by}: {step} to {to}: {status} {body}"),
        };
        let version = if won { body["version"].as_u64() } else { None };
        let press = Press { by: by.to_owned(), step: step.to_owned(), to: to.to_owned(), version };
        self.presses.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(press);
        self.answered.fetch_add(usize::from(won), Ordering::Relaxed);
        won.then_some(body)
    }

    fn note(&self, by: &str, number: usize) {
        let text = format!("note {number} of {by}");
        let reply = self.send(by, "POST", &format!("/runs/{}/notes", self.run), &json!({"text": text}));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        self.notes.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(text);
    }

    /// One of the crew: takes whatever can be begun, until nothing is left to do.
    fn work(&self, by: &str, place: usize) {
        for round in 0.. {
            let reply = self.send(by, "GET", &format!("/runs/{}/steps?limit=100", self.run), &Value::Null);
            let list = said(&reply);
            let steps = list["items"].as_array().unwrap_or_else(|| panic!("no steps: {list}"));
            if steps.iter().all(|one| matches!(one["status"].as_str(), Some("done" | "skipped"))) {
                return;
            }
            let open: Vec<&Value> =
                steps.iter().filter(|one| matches!(one["status"].as_str(), Some("ready" | "failed"))).collect();
            // Everybody begins to look at the same end of the list, so that they get into each other's way.
            let Some(one) = open.get(if round % 3 == 0 { place % open.len().max(1) } else { 0 }) else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            self.carry_out(by, one);
            if round % 4 == place % 4 && round < 12 {
                self.note(by, round);
            }
        }
    }

    fn carry_out(&self, by: &str, step: &Value) {
        let key = step["step"].as_str().expect("a key");
        if key == "fax" {
            self.press(by, key, "skipped", Some("nobody has a fax"));
        } else if let Some(begun) = self.press(by, key, "in_progress", None) {
            std::thread::sleep(Duration::from_millis(3));
            let to = if key == "db-restore" && begun["failures"] == 0 { "failed" } else { "done" };
            assert!(self.press(by, key, to, None).is_some(), "{by} could not end {key}, which {by} had begun");
        }
    }

    /// Kills the service whenever enough buttons were pressed, and brings it back.
    fn disturb(&self) {
        for after in KILLS {
            let deadline = Instant::now() + PATIENCE;
            while self.answered.load(Ordering::Relaxed) < after {
                assert!(Instant::now() < deadline, "the crew stands still");
                std::thread::sleep(Duration::from_millis(1));
            }
            let old = self.server();
            old.kill();
            let new = Server::start_at(&old.home, "serve", &[]);
            *self.server.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = new;
        }
    }
}

fn said(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

/// What stands and falls together: two services, what they need, and a fax.
struct Landscape {
    payroll: Value,
    portal: Value,
    database: Value,
    fax: Value,
}

impl Landscape {
    fn create(api: &Api) -> Landscape {
        let service = |name: &str| api.create("services", &json!({"name": name, "rto_seconds": 3600}));
        let component = |name: &str| api.create("components", &json!({"name": name, "kind": "database"}));
        let all = Landscape {
            payroll: service("Payroll"),
            portal: service("Portal"),
            database: component("Database"),
            fax: component("Fax"),
        };
        for (dependent, provider) in [(&all.payroll, &all.database), (&all.portal, &all.payroll)] {
            api.create("mappings", &json!({"dependent": dependent["id"], "provider": provider["id"]}));
        }
        all
    }

    fn steps(&self) -> Vec<Value> {
        let role = |step: Value, role: &str| with(step, json!({"role": role}));
        let back = |step: Value, what: &Value| with(step, json!({"recovers": [what["id"]]}));
        vec![
            with(step("alarm", &[], 5), json!({"phase": "activation", "role": "lead"})),
            with(step("brief", &["alarm"], 5), json!({"used_in": "exercise", "role": "lead"})),
            with(step("authorities", &["brief"], 5), json!({"used_in": "actual", "role": "lead"})),
            role(step("gather", &["authorities"], 5), "lead"),
            role(step("look-net", &["gather"], 10), "network"),
            role(step("look-db", &["gather"], 10), "database"),
            role(step("look-app", &["gather"], 10), "application"),
            role(step("decide", &["look-net", "look-db", "look-app"], 5), "lead"),
            role(step("net-1", &["decide"], 10), "network"),
            role(step("net-2", &["net-1"], 10), "network"),
            role(step("db-mount", &["decide"], 10), "database"),
            back(role(step("db-restore", &["db-mount"], 60), "database"), &self.database),
            back(role(step("db-replay", &["db-restore"], 60), "database"), &self.database),
            role(step("db-check", &["db-replay"], 10), "database"),
            back(role(step("app-1", &["net-2", "db-check"], 20), "application"), &self.payroll),
            back(role(step("app-2", &["app-1"], 20), "application"), &self.payroll),
            back(role(step("web-1", &["net-2"], 20), "application"), &self.portal),
            back(role(step("web-2", &["web-1", "app-1"], 20), "application"), &self.portal),
            back(step("fax", &["decide"], 5), &self.fax),
            back(step("fax-check", &["fax"], 5), &self.fax),
            role(step("test-payroll", &["app-2"], 5), "application"),
            role(step("test-portal", &["web-2"], 5), "application"),
            role(step("tell", &["test-payroll", "test-portal", "fax-check"], 5), "lead"),
            with(step("return", &["tell"], 5), json!({"phase": "return_to_normal", "execution": "automated"})),
            with(step("review", &["return"], 5), json!({"phase": "post_incident_review", "role": "lead"})),
            role(step("tidy", &["return"], 5), "network"),
        ]
    }
}

fn exercise(api: &Api, plan: &Value) -> Value {
    let mut draft = exercise_draft(plan);
    draft["objectives"] = json!([{"text": "Payroll is back within an hour"}]);
    let exercise = api.create("exercises", &draft);
    went(api, "exercises", &exercise, &["approved", "in_progress"])
}

/// What the run has measured: each item that was brought back once, by the end of its last step.
fn check_measurements(api: &Api, run: &Value, things: &Landscape) {
    let steps = api.get(&format!("/runs/{}/steps?limit=100", id(run))).expect(200).items();
    let ended = |key: &str| second(&steps.iter().find(|one| one["step"] == key).expect("the step")["ended_at"]);
    let clock = second(&run["clock_started_at"]);
    let measured = api.get(&format!("/measurements?run={}&limit=100", id(run))).expect(200).items();
    let found: BTreeMap<&str, i64> =
        measured.iter().map(|one| (id(&one["subject"]), one["restoration_seconds"].as_i64().expect("a figure"))).collect();
    let last = [(&things.database, "db-replay"), (&things.payroll, "app-2"), (&things.portal, "web-2")];
    let wanted: BTreeMap<&str, i64> = last.into_iter().map(|(item, step)| (id(item), ended(step) - clock)).collect();
    assert_eq!((measured.len(), found), (3, wanted), "{measured:#?}");
    for one in &measured {
        assert_eq!((&one["level"], &one["source"]), (&json!("exercised"), &json!("run")));
        assert_eq!(one["exercise"]["id"], run["exercise"]["id"]);
    }
}

/// The end of the exercise, by the rule: everything in time, but a step failed, one was skipped, and a finding was made.
fn conclude(api: &Api, exercise: &Value, run: &Value) {
    let draft = json!({"title": "The restore failed at first", "severity": "minor", "source": "run", "run": run["id"]});
    let finding = api.create("findings", &draft);
    went(api, "runs", run, &["completed"]);
    let objectives = json!({"objectives": [{"text": "Payroll is back within an hour", "met": true}]});
    api.patch(&format!("/exercises/{}", id(exercise)), &objectives).expect(200);
    let over = went(api, "exercises", exercise, &["completed"]);
    assert_eq!(over["result"], json!("successful_with_issues"));
    let reasons = ["1 step failed", "1 step was skipped", "1 major or minor finding"];
    assert_eq!(texts(&over["result_reasons"]), reasons);
    let path = format!("/findings/{}/measure", id(&finding));
    let measure = json!({"title": "Try the restore every month", "nature": "organisational", "purpose": "preventive"});
    let raised = api.post(&path, &measure).expect(201);
    let location = raised.needed_header("location");
    assert!(location.ends_with(id(&raised.json()["measure"])), "{location}");
    let made = api.get(location.trim_start_matches("/api/v1")).expect(200).json();
    assert_eq!((&made["title"], &made["status"]), (&measure["title"], &json!("proposed")));
    api.post(&path, &measure).refused(409, "already_linked");
    go(api, "findings", &finding, &json!({"to": "resolved"})).refused(409, "transition_closed");
}

fn restoration(api: &Api, service: &Value) -> (Value, Vec<(String, Value)>) {
    let proof = api.get(&format!("/services/{}/proof", id(service))).expect(200).json()["restoration"].clone();
    let one = |reason: &Value| (reason["code"].as_str().expect("a code").to_owned(), reason["id"].clone());
    let reasons = proof["reasons"].as_array().expect("a list").iter().map(one).collect();
    (proof, reasons)
}

/// A change of what the services stand on, as the change tool tells of it.
fn change(api: &Api, things: &Landscape) -> Value {
    let draft = json!({"title": "Another release", "status": "approved", "components": [things.database["id"]]});
    api.create("change-requests", &draft)
}

fn tell(api: &Api, change: &Value, status: &str) {
    let draft = json!({"title": change["title"], "status": status, "components": [change["components"][0]["id"]]});
    api.put(&format!("/change-requests/{}", id(change)), &draft).expect(200);
}

/// What the exercise has proven holds until something changes beneath; what was changed before it was practised as well.
fn check_proof(api: &Api, things: &Landscape, before: &Value) {
    tell(api, before, "closed");
    for service in [&things.payroll, &things.portal] {
        let (proof, reasons) = restoration(api, service);
        assert_eq!((&proof["level"], &proof["stale"], &proof["met"]), (&json!("exercised"), &json!(false), &json!(true)));
        assert!(reasons.is_empty(), "{reasons:?}");
    }
    let cache = api.create("components", &json!({"name": "Cache", "kind": "database"}));
    api.create("mappings", &json!({"dependent": things.portal["id"], "provider": cache["id"]}));
    let (proof, mut reasons) = restoration(api, &things.portal);
    reasons.sort_by(|a, b| a.0.cmp(&b.0));
    let wanted =
        [("dependency_added".to_owned(), cache["id"].clone()), ("dependency_changed".into(), things.portal["id"].clone())];
    assert_eq!((&proof["level"], &proof["stale"]), (&json!("estimated"), &json!(true)));
    assert_eq!(reasons, wanted);
    let (proof, _) = restoration(api, &things.payroll);
    assert_eq!((&proof["level"], &proof["stale"]), (&json!("exercised"), &json!(false)));
    let change = change(api, things);
    assert_eq!(restoration(api, &things.payroll).0["stale"], json!(false));
    tell(api, &change, "implemented");
    let (proof, reasons) = restoration(api, &things.payroll);
    assert_eq!((&proof["level"], &proof["stale"]), (&json!("estimated"), &json!(true)));
    assert_eq!(reasons, [("change_implemented".to_owned(), change["id"].clone())]);
}

fn a_crew_carries_out_an_exercise(backend: Backend) {
    let server = Server::start(backend);
    let api = server.fresh_organization();
    let things = Landscape::create(&api);
    let seat = |role: &str| json!({"key": role, "role": role});
    let team = json!([seat("lead"), seat("network"), seat("database"), seat("application")]);
    let plan = active_plan(&api, &[&things.payroll, &things.portal], &team, &things.steps());
    let before = change(&api, &things);
    tell(&api, &before, "implemented");
    let exercise = exercise(&api, &plan);
    let run = api.create("runs", &json!({"plan": plan["id"], "exercise": exercise["id"], "title": moment(0)}));
    assert_eq!(run["progress"]["steps"], json!(25));
    let theatre = Theatre::new(&server, &api, &run);
    drop((api, server));
    std::thread::scope(|scope| {
        let theatre = &theatre;
        for (place, name) in CREW.into_iter().enumerate() {
            scope.spawn(move || theatre.work(name, place));
        }
        theatre.disturb();
    });
    let home = theatre.server().home.clone();
    theatre.server().kill();
    let verified = home.run("verify", &[]);
    assert!(verified.status.success(), "verify: {}", String::from_utf8_lossy(&verified.stderr));
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.client(&theatre.organization, "ana", &ALL_POWERFUL);
    let run = api.get(&format!("/runs/{}", id(&run))).expect(200).json();
    let presses = theatre.presses.into_inner().expect("all have put their pens down");
    let refused = presses.iter().filter(|press| press.version.is_none()).count();
    println!("{backend:?}: {} presses, {refused} refused, {:?} without an answer", presses.len(), theatre.unknown);
    Ledger::of(&api, &run).check(&presses);
    let mut notes = theatre.notes.into_inner().expect("all have put their pens down");
    let mut kept: Vec<String> =
        run["notes"].as_array().expect("a list").iter().map(|one| one["text"].as_str().expect("a text").to_owned()).collect();
    notes.sort();
    kept.sort();
    assert_eq!(kept, notes);
    check_measurements(&api, &run, &things);
    conclude(&api, &exercise, &run);
    check_proof(&api, &things, &before);
}

#[test]
fn five_people_carry_out_an_exercise_while_the_service_is_killed_on_sqlite() {
    a_crew_carries_out_an_exercise(Backend::Sqlite);
}

#[test]
fn five_people_carry_out_an_exercise_while_the_service_is_killed_on_postgres() {
    a_crew_carries_out_an_exercise(Backend::Postgres);
}

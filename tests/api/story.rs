//! The walk-throughs of the documents, pasted line by line into a shell, against the example organisation and the change
//! tool that comes with it; both are processes of their own.

use crate::support::server::Home;
use crate::support::{Api, Backend, Server};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

struct Tool {
    child: Child,
    address: String,
}

impl Tool {
    fn start(holdfast: &str, token: &str) -> Tool {
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(format!("{FOLDER}/examples/itsm-change/change_tool.py"))
            .args(["--port", "0", "--holdfast", holdfast, "--token", token])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is there: apt-get install python3");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
        Tool { child, address }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The lines of a document that are for the shell, without those that set it up.
fn lines(document: &str) -> String {
    let text = std::fs::read_to_string(format!("{FOLDER}/docs/{document}")).expect("the document");
    let blocks = text.split("```").skip(1).step_by(2);
    let shell: Vec<&str> = blocks.filter_map(|block| block.strip_prefix("sh\n")).collect();
    assert!(shell.len() > 10, "the document has no lines to paste");
    shell.join("\n")
}

/// Pastes a document into a shell that has been set up, and gives what is printed there.
fn pasted(document: &str, server: &Server, setting: &[(&str, &str)]) -> String {
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &lines(document)])
        .env("A", format!("http://{}/api/v1", server.address))
        .envs(setting.iter().copied())
        .current_dir(&server.home.folder)
        .output()
        .expect("bash is there");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn demo(backend: Backend) -> (Arc<Server>, Api) {
    let server = Server::start_at(&Arc::new(Home::new(backend)), "demo", &[]);
    let token = std::fs::read_to_string(server.home.data().join("first-token")).expect("a first token");
    let api = server.with_token("demo", token.trim());
    (server, api)
}

fn from_a_risk_to_the_report(backend: Backend) {
    let (server, api) = demo(backend);
    let token = api.token.clone().expect("a token");
    let tool = Tool::start(&format!("http://{}", server.address), &token);
    let priya = server.client("demo", "priya.castellane", &["process_owner"]).token.expect("a token");
    pasted("risk-walk-through.md", &server, &[("TOKEN", &token), ("PRIYA", &priya), ("TOOL", &tool.address)]);

    let risk = api.get("/risks/key:ARRAY-FIRMWARE").expect(200).json();
    assert_eq!((&risk["status"], &risk["class"], &risk["score"]), (&json!("monitored"), &json!("increased"), &json!(5)));
    let exposed = risk["exposed_processes"].as_array().expect("a list");
    assert!(exposed.iter().any(|process| process["key"] == json!("DISPENSE")), "{risk}");
    let history = api.get("/measures/key:STAGGER-FIRMWARE/history").expect(200).items();
    let steps: Vec<&str> = history.iter().rev().filter_map(|one| one["changes"]["status"]["to"].as_str()).collect();
    let wanted = ["proposed", "rfc_raised", "approved", "commissioned", "in_progress", "implemented", "verified_effective"];
    assert_eq!(steps, wanted);
    let report = api.get("/reports/risk-situation?from=2026-11-15").expect(200).json();
    let lowered: Vec<&Value> = report["lowered"].as_array().expect("a list").iter().map(|entry| &entry["id"]).collect();
    assert_eq!(lowered, [&risk["id"]]);
    let mirror = api.get("/change-requests/ref%3Achangetool%3ACHG-1").expect(200).json();
    assert_eq!(mirror["external_refs"][0]["url"], json!(format!("{}/changes/CHG-1", tool.address)));
    let picture = std::fs::read_to_string(server.home.folder.join("risk-matrix.svg")).expect("the picture");
    assert!(picture.contains("Risk matrix"), "{picture}");
}

fn from_a_plan_to_its_proof(backend: Backend) {
    let (server, api) = demo(backend);
    let token = |subject: &str, role: &str| server.client("demo", subject, &[role]).token.expect("a token");
    let (priya, desk) = (token("priya.castellane", "process_owner"), token("service.desk", "user"));
    let own = api.token.clone().expect("a token");
    let text = pasted("practice-walk-through.md", &server, &[("TOKEN", &own), ("PRIYA", &priya), ("DESK", &desk)]);
    for word in ["the steps wait for each other", "\"four_eyes\"", "\"present\"", "event: step_in_progress", "event: note"] {
        assert!(text.contains(word), "{word} was not seen:\n{text}");
    }

    let plan = api.get("/plans/key:COLD-WATCH").expect(200).json();
    assert_eq!(plan["active_number"], json!(1));
    let versions = api.get("/plan-versions?plan=key:COLD-WATCH&sort=number").expect(200).items();
    let standing: Vec<&Value> = versions.iter().map(|version| &version["status"]).collect();
    assert_eq!(standing, [&json!("active"), &json!("draft")]);
    let approvers: Vec<&Value> =
        versions[0]["approvals"].as_array().expect("a list").iter().map(|one| &one["approver"]).collect();
    assert!(approvers.contains(&&json!("priya.castellane")), "{approvers:?}");

    let exercise = api.get("/exercises/key:COLD-EXERCISE").expect(200).json();
    assert_eq!((&exercise["status"], &exercise["result"]), (&json!("reported"), &json!("successful_with_issues")), "{exercise}");
    let next = api.get("/exercises?previous=key:COLD-EXERCISE").expect(200).items();
    assert_eq!((next.len(), &next[0]["scheduled_start"]), (1, &json!("2028-01-13T09:00:00.000000Z")));
    let finding = api.get("/findings/key:COLD-BATTERY").expect(200).json();
    assert_eq!(finding["measure"]["key"], json!("SPARE-BATTERIES"));
    assert_eq!(api.get("/measures/key:SPARE-BATTERIES").expect(200).json()["status"], json!("proposed"));

    let disruption = api.get("/disruptions/key:COLD-SILENT").expect(200).json();
    assert_eq!((&disruption["status"], &disruption["created_by"]), (&json!("closed"), &json!("service.desk")));
    let proven = api.get("/measurements?subject=key:COLD-CHAIN&level=proven").expect(200).items();
    assert_eq!(proven.len(), 1);
    assert_eq!(api.get("/runs?status=running").expect(200).items(), Vec::<Value>::new());
    let file = |name: &str| std::fs::read_to_string(server.home.folder.join(name)).expect("a file");
    assert!(file("cold-watch.svg").contains("RTO COLD-CHAIN") && file("cold-run.svg").contains("<svg"));
    assert!(file("cold-watch.html").contains("Read the loggers by hand"));
    assert!(file("continuity.ics").contains("SUMMARY:The cold store is silent"));
}

fn from_a_loss_to_the_verdict_on_a_change(backend: Backend) {
    let (server, api) = demo(backend);
    let own = api.token.clone().expect("a token");
    let text = pasted("analysis-walk-through.md", &server, &[("TOKEN", &own)]);
    for word in ["\"untouched_by_redundancy\":[{", "\"KEY-SERVER\"", "\"verdict\":\"block\"", "\"pairs\":[[", "\"readiness\""] {
        assert!(text.contains(word), "{word} was not seen:\n{text}");
    }
    let change = api.get("/change-requests/ref%3Achangetool%3ACHG-1007").expect(200).json();
    assert_eq!(change["assessment"]["verdict"], json!("warn"), "{change}");
    let file = |name: &str| std::fs::read_to_string(server.home.folder.join(name)).expect("a file");
    assert!(
        file("sequence.svg").contains("Wave 1") && file("map.svg").contains("Web shop") && file("badge.svg").contains("<svg")
    );
}

#[test]
fn the_walk_through_of_analyses_can_be_pasted_on_sqlite() {
    from_a_loss_to_the_verdict_on_a_change(Backend::Sqlite);
}

#[test]
fn the_walk_through_of_analyses_can_be_pasted_on_postgres() {
    from_a_loss_to_the_verdict_on_a_change(Backend::Postgres);
}

#[test]
fn the_walk_through_of_risks_can_be_pasted_on_sqlite() {
    from_a_risk_to_the_report(Backend::Sqlite);
}

#[test]
fn the_walk_through_of_risks_can_be_pasted_on_postgres() {
    from_a_risk_to_the_report(Backend::Postgres);
}

#[test]
fn the_walk_through_of_practice_can_be_pasted_on_sqlite() {
    from_a_plan_to_its_proof(Backend::Sqlite);
}

#[test]
fn the_walk_through_of_practice_can_be_pasted_on_postgres() {
    from_a_plan_to_its_proof(Backend::Postgres);
}

#[test]
fn the_change_tool_is_heard_after_the_service_was_away() {
    let (server, api) = demo(Backend::Sqlite);
    let tool = Tool::start(&format!("http://{}", server.address), api.token.as_deref().expect("a token"));
    let measure = json!({"title": "x", "key": "AWAY", "nature": "technical", "purpose": "preventive"});
    api.create("measures", &measure);
    let draft = api.get("/measures/key:AWAY/rfc-draft").expect(200).text();
    server.kill();
    let post = |path: &str, body: &str| {
        let url = format!("{}{path}", tool.address);
        let arguments = ["-sS", "--fail-with-body", "-X", "POST", "--data-binary", body, &url];
        let output = Command::new("curl").args(arguments).output().expect("curl is there");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    };
    post("/changes", &draft);
    post("/changes/CHG-1/approved", "{}");
    let listen = server.address.to_string();
    let again = Server::start_at(&server.home, "serve", &["--listen", &listen]);
    let api = again.with_token("demo", api.token.as_deref().expect("a token"));
    let patience = Instant::now() + Duration::from_secs(30);
    while api.get("/measures/key:AWAY?fields=status").expect(200).json()["status"] != json!("approved") {
        assert!(Instant::now() < patience, "the change tool was never heard");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_example_tells_a_whole_story() {
    let (_server, api) = demo(Backend::Sqlite);
    let risk = api.get("/risks/key:FLOOD-NORTH").expect(200).json();
    assert_eq!(
        (&risk["status"], &risk["class"], &risk["inherent_class"]),
        (&json!("monitored"), &json!("marginal"), &json!("high"))
    );
    let measure = api.get("/measures/key:ESSENTIALS-SOUTH").expect(200).json();
    assert_eq!(measure["status"], json!("verified_effective"));
    let accepted = api.get("/risks?status=accepted").expect(200).items();
    assert_eq!(accepted.len(), 2);
    assert!(accepted.iter().all(|risk| risk["approver"]["key"] == json!("LENA")));
    assert_eq!(api.get("/impact-assessments?status=approved").expect(200).items().len(), 1);
    let report = api.get("/reports/risk-situation?from=2026-05-01").expect(200).json();
    assert_eq!(report["counts"]["lowered"], json!(1));
    assert_eq!(api.get("/reports/measures").expect(200).json()["blocked"], json!(1));
    assert!(api.get("/threats?count=true&limit=1").expect(200).json()["total"].as_u64() >= Some(40));
}

#[test]
fn the_example_has_practised_its_plans() {
    let (_server, api) = demo(Backend::Sqlite);
    let plan = api.get("/plans/key:DR-ORDERS").expect(200).json();
    assert_eq!((&plan["active_number"], &plan["review_due"]), (&json!(2), &json!("2027-10-01")));
    let first = api.get("/plans/key:DR-ORDERS/versions/1").expect(200).json();
    assert_eq!((&first["status"], &first["authors"]), (&json!("superseded"), &json!(["ana.whitlock"])));
    let approvers: Vec<&Value> = first["approvals"].as_array().expect("a list").iter().map(|one| &one["approver"]).collect();
    assert_eq!(approvers, [&json!("priya.castellane"), &json!("ana.whitlock")]);
    let missed = |number: i64| -> Vec<Value> {
        let schedule = api.get(&format!("/plans/key:DR-ORDERS/versions/{number}/schedule")).expect(200).json();
        let services = schedule["services"].as_array().expect("a list").clone();
        services.into_iter().filter(|one| one["verdict"] != json!("met")).map(|one| one["service"]["key"].clone()).collect()
    };
    assert_eq!((missed(1), missed(2)), (vec![json!("PLATFORM"), json!("RX-INTAKE")], vec![]));
    let changed = api.get("/plans/key:DR-ORDERS/versions/2/diff").expect(200).json();
    assert_eq!(changed["steps"]["added"][0]["key"], json!("envelopes"));

    let exercise = api.get("/exercises/key:EX-2026-NORTH").expect(200).json();
    assert_eq!((&exercise["status"], &exercise["result"]), (&json!("reported"), &json!("unsuccessful")));
    assert_eq!(api.get("/exercises?previous=key:EX-2026-NORTH").expect(200).items().len(), 1);
    let finding = api.get("/findings/key:F-KEYS").expect(200).json();
    assert_eq!((&finding["status"], &finding["retest"]["key"]), (&json!("verified"), &json!("EX-2026-KEYS")));
    let disruption = api.get("/disruptions/key:DIS-2026-KEYS").expect(200).json();
    assert_eq!((&disruption["status"], &disruption["restoration_seconds"]), (&json!("closed"), &json!(8280)));
    let proof = api.get("/services/key:ORDER-DB/proof").expect(200).json();
    let restoration = &proof["restoration"];
    assert_eq!(
        (&restoration["level"], &restoration["seconds"], &restoration["met"]),
        (&json!("proven"), &json!(5340), &json!(true))
    );
    // Nobody's clock but that of the story was turned, and that one only forward.
    let entries = api.get("/changes?limit=1000").expect(200).items();
    let times: Vec<&str> = entries.iter().filter_map(|entry| entry["at"].as_str()).collect();
    assert!(times.len() > 400 && times.is_sorted(), "{} entries", times.len());
    assert!(entries.iter().any(|entry| entry["actor"] == json!("deepa.ravindran")));
}

#[test]
fn the_catalogue_is_loaded_by_the_command_and_what_was_changed_stays() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let server = Server::start_at(&Arc::new(Home::new(backend)), "serve", &[]);
        let api = server.client("acme", "ana", &["administrator", "it_service_continuity_manager"]);
        api.get("/me").expect(200);
        let load = || server.home.run("load-catalogue", &["--organization", "acme"]);
        let words = |output: &std::process::Output| {
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        };
        if backend == Backend::Sqlite {
            let refused = load();
            assert!(!refused.status.success() && words(&refused).contains("--print"), "{}", words(&refused));
        }
        server.kill();
        let first = load();
        assert!(first.status.success() && words(&first).contains(" 0 were there already"), "{}", words(&first));
        let server = Server::start_at(&server.home, "serve", &[]);
        let api = server.client("acme", "ana", &["administrator", "it_service_continuity_manager"]);
        let flood = "/threats/ref%3Aholdfast%3Aflood";
        api.patch(flood, &json!({"description": "Ours"})).expect(200);
        let (seq, all) = (api.seq(), api.get("/threats?count=true&limit=1").expect(200).json()["total"].clone());
        server.kill();
        let again = server.home.run("load-catalogue", &["--organization", "acme"]);
        assert!(words(&again).contains(&format!("0 threats added, {all} were there already")), "{}", words(&again));
        let unknown = server.home.run("load-catalogue", &["--organization", "nobody"]);
        assert!(!unknown.status.success() && words(&unknown).contains("no organisation"), "{}", words(&unknown));
        let server = Server::start_at(&server.home, "serve", &[]);
        let api = server.client("acme", "ana", &["administrator", "it_service_continuity_manager"]);
        assert_eq!((api.get(flood).expect(200).json()["description"].clone(), api.seq()), (json!("Ours"), seq));
    }
}

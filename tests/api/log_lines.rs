//! The line of a request in the log: who asked, for whom, and why not; never with what.

use crate::both;
use crate::support::token::{ALL_POWERFUL, claims, now, sign};
use crate::support::{Answer, Server, fresh, token};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The line of the request that had this answer. It is written by a thread of its own.
#[track_caller]
fn line(server: &Server, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").expect("every answer has an id");
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let log = std::fs::read_to_string(server.home.folder.join("log")).expect("a log");
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(line) = lines.into_iter().find(|line| line["request_id"] == json!(id) && line["message"] == json!("request"))
        {
            return line;
        }
        assert!(Instant::now() < deadline, "no line of {id}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

both! {
    fn what_cannot_be_read_as_a_request_is_no_error_of_the_service(server) {
        use std::io::{Read, Write};
        for raw in ["NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\nHo st: x\r\n\r\n"] {
            let mut socket = std::net::TcpStream::connect(server.address).expect("a connection");
            socket.write_all(raw.as_bytes()).expect("it is taken");
            let mut answer = String::new();
            socket.read_to_string(&mut answer).expect("an answer");
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
        // What was logged before this line is in the file then.
        line(server, &server.client("default", "ana", &ALL_POWERFUL).get("/sites"));
        let log = std::fs::read_to_string(server.home.folder.join("log")).expect("a log");
        let lines: Vec<&str> = log.lines().filter(|line| line.contains("request parse error")).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }

    fn no_detail_is_longer_than_the_document_says(server) {
        let api = server.fresh_organization();
        let name = "x".repeat(5000);
        let answer = api.get(&format!("/sites?{name}=1"));
        assert!(answer.status() == 400 && answer.text().len() < 12_000, "{}", answer.story());
        for field in ["/sites/key:", "/services?owner=key:"] {
            api.get(&format!("{field}{name}"));
        }
        let long = api.post("/sites", &json!({"name": "x", "kind": "office", name: 1}));
        assert_eq!(long.status(), 422);
    }

    fn a_line_names_who_asked_and_for_which_organisation(server) {
        let organization = format!("org-{}", fresh());
        let answer = server.client(&organization, "ana.whitlock", &ALL_POWERFUL).get("/sites");
        let line = line(server, &answer.expect(200));
        assert_eq!(line["subject"], json!("ana.whitlock"));
        assert_eq!(line["organization"], json!(organization));
        assert_eq!(line["status"], json!(200));
        assert_eq!(line.get("refusal"), None, "{line}");
    }

    fn a_refusal_has_its_reason_in_the_line_and_no_token(server) {
        let organization = format!("org-{}", fresh());
        let good = claims(&organization, "ana", &ALL_POWERFUL);
        server.with_token("", &server.token(&good)).get("/sites").expect(200);
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            server.token(&claims)
        };
        let foreign = sign(&[7; 32], &token::header(), &good);
        for (token, status, reason, subject) in [
            (with("exp", json!(now() - 60)), 401, "expired", None),
            (with("aud", json!("another")), 401, "audience", None),
            (with("iss", json!("nobody")), 401, "unknown_issuer", None),
            (foreign, 401, "signature", None),
            ("abc".to_owned(), 401, "malformed", None),
            (with("roles", json!([])), 403, "permission", Some("ana")),
        ] {
            let answer = server.with_token("", &token).get("/sites");
            assert_eq!(answer.status(), status, "{reason}");
            let line = line(server, &answer);
            assert_eq!(line["refusal"], json!(reason), "{line}");
            assert_eq!(line.get("subject"), subject.map(|name| json!(name)).as_ref(), "{line}");
            assert!(!line.to_string().contains(&token), "{line}");
            assert!(!answer.text().contains(reason) || reason == "expired" || reason == "permission", "{}", answer.story());
        }
        assert_eq!(line(server, &server.stranger().get("/sites"))["refusal"], json!("no_token"));
        let log = std::fs::read_to_string(server.home.folder.join("log")).expect("a log");
        assert!(!log.contains("eyJ"), "a token stands in the log");
    }

    fn a_suspended_organisation_is_named_as_the_reason(server) {
        let organization = format!("org-{}", fresh());
        let api = server.client(&organization, "ana", &ALL_POWERFUL);
        api.get("/sites").expect(200);
        let operator = server.client("default", "operator", &["administrator"]);
        operator.patch(&format!("/organizations/key:{organization}"), &json!({"status": "suspended"})).expect(200);
        let answer = api.get("/sites").expect(403);
        let line = line(server, &answer);
        assert_eq!((&line["refusal"], &line["subject"]), (&json!("suspended"), &json!("ana")));
        assert_eq!(line["organization"], json!(organization));
    }
}

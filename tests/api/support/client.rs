//! The client of the tests. It holds every answer against the published document, so each test is
//! a test of the contract as well.

use super::Answer;
use super::document::{Document, PREFIX};
use super::server::Server;
use super::wire::Reply;
use serde_json::Value;
use std::sync::Arc;

#[derive(Clone)]
pub struct Api {
    pub server: Arc<Server>,
    pub organization: String,
    pub token: Option<String>,
}

impl Api {
    /// A request below the base path.
    pub fn call(&self, method: &str, path: &str) -> Request<'_> {
        self.absolute(method, &format!("{PREFIX}{path}"))
    }

    /// A request to any path of the server.
    pub fn absolute(&self, method: &str, target: &str) -> Request<'_> {
        let request = Request {
            server: &self.server,
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        };
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).send()
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send()
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path).json(body).send()
    }

    #[track_caller]
    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call("PATCH", path).json(body).send()
    }

    /// Creates an object that must be acceptable.
    #[track_caller]
    pub fn create(&self, collection: &str, draft: &Value) -> Value {
        self.post(&format!("/{collection}"), draft).expect(201).json()
    }

    /// The ledger's present end, as the list of a collection tells it.
    #[track_caller]
    pub fn seq(&self) -> u64 {
        let answer = self.get("/sites?limit=1").expect(200);
        answer.json()["seq"].as_u64().unwrap_or_else(|| panic!("no seq\n{}", answer.story()))
    }
}

pub struct Request<'s> {
    server: &'s Server,
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request<'_> {
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A JSON body, with the content type a merge patch is due where the method is PATCH.
    pub fn json(self, body: &Value) -> Self {
        let media = if self.method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        self.body(media, body.to_string())
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    /// Sends the request and holds the answer against the document.
    #[track_caller]
    pub fn send(self) -> Answer {
        let (method, target) = (self.method.clone(), self.target.clone());
        let answer = self.send_unjudged();
        let faults = judge(&method, &target, &answer.reply);
        assert!(faults.is_empty(), "the answer breaks the contract: {faults:#?}\n{}", answer.story());
        answer
    }

    /// Sends the request where the answer is not the document's matter.
    #[track_caller]
    pub fn send_unjudged(self) -> Answer {
        let (request, server) = (self.story(), self.server);
        match self.try_send() {
            Ok(reply) if reply.status >= 500 => {
                let cause = logged(server, &reply);
                Answer { request: format!("{request}\nthe service logged: {cause}"), reply }
            }
            Ok(reply) => Answer { request, reply },
            Err(error) => panic!("no answer: {error}\n{request}"),
        }
    }

    pub fn try_send(self) -> std::io::Result<Reply> {
        self.server.wire.send(&self.method, &self.target, &self.headers, &self.body)
    }

    fn story(&self) -> String {
        let hidden = |name: &str| name.eq_ignore_ascii_case("authorization");
        let headers: String = self
            .headers
            .iter()
            .filter(|(name, _)| !hidden(name))
            .map(|(name, value)| format!("\n{name}: {}", String::from_utf8_lossy(value)))
            .collect();
        let body: String = String::from_utf8_lossy(&self.body).chars().take(2000).collect();
        format!("{} {}{headers}\n{body}", self.method, self.target)
    }
}

/// What the service said in its log about a request that failed.
fn logged(server: &Server, reply: &Reply) -> String {
    // It is written by a thread of its own.
    std::thread::sleep(std::time::Duration::from_millis(100));
    let id = reply.header("x-request-id").unwrap_or_default();
    let log = std::fs::read_to_string(server.home.folder.join("log")).unwrap_or_default();
    log.lines().filter(|line| !id.is_empty() && line.contains(id)).collect::<Vec<_>>().join("\n")
}

/// Pages for people and the document itself are not part of the document.
fn judge(method: &str, target: &str, reply: &Reply) -> Vec<String> {
    let undocumented = ["/docs", "/openapi.json"].iter().any(|page| target.starts_with(page));
    if undocumented && reply.status < 400 {
        return Vec::new();
    }
    Document::committed().faults(method, target, reply)
}

/// Percent-encodes everything a path segment or a query value may not hold as it is.
pub fn encode(text: &str) -> String {
    const KEPT: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, &KEPT).to_string()
}

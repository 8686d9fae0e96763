//! An answer together with the request it belongs to, so that a failed test tells the whole story.

use super::wire::Reply;
use serde_json::Value;

#[derive(Debug, Clone)]
pub struct Answer {
    pub request: String,
    pub reply: Reply,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.reply.status
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.reply.header(name)
    }

    #[track_caller]
    pub fn needed_header(&self, name: &str) -> String {
        self.header(name).unwrap_or_else(|| panic!("no header {name}\n{}", self.story())).to_owned()
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        let etag = self.needed_header("etag");
        let strong = etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"');
        assert!(strong, "{etag} is no strong entity tag\n{}", self.story());
        etag
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.reply.status, status, "expected {status}\n{}", self.story());
        self
    }

    /// The body of an answer that went well.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.reply.body).unwrap_or_else(|error| panic!("the body is not JSON: {error}\n{}", self.story()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.reply.body).into_owned()
    }

    /// The items of a list.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        let body = self.json();
        body["items"].as_array().unwrap_or_else(|| panic!("no items\n{}", self.story())).clone()
    }

    /// One member of every item of a list, as text.
    #[track_caller]
    pub fn each(&self, member: &str) -> Vec<String> {
        self.items().iter().map(|item| text_of(&item[member])).collect()
    }

    /// A refusal with the given status and code; gives its body.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let found = (self.reply.status, self.code());
        assert_eq!(found, (status, code.to_owned()), "expected {status} {code}\n{}", self.story());
        self.json()
    }

    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.reply.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The faults of a refusal as (pointer, code), in the order of their pointers.
    pub fn faults(&self) -> Vec<(String, String)> {
        let body: Value = serde_json::from_slice(&self.reply.body).unwrap_or_default();
        let mut faults: Vec<(String, String)> = body["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|fault| (text_of(&fault["pointer"]), text_of(&fault["code"])))
            .collect();
        faults.sort();
        faults
    }

    /// A 422 that names exactly these faults.
    #[track_caller]
    pub fn invalid(&self, faults: &[(&str, &str)]) {
        self.refused(422, "invalid");
        let mut wanted: Vec<(String, String)> =
            faults.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect();
        wanted.sort();
        assert_eq!(self.faults(), wanted, "other faults were named\n{}", self.story());
    }

    pub fn story(&self) -> String {
        let mut body = self.text();
        if body.chars().count() > 3000 {
            body = body.chars().take(3000).collect::<String>() + " …";
        }
        format!("{}\n→ {} {:?}\n{body}", self.request, self.reply.status, self.reply.headers)
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

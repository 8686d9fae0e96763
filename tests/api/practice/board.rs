//! A live board: it keeps a connection open and takes down what the service sends.

use crate::support::Api;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Far longer than an event may take, for machines that have other things to do.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// One event as it came over the wire.
#[derive(Debug, Clone)]
pub struct News {
    pub id: u64,
    pub event: String,
    pub data: Value,
}

pub struct Board {
    stream: TcpStream,
    news: Receiver<News>,
}

impl Board {
    /// Connects as a browser does: with the id of the last event when there was one.
    pub fn connect(api: &Api, target: &str, last_event_id: Option<u64>) -> Board {
        let mut stream = TcpStream::connect(api.server.address).expect("the service takes calls");
        let token = api.token.as_deref().unwrap_or_default();
        let last = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /api/v1{target} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n{last}\r\n",
            api.server.address
        );
        stream.write_all(request.as_bytes()).expect("the service takes the request");
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let head = head(&mut reader);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: text/event-stream"), "{head}");
        let (sender, news) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            while let Some(chunk) = chunk(&mut reader) {
                text.push_str(&chunk);
                while let Some((block, rest)) = text.split_once("\n\n") {
                    let news = parsed(block);
                    text = rest.to_owned();
                    if news.is_some_and(|news| sender.send(news).is_err()) {
                        return;
                    }
                }
            }
        });
        Board { stream, news }
    }

    /// The next event, if one comes in time.
    pub fn next(&self, patience: Duration) -> Option<News> {
        self.news.recv_timeout(patience).ok()
    }

    /// Everything until an event that is wanted, which must come.
    #[track_caller]
    pub fn until(&self, wanted: impl Fn(&News) -> bool) -> Vec<News> {
        let deadline = Instant::now() + PATIENCE;
        let mut all = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(news) = self.next(left) else { panic!("the event did not come; there were only {all:#?}") };
            all.push(news);
            if all.last().is_some_and(&wanted) {
                return all;
            }
        }
    }

    /// Whether the service ends it in time.
    pub fn ended(&self, deadline: Instant) -> bool {
        loop {
            match self.news.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(silence) => return silence == RecvTimeoutError::Disconnected,
            }
        }
    }

    /// What comes within a moment.
    pub fn rest(&self) -> Vec<News> {
        std::iter::from_fn(|| self.next(Duration::from_millis(1500))).collect()
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn head(reader: &mut impl BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let read = reader.read_line(&mut head).expect("the head of an answer");
        assert!(read > 0, "the connection ended within the head: {head}");
    }
    head
}

/// The next chunk of the body; nothing at its end, or when the service is gone.
fn chunk(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let size = usize::from_str_radix(line.trim(), 16).ok().filter(|size| *size > 0)?;
    let mut chunk = vec![0; size + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    Some(String::from_utf8(chunk).expect("events are UTF-8"))
}

/// One block; nothing where it is no event, such as a comment that shows the service lives.
fn parsed(block: &str) -> Option<News> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(News {
        id: field("id")?.parse().expect("the id is a seq"),
        event: field("event").expect("an event has a name").to_owned(),
        data: serde_json::from_str(field("data").expect("an event has data")).expect("the data is JSON"),
    })
}

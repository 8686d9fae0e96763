//! HTTP/1.1 by hand: the tests must be able to send what a well-behaved client library refuses to.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(180);
/// A server may close an idle connection at any time; younger ones are safe to use again.
const IDLE: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

pub struct Wire {
    address: SocketAddr,
    idle: Mutex<Vec<(Instant, BufReader<TcpStream>)>>,
}

impl Wire {
    pub fn new(address: SocketAddr) -> Wire {
        Wire { address, idle: Mutex::new(Vec::new()) }
    }

    /// Sends one request on a kept-alive connection where there is one.
    pub fn send(&self, method: &str, target: &str, headers: &[(String, Vec<u8>)], body: &[u8]) -> Result<Reply> {
        let connection = match self.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        self.exchange(connection, method, &request(self.address, method, target, headers, body))
    }

    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(10))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(BufReader::new(stream))
    }

    fn take(&self) -> Option<BufReader<TcpStream>> {
        let mut idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        idle.retain(|(since, _)| since.elapsed() < IDLE);
        idle.pop().map(|(_, connection)| connection)
    }

    fn exchange(&self, mut connection: BufReader<TcpStream>, method: &str, bytes: &[u8]) -> Result<Reply> {
        // A server may refuse a request before it has read all of it; its answer counts, not the
        // broken pipe.
        let written = connection.get_mut().write_all(bytes);
        let reply = match (read_reply(&mut connection, method), written) {
            (Ok(reply), _) => reply,
            (Err(_), Err(error)) | (Err(error), Ok(())) => return Err(error),
        };
        let closing = reply.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if !closing && reply.header("content-length").is_some() {
            let mut idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            idle.push((Instant::now(), connection));
        }
        Ok(reply)
    }
}

fn request(address: SocketAddr, method: &str, target: &str, headers: &[(String, Vec<u8>)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    if !body.is_empty() || !matches!(method, "GET" | "HEAD" | "DELETE" | "OPTIONS") {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

fn read_reply(connection: &mut BufReader<TcpStream>, method: &str) -> Result<Reply> {
    loop {
        let status = status_of(&line(connection)?)?;
        let headers = read_headers(connection)?;
        if status == 100 {
            continue;
        }
        let mut reply = Reply { status, headers, body: Vec::new() };
        if method != "HEAD" && status != 204 && status != 304 {
            reply.body = read_body(connection, &reply)?;
        }
        return Ok(reply);
    }
}

fn status_of(line: &str) -> Result<u16> {
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| malformed(format!("status line {line:?}")))
}

fn read_headers(connection: &mut BufReader<TcpStream>) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    loop {
        let line = line(connection)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed(format!("header {line:?}")))?;
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
}

fn read_body(connection: &mut BufReader<TcpStream>, reply: &Reply) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if reply.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let line = line(connection)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(|_| malformed(format!("chunk {line:?}")))?;
            let start = body.len();
            body.resize(start + size, 0);
            connection.read_exact(&mut body[start..])?;
            let end = self::line(connection)?;
            if size == 0 {
                return Ok(body);
            }
            if !end.is_empty() {
                return Err(malformed("a chunk longer than announced".to_owned()));
            }
        }
    }
    match reply.header("content-length") {
        Some(length) => {
            let length = length.parse().map_err(|_| malformed(format!("content-length {length:?}")))?;
            body.resize(length, 0);
            connection.read_exact(&mut body)?;
        }
        None => {
            connection.read_to_end(&mut body)?;
        }
    }
    Ok(body)
}

fn line(connection: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = Vec::new();
    connection.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Err(Error::new(ErrorKind::UnexpectedEof, "the connection ended inside an answer"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| malformed("a header that is not UTF-8".to_owned()))
}

fn malformed(what: String) -> Error {
    Error::new(ErrorKind::InvalidData, format!("malformed answer: {what}"))
}

//! Fetching a key set from the network, with a bound on everything.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, redirect};

use super::targets::{Host, Target};

pub const LARGEST_ANSWER: usize = 64 * 1024;
const LONGEST_FETCH: Duration = Duration::from_secs(10);

/// The body at the address, or why it cannot be had. The whole takes ten seconds at most, the search
/// for the name included.
pub async fn fetch(target: &Target) -> Result<Vec<u8>, String> {
    tokio::time::timeout(LONGEST_FETCH, fetch_unhurried(target))
        .await
        .unwrap_or_else(|_| Err("no complete answer within ten seconds".into()))
}

async fn fetch_unhurried(target: &Target) -> Result<Vec<u8>, String> {
    // A redirect could lead where the target may not, a proxy would look the name up by itself, and a
    // kept connection would outlive the check of its address: so none of them, and a client per fetch.
    let mut client = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .pool_max_idle_per_host(0)
        .timeout(LONGEST_FETCH)
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")));
    if let Host::Name(name) = &target.host {
        client = client.resolve_to_addrs(name, &resolved(target, name).await?);
    }
    let client = client.build().map_err(told)?;
    let answer = client.get(target.url.clone()).send().await.map_err(told)?;
    if answer.status() != StatusCode::OK {
        return Err(format!("answered {}", answer.status()));
    }
    bounded_body(answer).await
}

/// The addresses of the name, every one of them judged: the connection is then bound to these, so that
/// a second look-up cannot give another answer than the one that was checked.
async fn resolved(target: &Target, name: &str) -> Result<Vec<SocketAddr>, String> {
    let place = (name.to_owned(), target.port);
    let found = tokio::task::spawn_blocking(move || place.to_socket_addrs())
        .await
        .map_err(|fault| fault.to_string())?
        .map_err(|fault| format!("the name cannot be resolved: {fault}"))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err("the name has no address".into());
    }
    if !addresses.iter().all(|address| target.admits(address.ip())) {
        return Err("the name leads into a network that must not be reached".into());
    }
    Ok(addresses)
}

async fn bounded_body(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err("the answer is larger than 64 KiB".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The fault with its causes, which hold what matters (refused, expired certificate).
fn told(fault: reqwest::Error) -> String {
    let fault = fault.without_url();
    let mut text = fault.to_string();
    let mut cause = std::error::Error::source(&fault);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

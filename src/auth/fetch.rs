//! Calls to the network, with a bound on everything: key sets are fetched, anchors handed over.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use ureq::config::Config;
use ureq::http::{StatusCode, Uri};
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Error};

use super::targets::{Host, Target};

pub const LARGEST_ANSWER: usize = 64 * 1024;
const LONGEST_FETCH: Duration = Duration::from_secs(10);
const TOO_SLOW: &str = "no complete answer within ten seconds";

/// The body at the address, or why it cannot be had. The whole takes ten seconds at most, the search
/// for the name included.
pub async fn fetch(target: &Target) -> Result<Vec<u8>, String> {
    let target = target.clone();
    in_time("key set", move || {
        let mut answer = agent(addresses(&target)?).get(target.url.as_str()).call().map_err(told)?;
        if answer.status() != StatusCode::OK {
            return Err(format!("answered {}", answer.status()));
        }
        answer.body_mut().with_config().limit(LARGEST_ANSWER as u64).read_to_vec().map_err(told)
    })
    .await
}

/// Hands a body over to the address; what it answers is not read. The whole takes ten seconds at most.
///
/// # Errors
/// When it cannot be reached, or does not answer with a success.
pub async fn post(target: &Target, media_type: &'static str, body: Vec<u8>) -> Result<(), String> {
    let target = target.clone();
    in_time("post", move || {
        let request = agent(addresses(&target)?).post(target.url.as_str()).header("content-type", media_type);
        let answer = request.send(&body[..]).map_err(told)?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("answered {}", answer.status())) }
    })
    .await
}

async fn in_time<T: Send + 'static>(name: &str, work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let (tell, told) = oneshot::channel();
    // Its own thread, as nobody waits for that when the service stops.
    let work = move || drop(tell.send(work()));
    std::thread::Builder::new().name(name.into()).spawn(work).map_err(|fault| fault.to_string())?;
    match tokio::time::timeout(LONGEST_FETCH, told).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("the call broke off".into()),
        Err(_) => Err(TOO_SLOW.into()),
    }
}

fn addresses(target: &Target) -> Result<Vec<SocketAddr>, String> {
    match &target.host {
        Host::Name(name) => resolved(target, name),
        Host::Address(address) => Ok(vec![SocketAddr::new(*address, target.port)]),
    }
}

/// A redirect could lead where the target may not, a proxy would look the name up by itself, and a kept connection would
/// outlive the check of its address: so none of them, and a client per fetch. It trusts whom the system trusts.
fn agent(addresses: Vec<SocketAddr>) -> Agent {
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Config::builder()
        .max_redirects(0)
        .proxy(None)
        .max_idle_connections(0)
        .timeout_global(Some(LONGEST_FETCH))
        .http_status_as_error(false)
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build();
    Agent::with_parts(config, DefaultConnector::default(), Judged(addresses))
}

/// The addresses of the name, every one of them judged: the connection is then bound to these, so that
/// a second look-up cannot give another answer than the one that was checked.
fn resolved(target: &Target, name: &str) -> Result<Vec<SocketAddr>, String> {
    let found = (name, target.port).to_socket_addrs().map_err(|fault| format!("the name cannot be resolved: {fault}"))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() {
        return Err("the name has no address".into());
    }
    if !addresses.iter().all(|address| target.admits(address.ip())) {
        return Err("the name leads into a network that must not be reached".into());
    }
    Ok(addresses)
}

/// Whatever is asked for, it lies at these addresses.
#[derive(Debug)]
struct Judged(Vec<SocketAddr>);

impl Resolver for Judged {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut all = self.empty();
        // It takes no more than 16.
        self.0.iter().map_while(|address| all.try_push(*address).ok()).for_each(drop);
        Ok(all)
    }
}

/// What went wrong, without the address.
fn told(fault: Error) -> String {
    match fault {
        Error::Timeout(_) => TOO_SLOW.into(),
        Error::BodyExceedsLimit(_) => "the answer is larger than 64 KiB".into(),
        Error::Io(fault) => fault.to_string(),
        other => other.to_string(),
    }
}

//! The command line: what may be asked of the program, and the answers that need no running service.

pub mod backups;
pub mod schema;
pub mod service;
pub mod token_ends;
pub mod tokens;
pub mod verification;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use url::Url;

use crate::config::{Config, Overrides, Secret};
use crate::model::Role;

#[derive(Debug, Parser)]
#[command(name = "holdfast", version, about = "Headless REST service for IT Service Continuity Management")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API.
    Serve(ServiceFlags),
    /// Serve the API with an example organisation called `demo`.
    Demo(ServiceFlags),
    /// Bring the database to the schema of this version.
    Migrate(MigrateFlags),
    /// Issue a token of the local issuer and print it; or end tokens before their time.
    Token(TokenArguments),
    /// Write the OpenAPI document.
    Openapi {
        /// The file to write, `-` for the standard output.
        #[arg(long, value_name = "FILE", default_value = "openapi/openapi.json")]
        output: PathBuf,
    },
    /// Check that the database holds what was written to it: every ledger, and every object against it.
    Verify(VerifyFlags),
    /// Print the public key by which signed anchors are verified, as a JSON Web Key.
    AnchorKey(StoreFlags),
    /// Write everything the database holds into one file, while the service goes on.
    Backup(BackupFlags),
    /// Make a new database of a backup, on SQLite or PostgreSQL, whichever it came from; or add the backup of one organisation.
    Restore(RestoreFlags),
    /// Make the tables of all objects anew from the ledgers, where `verify` has found them to differ. The service must not run.
    Rebuild(StoreFlags),
    /// Load the catalogue of threats into an organisation; what is there already stays as it is.
    LoadCatalogue(CatalogueFlags),
    /// Ask a running service whether it is ready.
    Healthcheck(HealthcheckArguments),
    /// Check the configuration and print what is in effect, without secrets.
    CheckConfig(CheckConfigFlags),
}

/// Flags that say where the objects are kept.
#[derive(Debug, Clone, Default, Args)]
pub struct StoreFlags {
    /// The configuration file [default: holdfast.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The directory for the SQLite database and the local key [default: data]
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<PathBuf>,
    /// postgres://… or sqlite:PATH [default: SQLite in the data directory]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<Secret>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ServiceFlags {
    #[command(flatten)]
    pub store: StoreFlags,
    /// The address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct CheckConfigFlags {
    #[command(flatten)]
    pub service: ServiceFlags,
    /// Connect to the database, too: whether it answers, takes writes, and has room for the connections of this instance.
    #[arg(long)]
    pub connect: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub struct BackupFlags {
    #[command(flatten)]
    pub store: StoreFlags,
    /// The file to make, `-` for the standard output. One that is there is not overwritten.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Encrypt it for this recipient by the program `age`; may be repeated.
    #[arg(long = "age-recipient", value_name = "RECIPIENT")]
    pub age_recipients: Vec<String>,
    /// Put the key of the local issuer, the revoked tokens and the configuration file into it, too; only encrypted.
    #[arg(long, requires = "age_recipients", conflicts_with = "organization")]
    pub with_key: bool,
    /// Back up the organisation of this key or id alone.
    #[arg(long, value_name = "KEY")]
    pub organization: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RestoreFlags {
    #[command(flatten)]
    pub store: StoreFlags,
    /// The backup, `-` for the standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Decrypt it with this identity by the program `age`.
    #[arg(long, value_name = "FILE")]
    pub age_identity: Option<PathBuf>,
    /// Only read it to its end and compare it with its manifest.
    #[arg(long)]
    pub check: bool,
    /// The key the organisation gets, where the backup is of one alone and its key is taken.
    #[arg(long, value_name = "KEY", conflicts_with = "check")]
    pub key: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub struct VerifyFlags {
    #[command(flatten)]
    pub store: StoreFlags,
    /// Append the newest entry of every ledger, signed, to this file, to be kept where nobody of the database comes.
    #[arg(long, value_name = "FILE")]
    pub anchor: Option<PathBuf>,
    /// Compare the ledgers with what such a file says they held.
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// The public key of the anchors, as `holdfast anchor-key` prints it [default: that of the data directory]
    #[arg(long, value_name = "FILE", requires = "expect")]
    pub anchor_key: Option<PathBuf>,
    /// Print the newest entry of every ledger: organisation, seq, time, hash.
    #[arg(long)]
    pub heads: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub struct CatalogueFlags {
    #[command(flatten)]
    pub store: StoreFlags,
    /// The key of the organisation that gets the threats.
    #[arg(long, value_name = "KEY", required_unless_present = "print")]
    pub organization: Option<String>,
    /// Print the catalogue as a batch for `POST /api/v1/batch` instead, for a service that is running.
    #[arg(long)]
    pub print: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub struct MigrateFlags {
    #[command(flatten)]
    pub store: StoreFlags,
    /// Take the newest change of the schema back, and with it what it holds. What that is, is told first.
    #[arg(long)]
    pub revert: bool,
    /// Do it without asking; for scripts.
    #[arg(long, requires = "revert")]
    pub yes: bool,
}

/// Without any of the flags that end tokens, one is issued.
const ENDS: [&str; 2] = ["revoke", "rotate_key"];

#[derive(Debug, Clone, Default, Args)]
pub struct TokenArguments {
    #[command(flatten)]
    pub store: StoreFlags,
    /// The key of the organisation the token is for.
    #[arg(long, value_name = "KEY", required_unless_present_any = ENDS, conflicts_with_all = ENDS)]
    pub organization: Option<String>,
    /// Who will bear the token.
    #[arg(long, value_name = "NAME", required_unless_present_any = ENDS, conflicts_with_all = ENDS)]
    pub subject: Option<String>,
    /// What the bearer is; may be repeated.
    #[arg(long = "role", value_name = "ROLE", required_unless_present_any = ENDS, conflicts_with_all = ENDS)]
    pub roles: Vec<Role>,
    /// Narrows the roles, such as services:read; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE", conflicts_with_all = ENDS)]
    pub scopes: Vec<String>,
    /// How many seconds the token lives.
    #[arg(long = "ttl", value_name = "SECONDS", default_value_t = 3600, conflicts_with_all = ENDS)]
    pub ttl_seconds: i64,
    /// End a token of any issuer before its time, instead of issuing one: its JTI, or the whole of it.
    #[arg(long, value_name = "JTI or TOKEN", conflicts_with = "rotate_key")]
    pub revoke: Option<String>,
    /// Why, to be kept beside what is revoked.
    #[arg(long, value_name = "TEXT", requires = "revoke", conflicts_with_all = ["rotate_key", "organization", "subject", "roles"])]
    pub reason: Option<String>,
    /// Give the local issuer a new key; tokens signed before count until they end by themselves.
    #[arg(long)]
    pub rotate_key: bool,
    /// End all tokens signed before at once: the key was stolen.
    #[arg(long, requires = "rotate_key", conflicts_with_all = ["revoke", "organization", "subject", "roles"])]
    pub now: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub struct HealthcheckArguments {
    /// The address to ask [default: /readyz where the service listens]
    #[arg(long, value_name = "URL", conflicts_with = "listen")]
    pub url: Option<String>,
    #[command(flatten)]
    pub flags: ServiceFlags,
}

impl From<&StoreFlags> for Overrides {
    fn from(flags: &StoreFlags) -> Self {
        let StoreFlags { config, data_dir, database_url } = flags.clone();
        Self { config, listen: None, data_dir, database_url }
    }
}

impl From<&ServiceFlags> for Overrides {
    fn from(flags: &ServiceFlags) -> Self {
        Self { listen: flags.listen.clone(), ..Self::from(&flags.store) }
    }
}

/// The configuration in effect, or everything that is wrong with it, one line each.
pub fn check_config(flags: &ServiceFlags, environment: &BTreeMap<String, String>) -> Result<String, String> {
    Config::load(&Overrides::from(flags), environment).map_err(|faults| faults.to_string())?.redacted_toml()
}

const PATIENCE: Duration = Duration::from_secs(3);

/// Asks a running service whether it is ready: a container without a shell has nobody else to ask.
pub fn healthcheck(arguments: &HealthcheckArguments, environment: &BTreeMap<String, String>) -> Result<(), String> {
    let url = match &arguments.url {
        Some(url) => url.clone(),
        None => {
            let config = Config::load(&Overrides::from(&arguments.flags), environment).map_err(|faults| faults.to_string())?;
            format!("http://{}/readyz", reachable(config.listen))
        }
    };
    let status = status_of(&url).map_err(|fault| format!("{url}: {fault}"))?;
    if (200..300).contains(&status) { Ok(()) } else { Err(format!("{url}: answered {status}")) }
}

/// Where to reach a service that listens there: "everywhere" is no address to call.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The status a plain GET is answered with. As little HTTP as serves the purpose, and no runtime.
fn status_of(url: &str) -> Result<u16, String> {
    let url = Url::parse(url).map_err(|fault| fault.to_string())?;
    let (Some(host), Some(port), "http") = (url.host_str(), url.port_or_known_default(), url.scheme()) else {
        return Err("must be an http:// URL".into());
    };
    let told = |fault: std::io::Error| fault.to_string();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = (bare, port).to_socket_addrs().map_err(told)?.next().ok_or("the name has no address")?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(told)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(told)?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = url.path();
    // In one piece: a service may answer, and hang up, after the first packet.
    let request = format!("GET {path}{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(told)?;
    // The status stands in the first twelve bytes: "HTTP/1.1 200".
    let mut start = [0; 12];
    stream.read_exact(&mut start).map_err(told)?;
    start
        .strip_prefix(b"HTTP/1.")
        .and_then(|rest| str::from_utf8(rest).ok())
        .and_then(|rest| rest.get(2..)?.parse().ok())
        .ok_or_else(|| "the answer is not HTTP".into())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use clap::CommandFactory;

    use super::*;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        Cli::try_parse_from(line.split(' ')).map(|cli| cli.command)
    }

    fn silence() -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    #[test]
    fn the_commands_of_the_contract_are_understood() {
        Cli::command().debug_assert();
        for line in [
            "holdfast serve",
            "holdfast serve --listen 127.0.0.1:0 --data-dir d --database-url sqlite:x --config c",
            "holdfast demo --listen 127.0.0.1:0",
            "holdfast migrate --data-dir d --database-url postgres://db",
            "holdfast migrate --revert --yes",
            "holdfast token --data-dir d --organization k --subject s --role user --role auditor --scope a:b --ttl 5",
            "holdfast token --revoke some-jti --reason stolen",
            "holdfast token --rotate-key --now --data-dir d",
            "holdfast openapi --output -",
            "holdfast verify --data-dir d",
            "holdfast healthcheck --url http://127.0.0.1:8080/readyz",
            "holdfast healthcheck --listen 127.0.0.1:8080",
            "holdfast check-config --config c",
            "holdfast check-config --connect",
            "holdfast rebuild --data-dir d",
            "holdfast backup --organization acme f",
        ] {
            assert!(parsed(line).is_ok(), "{line}");
        }
        for line in [
            "holdfast",
            "holdfast token --organization k --subject s",
            "holdfast token --organization k --subject s --role root",
            "holdfast token --revoke a --subject s",
            "holdfast token --revoke a --ttl 5",
            "holdfast token --revoke a --rotate-key",
            "holdfast token --rotate-key --reason stolen",
            "holdfast token --now",
            "holdfast token --reason stolen",
            "holdfast token --organization k --subject s --role user --reason stolen",
            "holdfast token --organization k --subject s --role user --now",
            "holdfast token --rotate-key --role user",
            "holdfast migrate --listen 127.0.0.1:0",
            "holdfast migrate --yes",
            "holdfast healthcheck --url http://a --listen 127.0.0.1:0",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn what_was_typed_is_not_shown_with_its_password() {
        let command = parsed("holdfast serve --database-url postgres://ana:word@db").unwrap();
        assert!(!format!("{command:?}").contains("word"));
    }

    fn service(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            let asked = request[..length].starts_with(b"GET /readyz HTTP/1.1\r\n");
            let answer = if asked { answer } else { "HTTP/1.1 404 Not Found\r\n\r\n" };
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn a_service_is_healthy_when_it_says_so_and_only_then() {
        let asked = |answer: &'static str| {
            let listen = Some(service(answer).to_string());
            let flags = ServiceFlags { listen, ..Default::default() };
            healthcheck(&HealthcheckArguments { url: None, flags }, &silence())
        };
        assert_eq!(asked("HTTP/1.1 200 OK\r\n\r\n"), Ok(()));
        assert!(asked("HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err().contains("503"));
        assert!(asked("SSH-2.0-OpenSSH").unwrap_err().contains("not HTTP"));
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = Some(format!("http://{gone}/readyz"));
        let flags = ServiceFlags::default();
        assert!(healthcheck(&HealthcheckArguments { url, flags }, &silence()).is_err());
        assert!(status_of("https://127.0.0.1/").unwrap_err().contains("http://"));
    }

    #[test]
    fn a_service_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, reached) in [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")] {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), reached);
        }
    }
}

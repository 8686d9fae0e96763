//! The service as its users meet it: its own process, on a real port, on a real database.

use super::client::Api;
use super::cluster::{Cluster, database_name};
use super::wire::Wire;
use super::{guard, token};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdfast");
const START: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A data folder and a database: what is left when the process is gone.
#[derive(Debug)]
pub struct Home {
    pub folder: PathBuf,
    pub database_url: Option<String>,
}

impl Home {
    pub fn new(backend: Backend) -> Home {
        match backend {
            Backend::Sqlite => Home::quick(None),
            Backend::Postgres => Home::quick(Some(Cluster::shared().database())),
        }
    }

    fn quick(database_url: Option<String>) -> Home {
        Home { folder: guard::quick_folder("server"), database_url }
    }

    /// One whose folder is on the disk.
    pub fn on_disk(database_url: Option<String>) -> Home {
        Home { folder: guard::folder("server"), database_url }
    }

    /// One with the tables made already, which takes most of the time of a first start.
    fn migrated(backend: Backend) -> Home {
        static SQLITE: OnceLock<Home> = OnceLock::new();
        static POSTGRES: OnceLock<Home> = OnceLock::new();
        let make = || {
            let home = Home::new(backend);
            let output = home.run("migrate", &[]);
            assert!(output.status.success(), "migrate: {}", String::from_utf8_lossy(&output.stderr));
            home
        };
        match backend {
            Backend::Sqlite => {
                let (model, home) = (SQLITE.get_or_init(make), Home::quick(None));
                std::fs::create_dir(home.data()).expect("a data folder");
                for file in std::fs::read_dir(model.data()).expect("the model's folder").flatten() {
                    std::fs::copy(file.path(), home.data().join(file.file_name())).expect("a file is copied");
                }
                home
            }
            Backend::Postgres => {
                let model = POSTGRES.get_or_init(make).database_url.as_deref().expect("a database");
                Home::quick(Some(Cluster::shared().copy(database_name(model))))
            }
        }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The command line with the folder and the database of this home filled in.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = program();
        // Nobody stands before it to be told that it stops.
        command.env("HOLDFAST_STOP_DELAY_SECONDS", "0");
        command.arg(subcommand).arg("--data-dir").arg(self.data()).current_dir(&self.folder);
        if let Some(url) = &self.database_url {
            command.arg("--database-url").arg(url);
        }
        command
    }

    pub fn run(&self, subcommand: &str, arguments: &[&str]) -> Output {
        self.command(subcommand).args(arguments).stdin(Stdio::null()).output().expect("the program starts")
    }

    /// The key of the local issuer, written at the first start.
    pub fn issuer_key(&self) -> Vec<u8> {
        let text = std::fs::read_to_string(self.data().join("local-issuer.key")).expect("the issuer's key file");
        let text = text.trim().trim_end_matches('=');
        let key = URL_SAFE_NO_PAD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).expect("a base64 key");
        assert_eq!(key.len(), 32, "the issuer's key has 256 bits");
        key
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        guard::discard(&self.folder);
    }
}

/// The program without any setting inherited from whoever runs the tests.
pub fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOLDFAST_") {
            command.env_remove(name);
        }
    }
    command
}

/// The same command with a terminal before it, whose keys and screen are pipes.
pub fn at_a_terminal(command: &Command, arguments: &str) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_string_lossy())).collect();
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--return", "--command", &format!("exec {} {arguments}", words.join(" ")), "/dev/null"]);
    terminal.current_dir(command.get_current_dir().unwrap_or(Path::new("/")));
    for (name, _) in command.get_envs() {
        terminal.env_remove(name);
    }
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    terminal
}

pub struct Server {
    pub backend: Backend,
    pub home: Arc<Home>,
    pub address: SocketAddr,
    pub wire: Wire,
    printed: Mutex<Receiver<String>>,
    key: Vec<u8>,
    child: Mutex<Child>,
}

impl Server {
    /// The server all tests of one database share; each test brings an organisation of its own.
    pub fn shared(backend: Backend) -> Arc<Server> {
        static SQLITE: OnceLock<Arc<Server>> = OnceLock::new();
        static POSTGRES: OnceLock<Arc<Server>> = OnceLock::new();
        let place = match backend {
            Backend::Sqlite => &SQLITE,
            Backend::Postgres => &POSTGRES,
        };
        place.get_or_init(|| Server::start(backend)).clone()
    }

    pub fn start(backend: Backend) -> Arc<Server> {
        // Many tests at once on a busy machine make a queue of writes that is no fault of the service.
        let patient =
            [("HOLDFAST_LIMITS__WRITE_WAIT_MILLISECONDS", "60000"), ("HOLDFAST_LIMITS__STATEMENT_TIMEOUT_MILLISECONDS", "60000")];
        Server::start_with(&Arc::new(Home::migrated(backend)), "serve", &[], &patient)
    }

    /// One with settings that may need its folder.
    pub fn start_in(backend: Backend, settings: impl FnOnce(&Path) -> Vec<(String, String)>) -> Arc<Server> {
        let home = Arc::new(Home::migrated(backend));
        let settings = settings(&home.folder);
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Server::start_with(&home, "serve", &[], &settings)
    }

    /// One at a home of its own making, with settings.
    pub fn start_set(home: &Arc<Home>, settings: &[(&str, &str)]) -> Arc<Server> {
        Server::start_with(home, "serve", &[], settings)
    }

    pub fn start_at(home: &Arc<Home>, subcommand: &str, arguments: &[&str]) -> Arc<Server> {
        Server::start_with(home, subcommand, arguments, &[])
    }

    fn start_with(home: &Arc<Home>, subcommand: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Arc<Server> {
        let log =
            std::fs::File::options().create(true).append(true).open(home.folder.join("log")).expect("a log file can be made");
        let mut child = home
            .command(subcommand)
            .args(if arguments.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] })
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        guard::started("KILL", child.id());
        let lines = lines(child.stdout.take().expect("its output is piped"));
        let address = wait_for_address(&lines, &home.folder);
        let key = home.issuer_key();
        let backend = if home.database_url.is_some() { Backend::Postgres } else { Backend::Sqlite };
        Arc::new(Server {
            backend,
            home: home.clone(),
            address,
            wire: Wire::new(address),
            printed: Mutex::new(lines),
            key,
            child: Mutex::new(child),
        })
    }

    /// A client of a new organisation that may do everything.
    pub fn fresh_organization(self: &Arc<Self>) -> Api {
        self.client(&format!("org-{}", super::fresh()), "ana", &token::ALL_POWERFUL)
    }

    pub fn client(self: &Arc<Self>, organization: &str, subject: &str, roles: &[&str]) -> Api {
        self.with_token(organization, &self.token(&token::claims(organization, subject, roles)))
    }

    pub fn with_token(self: &Arc<Self>, organization: &str, token: &str) -> Api {
        Api { server: self.clone(), organization: organization.to_owned(), token: Some(token.to_owned()) }
    }

    pub fn stranger(self: &Arc<Self>) -> Api {
        Api { server: self.clone(), organization: String::new(), token: None }
    }

    pub fn token(&self, claims: &serde_json::Value) -> String {
        token::sign(&self.key, &token::header(), claims)
    }

    pub fn key(&self) -> &[u8] {
        &self.key
    }

    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).id()
    }

    /// Kills the process without a warning.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if matches!(child.try_wait(), Ok(None)) {
            let _ = child.kill();
            let _ = child.wait();
        }
        guard::ended("KILL", child.id());
    }

    /// Asks the process to stop.
    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("the command kill");
        assert!(asked.success(), "the process is gone already");
    }

    /// Asks the process to stop and waits until it has; gives its exit code.
    pub fn terminate(&self, patience: Duration) -> Option<i32> {
        self.ask_to_stop();
        let mut child = self.child.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = child.try_wait().expect("the process is our child") {
                guard::ended("KILL", child.id());
                return status.code();
            }
            assert!(Instant::now() < deadline, "the process does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What the process has printed after its address, until it is silent for a moment.
    pub fn printed(&self) -> Vec<String> {
        let lines = self.printed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        std::iter::from_fn(|| lines.recv_timeout(Duration::from_millis(500)).ok()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// Reads what the process prints, for as long as it prints, so that it never blocks on a full pipe.
fn lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

fn wait_for_address(lines: &Receiver<String>, folder: &Path) -> SocketAddr {
    let deadline = Instant::now() + START;
    let mut printed = Vec::new();
    while let Ok(line) = lines.recv_timeout(deadline - Instant::now()) {
        if let Some(rest) = line.trim().strip_prefix("listening on http://") {
            return rest.trim_end_matches('/').parse().expect("an address with a port");
        }
        printed.push(line);
    }
    panic!("the service does not start; it printed {printed:?} and logged:\n{}", log(folder));
}

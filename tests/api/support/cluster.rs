//! A PostgreSQL of the tests' own: one cluster for the process, one fresh database per server.

use super::guard;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

const MISSING: &str = "these tests need a real PostgreSQL server: apt-get install postgresql";

/// Whether the cluster survives a crash of the machine; without it everything is quicker.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Fast,
    Synced,
}

pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    owner: Option<(u32, u32)>,
    durability: Durability,
    pub port: u16,
    postmaster: Mutex<Option<Child>>,
}

impl Cluster {
    /// The cluster most tests share.
    pub fn shared() -> &'static Cluster {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Cluster::create(Durability::Fast))
    }

    pub fn create(durability: Durability) -> Cluster {
        let programs = programs();
        let owner = owner();
        let folder = match durability {
            Durability::Fast => guard::quick_folder("postgres"),
            Durability::Synced => guard::folder("postgres"),
        };
        if let Some((user, group)) = owner {
            chown(&folder, Some(user), Some(group)).expect("root may give a folder away");
        }
        let port = free_port();
        let cluster = Cluster { folder, programs, owner, durability, port, postmaster: Mutex::new(None) };
        let made = cluster
            .run("initdb", &["-D", "data", "-U", "holdfast", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        cluster.start();
        cluster
    }

    /// Starts the postmaster, which must not be running. After a kill its children may still hold the shared memory
    /// for a moment, and a new one refuses to start; then it is tried again.
    pub fn start(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            self.launch();
            if self.wait_until_ready(deadline) {
                return;
            }
        }
    }

    fn launch(&self) {
        let log =
            std::fs::File::options().create(true).append(true).open(self.folder.join("log")).expect("a log file can be made");
        let sync = if self.durability == Durability::Synced { "on" } else { "off" };
        let child = self
            .command("postgres")
            .args(["-D", "data", "-p", &self.port.to_string(), "-k"])
            .arg(&self.folder)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=400"])
            .args(["-c", &format!("fsync={sync}"), "-c", &format!("full_page_writes={sync}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect(MISSING);
        guard::started("INT", child.id());
        *self.lock() = Some(child);
    }

    /// Whether the postmaster answers; false when it has ended instead.
    fn wait_until_ready(&self, deadline: Instant) -> bool {
        while self.try_psql("postgres", "select 1").is_err() {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "PostgreSQL does not start:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
            let mut postmaster = self.lock();
            if postmaster.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None))) {
                if let Some(child) = postmaster.take() {
                    guard::ended("INT", child.id());
                }
                return false;
            }
        }
        true
    }

    /// Kills the postmaster as a power cut would; its children notice and go.
    pub fn kill(&self) {
        if self.lock().is_some() {
            self.thaw();
        }
        if let Some(mut child) = self.lock().take() {
            child.kill().expect("the postmaster is ours to kill");
            child.wait().expect("the postmaster is our child");
            guard::ended("INT", child.id());
        }
    }

    /// Stops all its processes where they are: connections stay and nothing answers.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let postmaster = self.lock().as_ref().map(Child::id).expect("a running postmaster");
        let mut children = Vec::new();
        for process in std::fs::read_dir("/proc").expect("a list of processes").flatten() {
            // The parent stands after the name in brackets and the state.
            let stat = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
            if parent == Some(&postmaster.to_string()) {
                children.extend(process.file_name().to_str().and_then(|id| id.parse::<u32>().ok()));
            }
        }
        let send = |to: u32| {
            Command::new("kill")
                .args([signal, &to.to_string()])
                .stderr(Stdio::null())
                .status()
                .expect("the command kill")
                .success()
        };
        assert!(send(postmaster), "the postmaster has gone");
        // One of these may have ended meanwhile.
        for child in children {
            let _there = send(child);
        }
    }

    /// A fresh database and the address under which the service reaches it. Its text order is a
    /// linguistic one, as in most installations: the service must not depend on byte order.
    pub fn database(&self) -> String {
        self.made("template template0 locale_provider icu icu_locale 'en-US'")
    }

    /// A copy of a database to which nobody is connected.
    pub fn copy(&self, of: &str) -> String {
        self.made(&format!("template {of}"))
    }

    fn made(&self, how: &str) -> String {
        let name = format!("holdfast_{}", super::fresh());
        self.psql("postgres", &format!("create database {name} {how}"));
        format!("postgres://holdfast@127.0.0.1:{}/{name}?sslmode=disable", self.port)
    }

    /// The answer of one SQL statement, unaligned, a row per line, columns parted by `|`.
    pub fn psql(&self, database: &str, statement: &str) -> String {
        self.try_psql(database, statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    /// As [`Cluster::psql`] where the statement may be refused; then the words of the refusal.
    pub fn try_psql(&self, database: &str, statement: &str) -> Result<String, String> {
        let output = self.run("psql", &self.psql_arguments(database, statement));
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8(output.stdout).expect("psql answers in UTF-8"))
    }

    /// Carries out the statements of a file, such as a dump.
    pub fn load(&self, database: &str, file: &std::path::Path) {
        let statements = std::fs::File::open(file).expect("the file is there");
        let port = self.port.to_string();
        let output = self
            .command("psql")
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", &port, "-U", "holdfast", "-d", database])
            .stdin(statements)
            .output()
            .expect(MISSING);
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    }

    fn psql_arguments(&self, database: &str, statement: &str) -> Vec<String> {
        let port = self.port.to_string();
        ["-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", &port, "-U", "holdfast", "-d", database, "-c", statement]
            .map(str::to_owned)
            .to_vec()
    }

    fn run<S: AsRef<std::ffi::OsStr>>(&self, program: &str, arguments: &[S]) -> Output {
        self.command(program).args(arguments).stdin(Stdio::null()).output().expect(MISSING)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.current_dir(&self.folder).env_remove("PGHOST").env_remove("PGDATABASE").env("LC_ALL", "C.UTF-8");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.postmaster.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        guard::discard(&self.folder);
    }
}

/// The programs of the newest PostgreSQL on this machine.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().map(|(_, programs)| programs).unwrap_or_else(elsewhere)
}

/// Installations that do not follow the layout above have their programs on the path.
fn elsewhere() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).find(|folder| folder.join("initdb").exists()).expect(MISSING)
}

/// PostgreSQL refuses to run as root, so root hands it to the user `postgres`, or else `nobody`.
fn owner() -> Option<(u32, u32)> {
    if number(&["-u"])? != 0 {
        return None;
    }
    let user = ["postgres", "nobody"].into_iter().find(|user| number(&["-u", user]).is_some());
    let user = user.expect("a user other than root to run PostgreSQL");
    Some((number(&["-u", user])?, number(&["-g", user])?))
}

fn number(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().expect("the command id");
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound listener").port()
}

/// The database's name in an address made by `Cluster::database`.
pub fn database_name(url: &str) -> &str {
    let path = url.rsplit('/').next().unwrap_or_default();
    path.split('?').next().unwrap_or_default()
}

#[test]
fn a_fresh_database_orders_text_as_people_do() {
    let cluster = Cluster::shared();
    let url = cluster.database();
    assert_eq!(cluster.psql(database_name(&url), "select 'B' < 'a'").trim(), "f");
}

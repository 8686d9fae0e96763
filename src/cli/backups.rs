//! Backups, made and brought back from the command line.
use super::service::{Environment, load, quiet, start_logs, words};
use super::{BackupFlags, RestoreFlags, StoreFlags};
use crate::auth::{LocalKey, Revocations, files, is_key};
use crate::config::{Config, Overrides};
use crate::resources::KINDS;
use crate::server;
use crate::store::backup::{self, Known, Wanted};
use crate::store::{self, clock};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// The program that encrypts and decrypts (<https://age-encryption.org>).
const AGE: &str = "age";
/// The names under which files of the service go into a backup.
const KEY: &str = "local-issuer.key";
const REVOKED: &str = "revoked-tokens";
const SETTINGS: &str = "holdfast.toml";

/// `holdfast backup`.
pub fn backup(flags: &BackupFlags, environment: &Environment) -> Result<(), String> {
    let overrides = Overrides::from(&flags.store);
    let config = load(&overrides, environment)?;
    let _logs = start_logs(&quiet())?;
    let with = if flags.with_key { secrets(&config, Config::file(&overrides, environment))? } else { Vec::new() };
    if flags.file == Path::new("-") {
        let out = Out::new(Stdio::inherit(), io::stdout().lock(), &flags.age_recipients)?;
        return write(&config, out, flags, &with).map(|told| eprintln!("{told}"));
    }
    if flags.file.exists() {
        return Err(format!("{}: it is there already", flags.file.display()));
    }
    let draft = flags.file.with_added_extension("part");
    let told = write_draft(&config, &draft, flags, &with);
    let told = told.and_then(|told| {
        files::publish_draft(&draft, &flags.file).map_err(|cause| format!("{}: {cause}", flags.file.display()))?;
        Ok(told)
    });
    if told.is_err() {
        // A half one helps nobody.
        drop(std::fs::remove_file(&draft));
    }
    let told = told?;
    stamp(&config, files::LAST_BACKUP);
    println!("{}: {told}", flags.file.display());
    Ok(())
}

/// Leaves a mark for `/metrics`. Where the service's directory cannot be written to, whoever runs the command watches it himself.
pub fn stamp(config: &Config, name: &str) {
    if let Err(cause) = files::replace(&config.data_dir.join(name), clock::now().to_string().as_bytes()) {
        tracing::debug!(%cause, name, "no mark was left");
    }
}

fn write_draft(config: &Config, draft: &Path, flags: &BackupFlags, with: &[(String, String)]) -> Result<String, String> {
    let cannot = |cause: io::Error| format!("{}: {cause}", draft.display());
    if let Some(folder) = draft.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        return Err(format!("{}: there is no such directory", folder.display()));
    }
    let file = files::open_or_make(draft).map_err(cannot)?;
    // What a run that was killed has left goes.
    file.set_len(0).map_err(cannot)?;
    let for_age = file.try_clone().map_err(cannot)?;
    write(config, Out::new(for_age.into(), file, &flags.age_recipients)?, flags, with)
}

fn write<W: Write>(config: &Config, out: Out<W>, flags: &BackupFlags, with: &[(String, String)]) -> Result<String, String> {
    let wanted = Wanted { files: with, organization: flags.organization.as_deref() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let (out, manifest) = runtime.block_on(backup::backup(config, out, wanted, clock::now())).map_err(words)?;
    out.finish()?;
    let rows: u64 = manifest.tables.values().sum();
    Ok(format!("{rows} rows of {} tables, {} ledgers, sha256 {}", manifest.tables.len(), manifest.ledgers.len(), manifest.sha256))
}

/// The key that signs tokens, those of its tokens that do not count, and the settings.
fn secrets(config: &Config, settings: Option<PathBuf>) -> Result<Vec<(String, String)>, String> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|cause| format!("{}: {cause}", path.display()));
    let mut with = vec![(KEY.to_owned(), read(&LocalKey::path(&config.data_dir))?)];
    let revoked = Revocations::path(&config.data_dir);
    if revoked.exists() {
        with.push((REVOKED.to_owned(), read(&revoked)?));
    }
    if let Some(path) = settings {
        with.push((SETTINGS.to_owned(), read(&path)?));
    }
    Ok(with)
}

/// Where a backup goes to: as it is, or by way of `age`.
enum Out<W: Write> {
    Plain(W),
    Encrypted(ChildStdin, Child),
}

impl<W: Write> Out<W> {
    fn new(target: Stdio, plain: W, recipients: &[String]) -> Result<Out<W>, String> {
        if recipients.is_empty() {
            return Ok(Out::Plain(plain));
        }
        let mut age = Command::new(AGE);
        age.arg("--encrypt").args(recipients.iter().flat_map(|one| ["--recipient", one]));
        let mut child = age.stdin(Stdio::piped()).stdout(target).spawn().map_err(missing)?;
        let input = child.stdin.take().ok_or("age takes no input")?;
        Ok(Out::Encrypted(input, child))
    }

    fn finish(self) -> Result<(), String> {
        match self {
            Out::Plain(mut out) => out.flush().map_err(|cause| format!("the backup cannot be written: {cause}")),
            Out::Encrypted(input, child) => {
                drop(input);
                ended(child)
            }
        }
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Out::Plain(out) => out.write(bytes),
            Out::Encrypted(input, _) => input.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Out::Plain(out) => out.flush(),
            Out::Encrypted(input, _) => input.flush(),
        }
    }
}

fn missing(cause: io::Error) -> String {
    format!("the program `{AGE}` is needed for this, and cannot be started: {cause}")
}

fn ended(mut child: Child) -> Result<(), String> {
    let status = child.wait().map_err(|cause| cause.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("`{AGE}` ended with {status}")) }
}

/// `holdfast restore`.
pub fn restore(flags: &RestoreFlags, environment: &Environment) -> Result<(), String> {
    let config = load(&Overrides::from(&flags.store), environment)?;
    let _logs = start_logs(&quiet())?;
    if let Some(key) = flags.key.as_deref().filter(|key| !is_key(key)) {
        return Err(format!("{key:?} cannot be the key of an organisation"));
    }
    let (input, age) = open(flags)?;
    let landscapes = server::landscapes();
    let known = Known { kinds: KINDS, landscapes: &*landscapes };
    let done = if flags.check { backup::inspect(input) } else { backup::restore(&config, known, input, flags.key.as_deref()) };
    // When age could not read it, that is why.
    if let Some(child) = age {
        ended(child)?;
    }
    let (contents, with) = done.map_err(words)?;
    let rows: u64 = contents.manifest.tables.values().sum();
    let done = if flags.check { "is whole" } else { "is restored" };
    let header = &contents.header;
    println!(
        "the backup of {} by version {} {done}: {rows} rows, {} ledgers",
        header.made_at,
        header.version,
        contents.manifest.ledgers.len()
    );
    if flags.check { Ok(()) } else { keep(&config, &with) }
}

/// `holdfast rebuild`.
pub fn rebuild(flags: &StoreFlags, environment: &Environment) -> Result<(), String> {
    let config = load(&Overrides::from(flags), environment)?;
    let _logs = start_logs(&quiet())?;
    let verdict = store::rebuild(&config, KINDS, &*server::landscapes()).map_err(words)?;
    println!("{} objects made anew from {} entries, and verified", verdict.objects, verdict.entries);
    Ok(())
}

fn open(flags: &RestoreFlags) -> Result<(Box<dyn Read>, Option<Child>), String> {
    let standard = flags.file == Path::new("-");
    let file = || File::open(&flags.file).map_err(|cause| format!("{}: {cause}", flags.file.display()));
    let Some(identity) = &flags.age_identity else {
        return Ok((if standard { Box::new(io::stdin().lock()) } else { Box::new(file()?) }, None));
    };
    let source = if standard { Stdio::inherit() } else { file()?.into() };
    let mut age = Command::new(AGE);
    let mut child =
        age.arg("--decrypt").arg("--identity").arg(identity).stdin(source).stdout(Stdio::piped()).spawn().map_err(missing)?;
    let output = child.stdout.take().ok_or("age gives no output")?;
    Ok((Box::new(output), Some(child)))
}

/// Puts the files of a backup where the service looks for them. What is there already stays.
fn keep(config: &Config, with: &[(String, String)]) -> Result<(), String> {
    for (name, content) in with {
        let path = match name.as_str() {
            KEY => LocalKey::path(&config.data_dir),
            REVOKED => Revocations::path(&config.data_dir),
            SETTINGS => config.data_dir.join(SETTINGS),
            _ => continue,
        };
        if path.exists() {
            println!("{}: it is there already and stays as it is", path.display());
            continue;
        }
        files::publish(&path, content.as_bytes()).map_err(|cause| format!("{}: {cause}", path.display()))?;
        println!("{}: restored", path.display());
    }
    Ok(())
}

//! The layers of a configuration: defaults, file, environment, flags. The later one wins.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Config, Faults, Secret};

const PREFIX: &str = "HOLDFAST_";
const FILE_VARIABLE: &str = "HOLDFAST_CONFIG";
/// What the examples and benchmarks read from the same environment.
const OF_CLIENTS: [&str; 4] = ["HOLDFAST_TOKEN", "HOLDFAST_TOKEN_FILE", "HOLDFAST_URL", "HOLDFAST_BINARY"];
/// The short name everybody tries first.
const LOG_VARIABLE: &str = "HOLDFAST_LOG";
const LOG_LEVEL_VARIABLE: &str = "HOLDFAST_LOG__LEVEL";
const DEFAULT_FILE: &str = "holdfast.toml";
/// Settings without a default; all of them are texts.
const OPTIONAL: [&str; 6] = ["database_url", "database_ca_file", "public_url", "metrics_token", "anchor.file", "anchor.url"];
/// Settings whose variable may also name a file that holds the value (`…_FILE`).
const SECRETS: [&str; 2] = ["database_url", "metrics_token"];

/// What the flags of the command line say.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub config: Option<PathBuf>,
    pub listen: Option<String>,
    pub data_dir: Option<PathBuf>,
    pub database_url: Option<Secret>,
}

/// The variables of this process that are meant for the service.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX))
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}

impl Config {
    /// The effective configuration, or everything that is wrong with it.
    pub fn load(overrides: &Overrides, environment: &BTreeMap<String, String>) -> Result<Config, Faults> {
        Self::load_beside(overrides, environment, Path::new("."))
    }

    /// The file the configuration is read from, if there is one.
    pub fn file(overrides: &Overrides, environment: &BTreeMap<String, String>) -> Option<PathBuf> {
        file_of(overrides, environment, Path::new("."))
    }

    /// As [`load`](Self::load), with the directory in which a `holdfast.toml` is looked for.
    pub(super) fn load_beside(
        overrides: &Overrides,
        environment: &BTreeMap<String, String>,
        directory: &Path,
    ) -> Result<Config, Faults> {
        let mut table = match file_of(overrides, environment, directory) {
            Some(path) => read_file(&path).map_err(|fault| Faults(vec![fault]))?,
            None => Table::new(),
        };
        let mut faults = add_environment(&mut table, environment);
        add_flags(&mut table, overrides);
        match table.try_into::<Config>() {
            // What is wrong with the values is told together with what is wrong with the variables.
            Ok(config) => match (config.check(), faults.is_empty()) {
                (Ok(()), true) => return Ok(config),
                (checked, _) => faults.extend(checked.err().into_iter().flat_map(|found| found.0)),
            },
            Err(fault) => faults.push(on_one_line(&fault.to_string())),
        }
        Err(Faults(faults))
    }
}

fn file_of(overrides: &Overrides, environment: &BTreeMap<String, String>, directory: &Path) -> Option<PathBuf> {
    let named = overrides.config.clone();
    let named = named.or_else(|| given(environment, FILE_VARIABLE).map(PathBuf::from));
    let beside = directory.join(DEFAULT_FILE);
    named.or_else(|| beside.exists().then_some(beside))
}

/// Reads a file by itself first, so that a fault can be told with its line.
fn read_file(path: &Path) -> Result<Table, String> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|fault| format!("{shown}: {fault}"))?;
    // Not the whole message of the parser: it quotes the line, and the line may hold a password.
    let told = |fault: toml::de::Error| {
        let before = fault.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{shown}, line {line}: {}", on_one_line(fault.message()))
    };
    toml::from_str::<Config>(&text).map_err(told)?;
    toml::from_str::<Table>(&text).map_err(told)
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An empty variable counts as absent: container files often pass one on without a value.
fn given<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// A setting the environment can reach, and what a value for it looks like.
struct Setting {
    path: Vec<String>,
    example: Value,
}

/// All settings by the name of their variable, read off the defaults so that none is forgotten.
fn settings() -> BTreeMap<String, Setting> {
    let mut found = BTreeMap::new();
    let defaults = Table::try_from(Config::default()).unwrap_or_default();
    collect(&mut found, &mut Vec::new(), &Value::Table(defaults));
    for name in OPTIONAL {
        collect(&mut found, &mut name.split('.').map(str::to_owned).collect(), &Value::String(String::new()));
    }
    found
}

fn collect(found: &mut BTreeMap<String, Setting>, path: &mut Vec<String>, value: &Value) {
    if let Value::Table(members) = value {
        for (name, member) in members {
            path.push(name.clone());
            collect(found, path, member);
            path.pop();
        }
        return;
    }
    let name = format!("{PREFIX}{}", path.join("__").to_uppercase());
    found.insert(name, Setting { path: path.clone(), example: value.clone() });
}

fn add_environment(table: &mut Table, environment: &BTreeMap<String, String>) -> Vec<String> {
    let settings = settings();
    let mut faults = Vec::new();
    for (name, value) in environment.iter().filter(|(_, value)| !value.is_empty()) {
        if name == FILE_VARIABLE || OF_CLIENTS.contains(&name.as_str()) || placed_by_orchestrator(name, value) {
            continue;
        }
        if let Err(fault) = add_variable(table, environment, &settings, name, value) {
            faults.push(fault);
        }
    }
    faults
}

fn add_variable(
    table: &mut Table,
    environment: &BTreeMap<String, String>,
    settings: &BTreeMap<String, Setting>,
    name: &str,
    value: &str,
) -> Result<(), String> {
    if name == LOG_VARIABLE {
        if given(environment, LOG_LEVEL_VARIABLE).is_some() {
            return Err(format!("{LOG_VARIABLE} and {LOG_LEVEL_VARIABLE} are the same setting; give one"));
        }
        return add_variable(table, environment, settings, LOG_LEVEL_VARIABLE, value);
    }
    if let Some(setting) = settings.get(name) {
        let value = typed(&setting.example, value).map_err(|fault| format!("{name} {fault}"))?;
        return put(table, &setting.path, value).map_err(|fault| format!("{name} {fault}"));
    }
    let Some((direct, secret)) = secret_named_by(name, settings) else {
        return Err(match nearest(name) {
            Some(near) => format!("{name} is not a setting; did you mean {near}?"),
            None => format!("{name} is not a setting"),
        });
    };
    if given(environment, direct).is_some() {
        return Err(format!("{direct} and {name} are the same setting; give one"));
    }
    let content = fs::read_to_string(value).map_err(|fault| format!("{name}: {value}: {fault}"))?;
    put(table, &secret.path, Value::String(content.trim_end_matches(['\r', '\n']).to_owned()))
        .map_err(|fault| format!("{name} {fault}"))
}

fn secret_named_by<'a>(name: &'a str, settings: &'a BTreeMap<String, Setting>) -> Option<(&'a str, &'a Setting)> {
    let direct = name.strip_suffix("_FILE")?;
    let setting = settings.get(direct)?;
    SECRETS.contains(&setting.path.join(".").as_str()).then_some((direct, setting))
}

/// The text as a value like the example. Faults never repeat the text, which may be a secret.
fn typed(example: &Value, text: &str) -> Result<Value, &'static str> {
    match example {
        Value::Integer(_) => text.trim().parse().map(Value::Integer).map_err(|_| "must be a whole number"),
        Value::Boolean(_) => text.trim().parse().map(Value::Boolean).map_err(|_| "must be true or false"),
        Value::Array(_) => toml::from_str::<Table>(&format!("list = {text}"))
            .ok()
            .and_then(|mut table| table.remove("list"))
            .filter(Value::is_array)
            .ok_or("must be a TOML array, such as [{ issuer = \"…\" }]"),
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn put(table: &mut Table, path: &[String], value: Value) -> Result<(), &'static str> {
    match path {
        [] => {}
        [name] => {
            table.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            let inner = table.entry(name).or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(inner) = inner else {
                return Err("lies in what is not a table");
            };
            put(inner, rest, value)?;
        }
    }
    Ok(())
}

fn add_flags(table: &mut Table, overrides: &Overrides) {
    let data_dir = overrides.data_dir.as_ref().map(|path| path.to_string_lossy().into_owned());
    let database_url = overrides.database_url.as_ref().map(|url| url.expose().to_owned());
    for (name, value) in [("listen", overrides.listen.clone()), ("data_dir", data_dir), ("database_url", database_url)] {
        if let Some(value) = value {
            table.insert(name.into(), Value::String(value));
        }
    }
}

/// Kubernetes tells every pod about the services beside it, and one of them may well be called
/// `holdfast` or `holdfast-database`. Those variables look like ours and mean nothing to us.
fn placed_by_orchestrator(name: &str, value: &str) -> bool {
    let link = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    let of_port = ["_TCP", "_UDP", "_SCTP"].iter().any(|protocol| {
        name.contains("_PORT_")
            && ["", "_PROTO", "_PORT", "_ADDR"]
                .iter()
                .any(|part| name.strip_suffix(part).is_some_and(|rest| rest.ends_with(protocol)))
    });
    name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || (name.ends_with("_PORT") && link) || of_port
}

/// The names of all variables the service listens to.
pub fn variables() -> Vec<String> {
    let files = SECRETS.map(|secret| format!("{PREFIX}{}_FILE", secret.to_uppercase()));
    let short = [FILE_VARIABLE, LOG_VARIABLE].map(str::to_owned);
    settings().into_keys().chain(files).chain(short).collect()
}

/// The variable the writer probably meant.
fn nearest(name: &str) -> Option<String> {
    variables()
        .into_iter()
        .map(|known| (distance(name, &known), known))
        .filter(|(distance, _)| *distance <= 4)
        .min()
        .map(|(_, known)| known)
}

/// How many letters must be changed, added or left out to make one text from the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (done, letter) in one.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (at, against) in other.bytes().enumerate() {
            let change = diagonal + usize::from(letter != against);
            diagonal = row[at + 1];
            row[at + 1] = change.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

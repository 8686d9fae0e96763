//! From the body of a batch to its rows.
use crate::collection::command::{AuditAction, Command};
use crate::collection::draft;
use crate::http::headers::WriteOptions;
use crate::http::preconditions::Preconditions;
use crate::model::{Error, Fault, FaultBudget, Faults, Kind, ObjectRef, Result, StringEnum, parse_json, parse_json_list};
use crate::resources::KINDS;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};

/// A batch whose rows have been read, by kind.
pub struct Batch {
    /// Whether the rows that can be done are done, or only all.
    pub partial: bool,
    pub dry_run: bool,
    pub snapshot: Option<SourceSnapshot>,
    pub rows: Rows,
}

impl Batch {
    /// Rows of this program's own, all or nothing.
    pub fn of(rows: Vec<Value>) -> Batch {
        let mut batch = Batch { partial: false, dry_run: false, snapshot: None, rows: Rows::new(usize::MAX) };
        rows.into_iter().for_each(|row| batch.rows.add(row));
        batch
    }

    /// The kinds that it may write.
    pub fn kinds(&self) -> HashSet<Kind> {
        let named = self.snapshot.iter().flat_map(|snapshot| &snapshot.kinds);
        self.rows.by_kind.keys().chain(named).copied().collect()
    }
}

/// Rows, as far as they can be read without the database. Each becomes a command at once: the JSON of megabytes takes many
/// times its size.
pub struct Rows {
    most: usize,
    pub count: usize,
    /// In the order of the kinds: what others point to comes first.
    pub by_kind: BTreeMap<Kind, Vec<Command>>,
    pub bad: Vec<(usize, Error)>,
    pub budget: FaultBudget,
}

impl Rows {
    fn new(most: usize) -> Rows {
        Rows { most, count: 0, by_kind: BTreeMap::new(), bad: Vec::new(), budget: FaultBudget::default() }
    }

    fn add(&mut self, value: Value) {
        let place = self.count;
        self.count += 1;
        if self.count > self.most {
            return;
        }
        match row(place, value).and_then(|row| command(row, &mut self.budget)) {
            Ok((kind, command)) => self.by_kind.entry(kind).or_default().push(command),
            Err(error) => {
                let error = self.budget.trimmed(error);
                self.bad.push((place, error));
            }
        }
    }

    /// Takes out what fails on its own and is not told whole, where the others are done without it: nobody reads what else
    /// is wrong with it.
    fn set_faulty_aside(&mut self) {
        let bad = &mut self.bad;
        for commands in self.by_kind.values_mut() {
            commands.retain_mut(|one| {
                let AuditAction::Put(draft) = &mut one.operation else { return true };
                if !draft.faults.is_trimmed() {
                    return true;
                }
                let faults = std::mem::take(&mut draft.faults);
                match faults.into_result() {
                    Ok(()) => true,
                    Err(error) => {
                        bad.push((one.place, beneath_data(error)));
                        false
                    }
                }
            });
        }
    }
}

/// "What I did not send is gone."
#[derive(Debug, Clone)]
pub struct SourceSnapshot {
    pub system: String,
    pub kinds: Vec<Kind>,
    pub max_delete_percent: f64,
}

/// Reads a batch of either media type; for lines, the options stand among the parameters.
pub fn read(
    bytes: &[u8],
    lines: bool,
    parameters: &[(String, String)],
    write_options: &WriteOptions,
    most: usize,
) -> Result<Batch> {
    let mut faults = Faults::default();
    let mut rows = Rows::new(most);
    let options = if lines { from_lines(bytes, parameters, &mut rows)? } else { from_json(bytes, &mut rows)? };
    if rows.count > most {
        return Err(Error::invalid("/rows", "too_long", format!("a batch holds at most {most} rows")));
    }
    let mut batch = Batch { partial: false, dry_run: write_options.dry_run, snapshot: None, rows };
    let mut percent = 10.0;
    for (name, value) in &options {
        match (name.as_str(), value) {
            ("mode", Value::String(mode)) if mode == "atomic" || mode == "partial" => batch.partial = mode == "partial",
            ("dry_run", Value::Bool(dry_run)) => batch.dry_run |= dry_run,
            ("snapshot", Value::Object(snapshot)) => batch.snapshot = read_snapshot(snapshot, &mut faults),
            ("max_delete_percent", value) if value.as_f64().is_some_and(|p| (0.0..=100.0).contains(&p)) => {
                percent = value.as_f64().unwrap_or(percent);
            }
            ("snapshot", Value::Null) => {}
            ("mode" | "dry_run" | "snapshot" | "max_delete_percent", _) => {
                faults.add(format!("/{name}"), "not_allowed", "not a value of this option")
            }
            _ => faults.add(format!("/{name}"), "unknown_field", "a batch has no such member"),
        }
    }
    if let Some(snapshot) = &mut batch.snapshot {
        snapshot.max_delete_percent = percent;
    }
    faults.into_result()?;
    if batch.partial {
        batch.rows.set_faulty_aside();
    }
    Ok(batch)
}

fn from_json(bytes: &[u8], rows: &mut Rows) -> Result<Map<String, Value>> {
    let read = parse_json_list(bytes, "rows", &mut |row| rows.add(row));
    let (rest, found) = read.map_err(|detail| Error::malformed("malformed_json", detail))?;
    let Value::Object(options) = rest else {
        return Err(Error::invalid("", "wrong_type", "a batch is an object"));
    };
    match (found, options.contains_key("rows")) {
        (true, _) => Ok(options),
        (_, true) => Err(Error::invalid("/rows", "wrong_type", "rows is a list")),
        _ => Err(Error::invalid("/rows", "required", "rows is required")),
    }
}

fn from_lines(bytes: &[u8], parameters: &[(String, String)], rows: &mut Rows) -> Result<Map<String, Value>> {
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let row = parse_json(line);
        rows.add(row.map_err(|detail| Error::malformed("malformed_json", format!("line {}: {detail}", index + 1)))?);
    }
    let mut options = Map::new();
    let mut snapshot = Map::new();
    for (name, text) in parameters {
        match name.as_str() {
            "dry_run" => {
                drop(options.insert(name.clone(), text.parse::<bool>().map_or(Value::String(text.clone()), Value::Bool)))
            }
            "max_delete_percent" => drop(options.insert(name.clone(), text.parse::<f64>().map_or(Value::Null, Value::from))),
            "snapshot_system" => drop(snapshot.insert("system".into(), text.clone().into())),
            "snapshot_kinds" => drop(snapshot.insert("kinds".into(), text.split(',').collect::<Vec<_>>().into())),
            _ => drop(options.insert(name.clone(), text.clone().into())),
        }
    }
    if !snapshot.is_empty() {
        options.insert("snapshot".into(), snapshot.into());
    }
    Ok(options)
}

/// Whether a batch may hold objects of the kind.
fn is_batched(kind: Kind) -> bool {
    KINDS.of(kind).info().batched
}

fn read_snapshot(value: &Map<String, Value>, faults: &mut Faults) -> Option<SourceSnapshot> {
    let unknown = value.keys().filter(|name| !matches!(name.as_str(), "system" | "kinds"));
    unknown.for_each(|name| faults.add(format!("/snapshot/{name}"), "unknown_field", "a snapshot has system and kinds"));
    let system = value.get("system").and_then(Value::as_str).filter(|text| !text.is_empty() && text.len() <= 64);
    if system.is_none() {
        faults.add("/snapshot/system", "required", "the system whose ids count");
    }
    let words = value.get("kinds").and_then(Value::as_array).filter(|kinds| !kinds.is_empty());
    let kinds =
        words.and_then(|words| words.iter().map(|word| word.as_str().and_then(Kind::from_word)).collect::<Option<Vec<Kind>>>());
    let mut kinds = kinds.filter(|kinds| kinds.iter().all(|kind| is_batched(*kind)));
    if let Some(kinds) = &mut kinds {
        kinds.sort();
        kinds.dedup();
    }
    if kinds.is_none() {
        faults.add("/snapshot/kinds", "not_allowed", "kinds that a batch can hold");
    }
    Some(SourceSnapshot { system: system?.to_owned(), kinds: kinds?, max_delete_percent: 0.0 })
}

/// One row as far as it can be read without its kind.
struct Row {
    place: usize,
    kind: Kind,
    target: ObjectRef,
    op: Op,
    if_version: Option<i64>,
    data: Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Op {
    Upsert,
    Merge,
    Delete,
}

fn row(place: usize, value: Value) -> Result<Row> {
    let Value::Object(mut value) = value else { return Err(Error::invalid("", "wrong_type", "a row is an object")) };
    let mut faults = Faults::default();
    let op = match value.remove("op") {
        None => fault(&mut faults, "/op", "required", "op is required"),
        Some(Value::String(op)) if op == "upsert" => Some(Op::Upsert),
        Some(Value::String(op)) if op == "merge" => Some(Op::Merge),
        Some(Value::String(op)) if op == "delete" => Some(Op::Delete),
        Some(_) => fault(&mut faults, "/op", "not_allowed", "op is upsert, merge or delete"),
    };
    let kind = match value.remove("kind") {
        None => fault(&mut faults, "/kind", "required", "kind is required"),
        Some(kind) => match kind.as_str().and_then(Kind::from_word).filter(|kind| is_batched(*kind)) {
            None => fault(&mut faults, "/kind", "not_allowed", "not a kind that a batch can hold"),
            kind => kind,
        },
    };
    let target = match value.remove("id") {
        None => fault(&mut faults, "/id", "required", "id is required"),
        Some(id) if !id.is_string() => fault(&mut faults, "/id", "wrong_type", "an id is a text"),
        Some(id) => match id.as_str().and_then(ObjectRef::parse) {
            None => fault(&mut faults, "/id", "bad_format", "neither a UUID nor key:… nor ref:system:id"),
            id => id,
        },
    };
    let if_version = match value.remove("if_version") {
        None | Some(Value::Null) => None,
        Some(version) if version.as_i64().is_some_and(|version| version > 0) => version.as_i64(),
        Some(_) => fault(&mut faults, "/if_version", "wrong_type", "a version is a positive integer"),
    };
    let data = match value.remove("data") {
        Some(data @ Value::Object(_)) => data,
        None | Some(Value::Null) if op == Some(Op::Delete) => Value::Null,
        None => fault(&mut faults, "/data", "required", "data is required").unwrap_or_default(),
        Some(_) => fault(&mut faults, "/data", "wrong_type", "data is an object").unwrap_or_default(),
    };
    value.keys().for_each(|name| faults.add(format!("/{name}"), "unknown_field", "a row has no such member"));
    faults.into_result()?;
    let (Some(op), Some(kind), Some(target)) = (op, kind, target) else {
        return Err(Error::Internal("a row without fault".into()));
    };
    Ok(Row { place, kind, target, op, if_version, data })
}

fn fault<T>(faults: &mut Faults, pointer: &str, code: &'static str, detail: &str) -> Option<T> {
    faults.add(pointer, code, detail);
    None
}

/// The row as a command; a draft that cannot be looked at any further is told with its faults.
fn command(row: Row, budget: &mut FaultBudget) -> Result<(Kind, Command)> {
    let operation = match row.op {
        Op::Delete => AuditAction::Delete,
        Op::Merge => AuditAction::Patch { patch: row.data, creates: true },
        Op::Upsert => {
            let mut draft = draft::parse(KINDS.of(row.kind), row.data).map_err(beneath_data)?;
            budget.trim(&mut draft.faults, 0);
            AuditAction::Put(Box::new(draft))
        }
    };
    let versions = row.if_version.map(|version| vec![version]);
    let preconditions = Preconditions { versions, ..Preconditions::default() };
    Ok((row.kind, Command { place: row.place, target: Some(row.target), operation, preconditions }))
}

/// Faults of a draft lie beneath the row's `data`.
pub fn beneath_data(error: Error) -> Error {
    let below = |faults: Vec<Fault>| {
        faults.into_iter().map(|fault| Fault { pointer: format!("/data{}", fault.pointer), ..fault }).collect()
    };
    match error {
        Error::Invalid(faults) => Error::Invalid(below(faults)),
        Error::Conflict { code, detail, faults } if code != "still_referenced" => {
            Error::Conflict { code, detail, faults: below(faults) }
        }
        other => other,
    }
}

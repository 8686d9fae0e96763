//! `GET /calendar` and `GET /calendar.ics`: exercises, reviews, and acceptances and agreements that run out.
use super::form::{list, object, reference, tagged, text};
use crate::collection::doc::etag;
use crate::collection::params::{parameter, reject_unknown};
use crate::http::context::{Reader, RequestContext};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Date, Error, Id, Kind, Reference, Result, StringEnum, Timestamp};
use crate::on;
use crate::planning::calendar::{Event, When, ics};
use crate::resources::exercises::{Exercise, ExerciseStatus};
use crate::store::fragment::Fragment;
use crate::store::types::{DbDate, DbEnum, DbId, DbTime, sql::Identity, sql::Instant};
use crate::store::{Bind, Conn, MapDbError, Object, ResourceTable};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use diesel::sql_types::{BigInt, Text};
use serde_json::{Value, json};

/// The window, in days: by default, and at most.
const DEFAULT_DAYS: i64 = 365;
const MAX_DAYS: i64 = 5 * 366;
/// Entries of one answer.
const MAX: usize = 5000;

/// What is due on a day: of which kind, in which table and column, and what it is called.
struct Due {
    kind: Kind,
    table: &'static str,
    column: &'static str,
    only: &'static str,
    entry: &'static str,
    words: &'static str,
}

const DUE: &[Due] = &[
    Due { kind: Kind::Plan, table: "plans", column: "review_due", only: "", entry: "plan_review", words: "Review of plan" },
    Due {
        kind: Kind::BusinessProcess,
        table: "business_processes",
        column: "review_due",
        only: " AND t.status <> 'retired'",
        entry: "process_review",
        words: "Review of business process",
    },
    Due {
        kind: Kind::Risk,
        table: "risks",
        column: "review_due",
        only: " AND t.status <> 'closed'",
        entry: "risk_review",
        words: "Review of risk",
    },
    Due {
        kind: Kind::Risk,
        table: "risks",
        column: "accepted_until",
        only: " AND t.status = 'accepted'",
        entry: "acceptance_ends",
        words: "Acceptance runs out:",
    },
    Due {
        kind: Kind::Agreement,
        table: "agreements",
        column: "valid_to",
        only: "",
        entry: "agreement_ends",
        words: "Agreement runs out:",
    },
    Due {
        kind: Kind::Agreement,
        table: "agreements",
        column: "review_due",
        only: "",
        entry: "agreement_review",
        words: "Review of agreement",
    },
];

/// One entry of the calendar.
struct Entry {
    word: &'static str,
    object: Reference,
    title: String,
    when: When,
    status: &'static str,
    changed_at: Timestamp,
    version: i64,
}

async fn entries(conn: &mut Conn<'_>, caller: &RequestContext, from: Date, to: Date) -> Result<Vec<Entry>> {
    let org = caller.organization();
    let mut all = exercises(conn, org, from, to).await?;
    for due in DUE.iter().filter(|due| !caller.visibility().hides(due.kind)) {
        all.extend(dues(conn, org, due, from, to).await?);
    }
    if all.len() > MAX {
        let detail = format!("more than {MAX} entries lie in this time: ask for a shorter one");
        return Err(Error::status(422, "too_many_objects", detail));
    }
    let start = |one: &Entry| match one.when {
        When::At { start, .. } => start.day(),
        When::Day(day) => day.to_string(),
    };
    all.sort_by_cached_key(|one| (start(one), one.object.key.clone(), one.word));
    Ok(all)
}

fn midnight(day: Date) -> Timestamp {
    Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap_or(Timestamp::EPOCH)
}

/// Exercises in the window, and when those that are held again will be.
async fn exercises(conn: &mut Conn<'_>, org: Id, from: Date, to: Date) -> Result<Vec<Entry>> {
    let (from, to) = (midnight(from), midnight(to));
    let statement = Fragment::default()
        .sql("SELECT id FROM exercises WHERE organization_id = ")
        .id(org)
        .sql(" AND status <> 'cancelled' AND scheduled_start < ")
        .bind(Bind::Time(Some(DbTime(to))))
        .sql(" AND (scheduled_end >= ")
        .bind(Bind::Time(Some(DbTime(from))))
        .sql(" OR recurrence IS NOT NULL AND status NOT IN ('completed', 'reported', 'closed')) ORDER BY id LIMIT 5001");
    let ids: Vec<DbId> = on!(conn, |c| statement.rows::<Identity>().load(c)).map_db_error()?;
    let ids: Vec<Id> = ids.into_iter().map(Id::from).collect();
    let mut all = Vec::new();
    for exercise in Exercise::find_all(conn, org, &ids).await? {
        let body = &exercise.body;
        let lasts = body.scheduled_end.micros() - body.scheduled_start.micros();
        let over = matches!(body.status, ExerciseStatus::Completed | ExerciseStatus::Reported | ExerciseStatus::Closed);
        let mut times = Vec::new();
        if body.scheduled_end >= from {
            let status = if matches!(body.status, ExerciseStatus::Planned | ExerciseStatus::Postponed) {
                "TENTATIVE"
            } else {
                "CONFIRMED"
            };
            times.push((body.scheduled_start, status));
        }
        // The end of an exercise plans the next one, which then has the rule.
        if let Some(rule) = body.rule().filter(|_| !over) {
            let later = rule.between(body.scheduled_start.max(from), to, MAX + 1);
            times.extend(later.into_iter().filter(|time| *time > body.scheduled_start).map(|time| (time, "TENTATIVE")));
        }
        all.extend(times.into_iter().filter_map(|(start, status)| {
            let end = Timestamp::from_micros(start.micros() + lasts)?;
            Some(entry(&exercise, When::At { start, end }, status))
        }));
        // The answer is refused, so that there is no need for the rest.
        if all.len() > MAX {
            break;
        }
    }
    Ok(all)
}

fn entry(exercise: &Object<Exercise>, when: When, status: &'static str) -> Entry {
    Entry {
        word: "exercise",
        object: super::schedule::reference_of(exercise),
        title: exercise.meta.name.clone().unwrap_or_default(),
        when,
        status,
        changed_at: exercise.meta.updated_at,
        version: exercise.meta.version,
    }
}

async fn dues(conn: &mut Conn<'_>, org: Id, due: &Due, from: Date, to: Date) -> Result<Vec<Entry>> {
    type Columns = (Identity, Text, Text, BigInt, Instant, Text, Text);
    type Row = (DbId, String, String, i64, DbTime, DbDate, DbEnum<Kind>);
    let Due { table, column, only, .. } = due;
    let statement = Fragment::default()
        .sql(&format!(
            "SELECT o.id, o.key, o.name, o.version, o.updated_at, t.{column}, o.kind FROM {table} t \
             JOIN objects o ON o.organization_id = t.organization_id AND o.id = t.id WHERE t.organization_id = "
        ))
        .id(org)
        .sql(&format!(" AND t.{column} >= "))
        .bind(Bind::Text(Some(from.to_string())))
        .sql(&format!(" AND t.{column} < "))
        .bind(Bind::Text(Some(to.to_string())))
        .sql(&format!("{only} ORDER BY t.{column}, o.id LIMIT 5001"));
    let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
    let entry = |(id, key, name, version, changed, day, kind): Row| Entry {
        word: due.entry,
        title: format!("{} {name}", due.words),
        object: Reference { id: id.0, kind: kind.0, key, name: Some(name) },
        when: When::Day(day.0),
        status: "CONFIRMED",
        changed_at: changed.0,
        version,
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn window(parameters: &[(String, String)], now: Timestamp) -> Result<(Date, Date)> {
    let bad = |name: &str| Error::malformed("invalid_parameter", format!("{name} is a date such as 2026-11-22"));
    let date = |name: &str| parameter(parameters, name).map(|text| Date::parse(text).ok_or_else(|| bad(name))).transpose();
    let from = date("from")?.or_else(|| Date::parse(&now.day())).unwrap_or_default();
    let to = date("to")?.or_else(|| from.after_days(DEFAULT_DAYS)).unwrap_or(from);
    if to <= from || from.after_days(MAX_DAYS).is_some_and(|last| to > last) {
        return Err(Error::malformed("invalid_parameter", "to lies after from, and five years after it at most"));
    }
    Ok((from, to))
}

async fn asked(reader: &Reader<Exercise>, request: &HttpRequest) -> Result<Vec<Entry>> {
    let parameters = headers::parameters(request)?;
    reject_unknown(&parameters, &["from", "to"])?;
    let (from, to) = window(&parameters, reader.caller().now())?;
    let caller = reader.caller().clone();
    reader.scan(async move |conn, _| entries(conn, &caller, from, to).await).await
}

async fn calendar(reader: Reader<Exercise>, request: HttpRequest) -> Result<HttpResponse> {
    let item = |one: Entry| {
        let (starts_at, ends_at, day) = match one.when {
            When::At { start, end } => (Some(start), Some(end), None),
            When::Day(day) => (None, None, Some(day)),
        };
        json!({
            "entry": one.word, "title": one.title, "object": one.object, "starts_at": starts_at, "ends_at": ends_at, "day": day,
            "status": one.status.to_ascii_lowercase(),
        })
    };
    let items: Vec<Value> = asked(&reader, &request).await?.into_iter().map(item).collect();
    Ok(tagged(&request, "application/json", json!({"items": items}).to_string()))
}

async fn feed(reader: Reader<Exercise>, request: HttpRequest) -> Result<HttpResponse> {
    let base = reader.caller().app().config.public_url.clone();
    let event = |one: Entry| {
        let place = match one.when {
            When::At { start, .. } => start.seconds().to_string(),
            When::Day(_) => one.word.to_owned(),
        };
        let path = format!("/api/v1/{}/{}", one.object.kind.collection(), one.object.id);
        Event {
            uid: format!("{}-{place}@holdfast", one.object.id),
            kind: one.word,
            summary: one.title,
            description: Some(format!("{} {}", one.object.kind.as_str(), one.object.key)),
            when: one.when,
            url: base.as_ref().map(|base| format!("{}{path}", base.trim_end_matches('/'))),
            status: one.status,
            changed_at: one.changed_at,
            sequence: one.version - 1,
        }
    };
    let events: Vec<Event> = asked(&reader, &request).await?.into_iter().map(event).collect();
    Ok(tagged(&request, "text/calendar; charset=utf-8", ics("Continuity", &events)))
}

pub fn routes(api: &mut Api) {
    let words = "Exercises (also those that follow by their rule, as tentative), reviews of plans, business processes, risks \
                 and agreements, and acceptances of risks and agreements that run out. What the caller may not read is left out. At most 5,000 entries.";
    let id = "018f6c2e-5a4b-7c3d-8e9f-000000000001";
    let example = json!({"items": [{
        "entry": "exercise", "title": "Loss of the northern storage array",
        "object": {"id": id, "kind": "exercise", "key": "EXE-SAN-2026", "name": "Loss of the northern storage array"},
        "starts_at": "2026-12-01T08:00:00.000000Z", "ends_at": "2026-12-01T16:00:00.000000Z", "day": null, "status": "confirmed"
    }]});
    let operation = |path: &str, id: &str, summary: &str| {
        let day = json!({"type": "string", "format": "date"});
        Operation::new(Method::GET, path, "exercises", id, summary, words)
            .permission("exercises", Action::Read)
            .query("from", day.clone(), "The first day; today when left out.")
            .query("to", day, "The day after the last; a year later when left out, five years at most.")
            .header("If-None-Match", "An ETag; 304 when it still holds.")
            .response(304, "Unchanged.", Value::Null, etag())
            .problems(&[422])
    };
    let schema = json!({"$ref": "#/components/schemas/Calendar"});
    let op = operation("/api/v1/calendar", "get_calendar", "The calendar");
    api.add(op.json(200, "The entries by day.", schema, &example, etag()), calendar);
    let op = operation("/api/v1/calendar.ics", "get_calendar_feed", "The calendar as iCalendar");
    let media = json!({"text/calendar": {"schema": {"type": "string"}, "example": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}});
    api.add(op.response(200, "The entries (RFC 5545).", media, etag()), feed);
}

pub fn schemas() -> Value {
    let time = json!({"type": ["string", "null"], "format": "date-time"});
    let words: Vec<&str> = ["exercise"].into_iter().chain(DUE.iter().map(|due| due.entry)).collect();
    let entry = object(&json!({
        "entry": {"type": "string", "enum": words}, "title": text(300), "object": reference(), "starts_at": time, "ends_at": time,
        "day": {"type": ["string", "null"], "format": "date"}, "status": {"type": "string", "enum": ["tentative", "confirmed"]}
    }));
    json!({"Calendar": object(&json!({"items": list(5000, &entry)}))})
}

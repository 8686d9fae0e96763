//! `GET /reports/risk-situation`: how the risks changed between two moments. Computed from the assessments: a risk stands
//! where the newest assessment by that moment put it. Of the past only what was known then counts, so any past `to` gives
//! what it gave then.
mod fold;

use super::form::{answer, asking, bad, integer, tag, unchanged, wanted};
use crate::collection::params::{parameter, reject_unknown};
use crate::collection::view;
use crate::http::context::{Reader, Reports};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Date, Error, Id, Kind, Result, StringEnum, Timestamp};
use crate::on;
use crate::resources::risk_matrix::{RiskMatrix, store::in_force};
use crate::resources::risks::{Risk, RiskStatus};
use crate::store::fragment::Fragment;
use crate::store::types::{DbId, DbTime, sql::Identity, sql::Instant};
use crate::store::{Bind, Conn, MapDbError, ReadPoint, Snapshot, audit, ledger, past};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use diesel::sql_types::{BigInt, Text};
use fold::{Assessed, Period, RiskAtDate, Situation};
use serde_json::{Value, json};
use std::collections::HashMap;

const CSV: &str = "text/csv";

/// A moment, or the first moment of a day.
fn time(parameters: &[(String, String)], name: &str) -> Result<Option<Timestamp>> {
    let Some(text) = parameter(parameters, name) else { return Ok(None) };
    let day = Date::parse(text).and_then(|day| Timestamp::parse(&format!("{day}T00:00:00Z")));
    let time = day.or_else(|| Timestamp::parse(text));
    time.map(Some).ok_or_else(|| bad(name, "an RFC 3339 time, or a date like 2026-11-22, which is its first moment in UTC"))
}

/// The handler.
pub async fn risk_situation(reader: Reader<Reports>, request: HttpRequest) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["from", "to"])?;
    let from = time(&parameters, "from")?.ok_or_else(|| bad("from", "the beginning of the period is wanted"))?;
    let to = time(&parameters, "to")?;
    if to.unwrap_or(reader.caller().now()) < from {
        return Err(bad("to", "a period does not end before it begins"));
    }
    let media_type = wanted(&request, &["application/json", CSV]);
    let tag = tag(&reader, media_type).await?;
    if let Some(answer) = unchanged(&request, &tag) {
        return Ok(answer);
    }
    let period = Period { from, to: to.unwrap_or(reader.caller().now()) };
    let caller = asking(&reader);
    let csv = media_type == CSV;
    let body = reader.scan(async move |conn, _| report(conn, &caller.snapshot(), period, csv).await).await?;
    Ok(answer(StatusCode::OK, &tag)
        .content_type(if csv { "text/csv; charset=utf-8; header=present" } else { media_type })
        .body(body))
}

async fn report(conn: &mut Conn<'_>, snapshot: &Snapshot, period: Period, csv: bool) -> Result<Vec<u8>> {
    let org = snapshot.organization;
    let (from, to) = (ledger::seq_at(conn, org, period.from).await?, ledger::seq_at(conn, org, period.to).await?);
    let situation = Situation::new(period, stood(conn, org, period, from, to).await?, assessed(conn, org, period.to).await?);
    let hidden = snapshot.visibility.hides(Kind::Risk);
    if csv {
        let names = names(conn, org, to).await?;
        return table(&situation, hidden, &names);
    }
    let mut ends = Vec::with_capacity(2);
    for seq in [from, to] {
        ends.push(in_force(conn, &Snapshot { place: ReadPoint::Past(seq), ..snapshot.clone() }).await?);
    }
    let mut told = situation.render(&ends[0], &ends[1], to);
    if hidden {
        told.keep_counts();
    }
    serde_json::to_vec(&told).map_err(Error::internal)
}

/// The risks that were there at one of the two moments, by id.
async fn stood(conn: &mut Conn<'_>, org: Id, period: Period, from: i64, to: i64) -> Result<Vec<RiskAtDate>> {
    let statement = Fragment::default()
        .sql("SELECT id, recorded_at, status, status_changed_at FROM risks WHERE organization_id = ")
        .id(org)
        .sql(" AND recorded_at <= ")
        .bind(Bind::Time(Some(DbTime(period.to))));
    let rows: Vec<(DbId, DbTime, String, DbTime)> =
        on!(conn, |c| statement.rows::<(Identity, Instant, Text, Instant)>().load(c)).map_db_error()?;
    let mut all: Vec<RiskAtDate> = rows
        .into_iter()
        .map(|(id, recorded, status, changed)| RiskAtDate {
            id: id.0,
            recorded: recorded.0,
            closed: (status == "closed").then_some(changed.0),
            deleted: false,
        })
        .collect();
    // A risk that was deleted since was never assessed: assessments keep what they rate.
    let gone = ledger::deleted_after(conn, org, Kind::Risk, from).await?;
    let ids: Vec<Id> = gone.iter().map(|(id, _)| *id).collect();
    let born = ledger::created_at(conn, org, &ids).await?;
    let closed = closed_before_deletion(conn, org, &ids).await?;
    for (id, seq) in gone {
        if let Some(recorded) = born.get(&id).filter(|at| **at <= period.to) {
            all.push(RiskAtDate { id, recorded: *recorded, closed: closed.get(&id).copied(), deleted: seq <= to });
        }
    }
    all.sort_unstable_by_key(|one| one.id);
    Ok(all)
}

/// When risks that were deleted since had been closed, those that had: nothing is reopened by being deleted.
async fn closed_before_deletion(conn: &mut Conn<'_>, org: Id, ids: &[Id]) -> Result<HashMap<Id, Timestamp>> {
    let mut closed = HashMap::new();
    for entry in past::entries_of_until(conn, org, ids, i64::MAX).await? {
        let Some(body) = &entry.body else { continue };
        let risk = audit::from_record_of::<Risk>(body)?.body;
        if risk.status == RiskStatus::Closed {
            closed.entry(entry.object_id.0).or_insert(risk.status_changed_at);
        }
    }
    Ok(closed)
}

/// What had been assessed and recorded by a moment, in the order of the risks and of time.
async fn assessed(conn: &mut Conn<'_>, org: Id, to: Timestamp) -> Result<Vec<Assessed>> {
    type Columns = (Identity, Instant, BigInt, BigInt);
    type Row = (DbId, DbTime, i64, i64);
    let statement = Fragment::default()
        .sql("SELECT risk_id, assessed_at, likelihood, impact FROM risk_assessments WHERE organization_id = ")
        .id(org)
        .sql(" AND recorded_at <= ")
        .bind(Bind::Time(Some(DbTime(to))))
        .sql(" ORDER BY risk_id, assessed_at, id");
    let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
    let one = |(risk, at, likelihood, impact): Row| Assessed { risk: risk.0, at: at.0, likelihood, impact };
    Ok(rows.into_iter().map(one).collect())
}

/// Key and title of every risk; of those deleted since as they were.
async fn names(conn: &mut Conn<'_>, org: Id, to: i64) -> Result<HashMap<Id, (String, String)>> {
    let statement =
        Fragment::default().sql("SELECT id, key, name FROM objects WHERE kind = 'risk' AND organization_id = ").id(org);
    let rows: Vec<(DbId, String, String)> = on!(conn, |c| statement.rows::<(Identity, Text, Text)>().load(c)).map_db_error()?;
    let mut all: HashMap<Id, (String, String)> = rows.into_iter().map(|(id, key, name)| (id.0, (key, name))).collect();
    let gone: Vec<Id> = ledger::deleted_after(conn, org, Kind::Risk, 0).await?.into_iter().map(|(id, _)| id).collect();
    let gone = crate::store::resolve::past_references(conn, org, to, &gone.into_iter().collect()).await?;
    all.extend(gone.into_iter().map(|(id, known)| (id, (known.key, known.name.unwrap_or_default()))));
    Ok(all)
}

fn table(situation: &Situation, hidden: bool, names: &HashMap<Id, (String, String)>) -> Result<Vec<u8>> {
    let columns = [
        "id",
        "key",
        "title",
        "change",
        "from_likelihood",
        "from_impact",
        "from_score",
        "to_likelihood",
        "to_impact",
        "to_score",
    ];
    let columns = columns.map(str::to_owned);
    let rating = |row: &mut Value, end: &str, rating: Option<crate::resources::risk_matrix::Rating>| {
        if let Some(rating) = rating {
            row[format!("{end}_likelihood")] = rating.likelihood.into();
            row[format!("{end}_impact")] = rating.impact.into();
            row[format!("{end}_score")] = rating.score().into();
        }
    };
    let rows = situation.rows().filter(|_| !hidden).map(|(id, change, from, to)| {
        let (key, title) = names.get(&id).cloned().unwrap_or_default();
        let mut row = json!({"id": id, "key": key, "title": title, "change": change.as_str()});
        rating(&mut row, "from", from);
        rating(&mut row, "to", to);
        row
    });
    view::csv(&columns, &rows.collect::<Vec<_>>())
}

pub fn schemas() -> Value {
    let rating = json!({
        "type": ["object", "null"], "required": ["likelihood", "impact", "score"],
        "properties": {"likelihood": integer(), "impact": integer(), "score": integer()}
    });
    let id = json!({"type": "string", "format": "uuid"});
    let one = json!({"type": "object", "required": ["id", "from", "to"], "properties": {"id": id, "from": rating, "to": rating}});
    let list = |words: &str| json!({"type": "array", "maxItems": 1_000_000, "description": words, "items": one});
    let ids = |words: &str| json!({"type": "array", "maxItems": 1_000_000, "description": words, "items": id});
    let count = integer();
    let classes: serde_json::Map<String, Value> =
        crate::resources::risk_matrix::RiskClass::ALL.iter().map(|class| (class.as_str().into(), count.clone())).collect();
    let row = json!({"type": "array", "maxItems": 7, "items": count});
    let end = json!({
        "type": "object", "required": ["at", "risks", "unrated", "matrix", "classes"],
        "properties": {
            "at": {"type": "string", "format": "date-time"},
            "risks": {"type": "integer", "format": "int64", "description": "Risks there and not closed."},
            "unrated": {"type": "integer", "format": "int64", "description": "Of these, without an assessment."},
            "matrix": {"type": "array", "maxItems": 7, "items": row, "description": "How many lie in each cell: a row for each likelihood, a column for each impact, the lowest first."},
            "classes": {"type": "object", "properties": classes, "description": "How many in each class of the matrix in force then."}
        }
    });
    let names = ["seq", "from", "to", "counts", "new", "closed", "deleted", "newly_rated", "raised", "lowered", "unchanged"];
    json!({"RiskSituation": {
        "type": "object", "required": names,
        "properties": {
            "seq": {"type": "integer", "format": "int64", "description": "The ledger's newest entry at the end."},
            "from": end, "to": end,
            "counts": {"type": "object", "additionalProperties": count},
            "new": list("There at the end and not at the beginning."),
            "closed": list("Closed in between."),
            "deleted": ids("Deleted in between."),
            "newly_rated": list("Rated for the first time."),
            "raised": list("With a higher score (likelihood times impact)."),
            "lowered": list("With a lower score."),
            "unchanged": ids("With the same score, or still unrated.")
        }
    }})
}

pub fn routes(api: &mut Api) {
    let words = "New, closed, raised, lowered and unchanged risks between two moments, and the matrix at both ends. A past `to` \
                 gives what it gave then. As CSV one row a risk.";
    let path = "/api/v1/reports/risk-situation";
    let matrix = RiskMatrix::default();
    let empty = Situation::new(Period { from: Timestamp::EPOCH, to: Timestamp::EPOCH }, Vec::new(), Vec::new());
    let example = serde_json::to_value(empty.render(&matrix, &matrix, 8123)).unwrap_or_default();
    let operation = Operation::new(Method::GET, path, "reports", "report_risk_situation", "Change of the risk situation", words)
        .permission("reports", Action::Read)
        .header("If-None-Match", "An ETag; 304 while the ledger has not moved.")
        .parameter(json!({
            "name": "from", "in": "query", "required": true, "schema": {"type": "string", "maxLength": 40},
            "description": "The beginning: an RFC 3339 time, or a date, which is its first moment in UTC."
        }))
        .query("to", json!({"type": "string", "maxLength": 40}), "The end, likewise; now when left out.")
        .json(200, "The report.", json!({"$ref": "#/components/schemas/RiskSituation"}), &example, crate::collection::doc::etag())
        .also(200, CSV, "id,key,title,change\n")
        .response(304, "Unchanged.", Value::Null, crate::collection::doc::etag());
    api.add(operation, risk_situation);
}

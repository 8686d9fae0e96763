//! `GET /reports/measures`: how the counter-measures stand, and what those wait for that do not get on.
mod stand;

use super::form::{answer, asking, bad, integer, moment, tag, unchanged, wanted};
use crate::collection::doc::etag;
use crate::collection::params::{parameter, reject_unknown};
use crate::collection::{as_of, view};
use crate::http::context::{Reader, Reports};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Id, Kind, Link, Result, StringEnum};
use crate::on;
use crate::resources::change_requests::{ChangeRequest, ChangeStatus};
use crate::resources::measure_tasks::{MeasureTask, TaskStatus};
use crate::resources::measures::{Implementer, Measure, MeasureStatus, Nature};
use crate::resources::risk_matrix::{RiskClass, store::in_force};
use crate::resources::risks::Risk;
use crate::store::fragment::Fragment;
use crate::store::types::{DbDate, DbEnum, DbId, sql::Identity};
use crate::store::{Conn, MapDbError, Object, Snapshot, ledger};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use diesel::sql_types::{BigInt, Nullable, Text};
use serde_json::{Value, json};
use stand::{Input, MeasuresStatus, Treated, report};
use std::collections::HashMap;

const CSV: &str = "text/csv";
/// Measures listed by default and at most; the counts hold for all.
const DEFAULT: usize = 500;
const MAX: usize = 10_000;

/// The handler.
pub async fn measures(reader: Reader<Reports>, request: HttpRequest) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["limit", "as_of"])?;
    let limit = match parameter(&parameters, "limit").map(str::parse::<usize>) {
        None => DEFAULT,
        Some(Ok(limit)) if (1..=MAX).contains(&limit) => limit,
        Some(_) => return Err(bad("limit", "an integer from 1 to 10000")),
    };
    let moment = moment(&parameters)?;
    let media_type = wanted(&request, &["application/json", CSV]);
    let tag = tag(&reader, media_type).await?;
    if let Some(answer) = unchanged(&request, &tag) {
        return Ok(answer);
    }
    let caller = asking(&reader);
    let stand = reader.scan(async move |conn, _| {
        let (snapshot, seq, input) = match moment {
            None => {
                let snapshot = caller.snapshot();
                let seq = ledger::head(conn, snapshot.organization).await?.map_or(0, |head| head.seq);
                let input = now(conn, snapshot.organization).await?;
                (snapshot, seq, input)
            }
            Some(moment) => {
                let (snapshot, seq) = moment.snapshot(conn, &caller.snapshot()).await?;
                let input = then(conn, &snapshot, seq).await?;
                (snapshot, seq, input)
            }
        };
        // The counts name nobody.
        let limit = if snapshot.visibility.hides(Kind::Measure) { 0 } else { limit };
        Ok(report(input, snapshot.now, seq, limit))
    });
    let stand = stand.await?;
    if media_type == CSV {
        let answer = answer(StatusCode::OK, &tag).content_type("text/csv; charset=utf-8; header=present").body(table(&stand)?);
        return Ok(answer);
    }
    Ok(answer(StatusCode::OK, &tag).json(stand))
}

fn table(stand: &MeasuresStatus) -> Result<Vec<u8>> {
    let columns = ["id", "key", "title", "status", "nature", "implementer", "due_on", "overdue", "worst_class", "blocked_on"];
    let columns = columns.map(str::to_owned);
    let mut rows = Vec::with_capacity(stand.items.len());
    for item in &stand.items {
        let mut row = serde_json::to_value(item).map_err(Error::internal)?;
        let reasons: Vec<&str> = item.blocked_on.iter().map(|reason| reason.code).collect();
        row["blocked_on"] = reasons.join(" ").into();
        rows.push(row);
    }
    view::csv(&columns, &rows)
}

/// All the report reads of the present, in five statements.
async fn now(conn: &mut Conn<'_>, org: Id) -> Result<Input> {
    type Columns = (Identity, Text, Text, Text, Text, Text, Nullable<Text>);
    type Row = (DbId, String, String, DbEnum<MeasureStatus>, DbEnum<Nature>, DbEnum<Implementer>, Option<DbDate>);
    let statement = Fragment::default()
        .sql(
            "SELECT m.id, o.key, o.name, m.status, m.nature, m.implementer, m.due_on FROM measures m \
             JOIN objects o ON o.organization_id = m.organization_id AND o.id = m.id WHERE m.organization_id = ",
        )
        .id(org);
    let rows: Vec<Row> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
    let mut input = Input::default();
    for (id, key, title, status, nature, implementer, due_on) in rows {
        let due_on = due_on.map(|date| date.0);
        let (status, nature, implementer) = (status.0, nature.0, implementer.0);
        input.measures.insert(id.0, Treated { key, title, status, nature, implementer, due_on, ..Treated::default() });
    }
    let statement = Fragment::default()
        .sql(
            "SELECT l.owner_id, r.class FROM measures m \
             JOIN links l ON l.organization_id = m.organization_id AND l.owner_id = m.id AND l.field = 'risks' \
             JOIN risks r ON r.organization_id = l.organization_id AND r.id = l.target_id AND r.class IS NOT NULL \
             WHERE m.organization_id = ",
        )
        .id(org);
    let rows: Vec<(DbId, DbEnum<RiskClass>)> = on!(conn, |c| statement.rows::<(Identity, Text)>().load(c)).map_db_error()?;
    rows.into_iter().for_each(|(id, class)| input.treats(id.0, class.0));
    let statement = Fragment::default()
        .sql(
            "SELECT l.target_id, c.status FROM change_requests c \
             JOIN links l ON l.organization_id = c.organization_id AND l.owner_id = c.id AND l.field = 'measures' \
             WHERE c.organization_id = ",
        )
        .id(org);
    let rows: Vec<(DbId, DbEnum<ChangeStatus>)> = on!(conn, |c| statement.rows::<(Identity, Text)>().load(c)).map_db_error()?;
    rows.into_iter().for_each(|(id, status)| input.carried(id.0, status.0));
    let statement = Fragment::default()
        .sql(
            "SELECT measure_id, count(*), count(CASE WHEN assignee_id IS NOT NULL AND due_on IS NOT NULL THEN 1 END), \
             count(CASE WHEN status <> 'done' THEN 1 END) FROM measure_tasks WHERE status <> 'cancelled' AND organization_id = ",
        )
        .id(org)
        .sql(" GROUP BY measure_id");
    let rows: Vec<(DbId, i64, i64, i64)> =
        on!(conn, |c| statement.rows::<(Identity, BigInt, BigInt, BigInt)>().load(c)).map_db_error()?;
    for (id, tasks, assigned, open) in rows {
        let number = |count: i64| usize::try_from(count).unwrap_or_default();
        input.tasks(id.0, number(tasks), number(assigned), number(open));
    }
    Ok(input)
}

/// The same of the past.
async fn then(conn: &mut Conn<'_>, snapshot: &Snapshot, seq: i64) -> Result<Input> {
    let mut input = Input::default();
    for Object { meta, body, .. } in as_of::all_as_of_typed::<Measure>(conn, snapshot, seq).await? {
        let Measure { status, nature, implementer, due_on, .. } = body;
        let (key, title) = (meta.key, meta.name.unwrap_or_default());
        input.measures.insert(meta.id, Treated { key, title, status, nature, implementer, due_on, ..Treated::default() });
        input.links.extend(body.risks.iter().filter_map(Link::id).map(|risk| (meta.id, risk)));
    }
    let matrix = in_force(conn, snapshot).await?;
    let risks = as_of::all_as_of_typed::<Risk>(conn, snapshot, seq).await?;
    let class = |risk: &Object<Risk>| Some((risk.meta.id, matrix.class(risk.body.current?)?));
    let classes: HashMap<Id, RiskClass> = risks.iter().filter_map(class).collect();
    for (measure, risk) in std::mem::take(&mut input.links) {
        classes.get(&risk).into_iter().for_each(|class| input.treats(measure, *class));
    }
    for change in as_of::all_as_of_typed::<ChangeRequest>(conn, snapshot, seq).await? {
        change.body.measures.iter().filter_map(Link::id).for_each(|measure| input.carried(measure, change.body.status));
    }
    for task in as_of::all_as_of_typed::<MeasureTask>(conn, snapshot, seq).await? {
        let MeasureTask { measure, assignee, due_on, status, .. } = &task.body;
        if let (Some(measure), true) = (measure.id(), *status != TaskStatus::Cancelled) {
            let assigned = usize::from(assignee.is_some() && due_on.is_some());
            input.tasks(measure, 1, assigned, usize::from(task.body.is_open()));
        }
    }
    Ok(input)
}

pub fn schemas() -> Value {
    let words = |all: Vec<&str>| json!({"type": "string", "enum": all});
    let text = |most: u32| json!({"type": "string", "maxLength": most});
    let reason =
        json!({"type": "object", "required": ["code", "detail"], "properties": {"code": text(64), "detail": text(1000)}});
    let statuses: Vec<&str> = MeasureStatus::ALL.iter().map(|word| word.as_str()).collect();
    let natures: Vec<&str> = Nature::ALL.iter().map(|word| word.as_str()).collect();
    let implementers: Vec<&str> = Implementer::ALL.iter().map(|word| word.as_str()).collect();
    let counts = |words: &str| json!({"type": "object", "additionalProperties": integer(), "description": words});
    let names = ["id", "key", "title", "status", "nature", "implementer", "due_on", "overdue", "worst_class", "blocked_on"];
    let item = json!({
        "type": "object", "required": names,
        "properties": {
            "id": {"type": "string", "format": "uuid"}, "key": text(64), "title": text(200), "status": words(statuses),
            "nature": words(natures), "implementer": words(implementers), "due_on": {"type": ["string", "null"], "format": "date"},
            "overdue": {"type": "boolean"},
            "worst_class": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/RiskClass"}], "description": "Of the risks it treats."},
            "blocked_on": {"type": "array", "maxItems": 10, "items": reason, "description": "What is missing for the next step."}
        }
    });
    let names = ["seq", "at", "total", "overdue", "blocked", "by_status", "by_nature", "by_class", "items"];
    json!({"MeasuresReport": {
        "type": "object", "required": names,
        "properties": {
            "seq": integer(), "at": {"type": "string", "format": "date-time"}, "total": integer(),
            "overdue": integer(), "blocked": integer(), "by_status": counts("All measures by status."),
            "by_nature": counts("All measures by nature."),
            "by_class": counts("All measures by the class of the worst risk they treat; `none` treats no rated risk."),
            "items": {"type": "array", "maxItems": MAX, "items": item, "description": "The gravest first, and of these the overdue ones."}
        }
    }})
}

pub fn routes(api: &mut Api) {
    let words = "The counter-measures by status, nature and class of the worst risk they treat; which are overdue; which do not get \
                 on, and what is missing. The counts hold for all measures, `items` for the gravest. As CSV one row a measure.";
    let example = report(Input::default(), crate::model::Timestamp::EPOCH, 8123, DEFAULT);
    let example = serde_json::to_value(example).unwrap_or_default();
    let path = "/api/v1/reports/measures";
    let operation = Operation::new(Method::GET, path, "reports", "report_measures", "Status of counter-measures", words)
        .permission("reports", Action::Read)
        .header("If-None-Match", "An ETag; 304 while the ledger has not moved.")
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": MAX, "default": DEFAULT}), "Measures listed.")
        .query("as_of", json!({"type": "string", "maxLength": 40}), "As it was: an RFC 3339 time or a seq of the ledger.")
        .json(200, "The report.", json!({"$ref": "#/components/schemas/MeasuresReport"}), &example, etag())
        .also(200, CSV, "id,key,title,status,nature\n")
        .response(304, "Unchanged.", Value::Null, etag());
    api.add(operation, measures);
}

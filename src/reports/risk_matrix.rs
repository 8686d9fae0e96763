//! `GET /reports/risk-matrix`: how many open risks lie in each cell of the matrix, as JSON and as a picture.
use super::cell_drawing::draw;
use super::{
    counted::{Cell, Counted, Which},
    form::{answer, asking, integer, moment, tag, unchanged, wanted},
};
use crate::collection::as_of;
use crate::collection::doc::etag;
use crate::collection::params::{bad_parameters, parameter, reject_unknown};
use crate::http::context::{Reader, Reports};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Faults, Result, StringEnum, Timestamp};
use crate::on;
use crate::resources::risk_matrix::{Rating, RiskClass, RiskMatrix, store::in_force};
use crate::resources::risks::{Risk, RiskStatus};
use crate::store::fragment::Fragment;
use crate::store::{Conn, MapDbError, Snapshot, ledger};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use diesel::sql_types::{BigInt, Nullable};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SVG: &str = "image/svg+xml";

/// The handler.
pub async fn risk_matrix(reader: Reader<Reports>, request: HttpRequest) -> Result<HttpResponse> {
    let parameters = headers::parameters(&request)?;
    reject_unknown(&parameters, &["rating", "as_of", "format"])?;
    let mut faults = Faults::default();
    let mut word = |name: &'static str, words: &str| faults.add(name, "not_allowed", format!("{name} is {words}"));
    let which = match parameter(&parameters, "rating").map(Which::from_word) {
        None => Which::Current,
        Some(Some(which)) => which,
        Some(None) => {
            word("rating", "current, inherent or target");
            Which::Current
        }
    };
    let media_type = match parameter(&parameters, "format") {
        None => wanted(&request, &["application/json", SVG]),
        Some("json") => "application/json",
        Some("svg") => SVG,
        Some(_) => {
            word("format", "json or svg");
            SVG
        }
    };
    bad_parameters(faults)?;
    let moment = moment(&parameters)?;
    let tag = tag(&reader, media_type).await?;
    if let Some(answer) = unchanged(&request, &tag) {
        return Ok(answer);
    }
    let caller = asking(&reader);
    let counted = reader.scan(async move |conn, _| match moment {
        None => {
            let snapshot = caller.snapshot();
            let seq = ledger::head(conn, snapshot.organization).await?.map_or(0, |head| head.seq);
            let ratings = now(conn, &snapshot, which).await?;
            counted(conn, &snapshot, seq, which, ratings).await
        }
        Some(moment) => {
            let (snapshot, seq) = moment.snapshot(conn, &caller.snapshot()).await?;
            let ratings =
                then(as_of::all_as_of_typed::<Risk>(conn, &snapshot, seq).await?.into_iter().map(|risk| risk.body), which);
            counted(conn, &snapshot, seq, which, ratings).await
        }
    });
    let counted = counted.await?;
    let mut answer = answer(StatusCode::OK, &tag);
    if media_type == SVG {
        return Ok(answer
            .content_type(SVG)
            .insert_header(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"))
            .body(draw(&counted)));
    }
    Ok(answer.json(counted))
}

type Ratings = Vec<(Option<Rating>, i64)>;

async fn now(conn: &mut Conn<'_>, snapshot: &Snapshot, which: Which) -> Result<Ratings> {
    let (likelihood, impact) = (format!("{}_likelihood", which.as_str()), format!("{}_impact", which.as_str()));
    let statement = Fragment::default()
        .sql(&format!("SELECT {likelihood}, {impact}, count(*) FROM risks WHERE status <> 'closed' AND organization_id = "))
        .id(snapshot.organization)
        .sql(&format!(" GROUP BY {likelihood}, {impact}"));
    let rows: Vec<(Option<i64>, Option<i64>, i64)> =
        on!(conn, |c| statement.rows::<(Nullable<BigInt>, Nullable<BigInt>, BigInt)>().load(c)).map_db_error()?;
    Ok(rows.into_iter().map(|(likelihood, impact, count)| (Rating::of(likelihood, impact), count)).collect())
}

fn then(risks: impl Iterator<Item = Risk>, which: Which) -> Ratings {
    let open = risks.filter(|risk| risk.status != RiskStatus::Closed);
    let rating = |risk: Risk| match which {
        Which::Current => risk.current,
        Which::Inherent => risk.inherent,
        Which::Target => risk.target,
    };
    open.map(|risk| (rating(risk), 1)).collect()
}

async fn counted(conn: &mut Conn<'_>, snapshot: &Snapshot, seq: i64, rating: Which, ratings: Ratings) -> Result<Counted> {
    Ok(count(in_force(conn, snapshot).await?, seq, snapshot.now, rating, &ratings))
}

fn count(matrix: RiskMatrix, seq: i64, at: Timestamp, which: Which, ratings: &Ratings) -> Counted {
    let sum = |wanted: Option<Rating>| ratings.iter().filter(|(own, _)| *own == wanted).map(|(_, count)| count).sum();
    let mut classes: BTreeMap<&'static str, i64> = RiskClass::ALL.iter().map(|class| (class.as_str(), 0)).collect();
    let mut cells = Vec::new();
    for (likelihood, row) in (1..).zip(&matrix.classes) {
        for (impact, class) in (1..).zip(&row.0) {
            let rating = Rating { likelihood, impact };
            let (count, name): (i64, _) = (sum(Some(rating)), which.as_str());
            *classes.entry(class.as_str()).or_default() += count;
            let href = format!("/api/v1/risks?{name}.likelihood={likelihood}&{name}.impact={impact}&status%5Bne%5D=closed");
            cells.push(Cell { rating, class: *class, count, href });
        }
    }
    let total = ratings.iter().map(|(_, count)| count).sum();
    Counted { seq, at, rating: which, matrix, cells, unrated: sum(None), total, classes }
}

pub fn schemas() -> Value {
    let class = json!({"$ref": "#/components/schemas/RiskClass"});
    let level = json!({"type": "string", "maxLength": 60});
    let cell = json!({
        "type": "object", "required": ["likelihood", "impact", "class", "count", "href"],
        "properties": {
            "likelihood": integer(), "impact": integer(), "class": class, "count": integer(),
            "href": {"type": "string", "maxLength": 200, "description": "Where the risks of the cell are listed."}
        }
    });
    json!({"RiskMatrixReport": {
        "type": "object",
        "required": ["seq", "at", "rating", "likelihood_levels", "impact_levels", "classes", "appetite", "cells", "unrated", "total"],
        "properties": {
            "seq": integer(), "at": {"type": "string", "format": "date-time"},
            "rating": {"type": "string", "enum": Which::ALL.iter().map(|which| which.as_str()).collect::<Vec<_>>()},
            "likelihood_levels": {"type": "array", "maxItems": 7, "items": level},
            "impact_levels": {"type": "array", "maxItems": 7, "items": level},
            "appetite": class,
            "cells": {"type": "array", "maxItems": 49, "items": cell},
            "unrated": integer(), "total": integer(),
            "classes": {"type": "object", "additionalProperties": integer(), "description": "How many in each class."}
        }
    }})
}

pub fn routes(api: &mut Api) {
    let words = "How many open risks lie in each cell of the matrix, with links to their lists. As SVG a picture for portals.";
    let path = "/api/v1/reports/risk-matrix";
    let example =
        count(RiskMatrix::default(), 8123, Timestamp::from_seconds(1_795_330_800).unwrap_or_default(), Which::Current, &vec![]);
    let example = serde_json::to_value(example).map_err(Error::internal).unwrap_or_default();
    let operation = Operation::new(Method::GET, path, "reports", "report_risk_matrix", "Risk matrix", words)
        .permission("reports", Action::Read)
        .header("If-None-Match", "An ETag; 304 while the ledger has not moved.")
        .query(
            "rating",
            json!({"type": "string", "enum": ["current", "inherent", "target"], "default": "current"}),
            "Which rating is counted.",
        )
        .query("format", json!({"type": "string", "enum": ["json", "svg"]}), "Instead of `Accept`, for links in pages.")
        .query("as_of", json!({"type": "string", "maxLength": 40}), "As it was: an RFC 3339 time or a seq of the ledger.")
        .json(200, "The report.", json!({"$ref": "#/components/schemas/RiskMatrixReport"}), &example, etag())
        .also(200, SVG, "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")
        .response(304, "Unchanged.", Value::Null, etag());
    api.add(operation, risk_matrix);
}

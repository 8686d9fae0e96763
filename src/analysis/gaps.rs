//! `GET /gaps`: what is missing for continuity, by rules that are one file each.
pub mod answer;
pub mod facts;
pub mod found;
pub mod rules;

use super::form::tagged;
use super::question::{GraphView, QuestionRef};
use crate::collection::as_of::AsOf;
use crate::collection::doc::{etag, schema_ref};
use crate::collection::params::{as_of, bad_parameters, parameter, reject_unknown};
use crate::http::context::{Analyses, Reader};
use crate::http::headers;
use crate::http::routes::{Api, Operation};
use crate::model::{Action, Error, Faults, Id, Kind, Link, Result, StringEnum};
use crate::store::Conn;
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use answer::{FoundGap, GapCursor, GapList, details};
use facts::Facts;
use found::GapSeverity;
use rules::RULES;
use serde_json::json;

/// Gaps of a page by default, and at most.
const DEFAULT: usize = 100;
const MAX: usize = 500;
/// The kinds that can lack something.
const KINDS: &[Kind] = &[
    Kind::BusinessProcess,
    Kind::Service,
    Kind::Component,
    Kind::Site,
    Kind::Supplier,
    Kind::Agreement,
    Kind::Plan,
    Kind::Risk,
    Kind::Measure,
    Kind::Finding,
];

/// Which gaps are wanted.
struct Wanted {
    /// Empty: of any code, severity, kind.
    codes: Vec<&'static str>,
    severities: Vec<GapSeverity>,
    kinds: Vec<Kind>,
    item: Option<Link>,
    limit: usize,
    after: Option<GapCursor>,
    moment: Option<AsOf>,
}

impl Wanted {
    fn of(parameters: &[(String, String)]) -> Result<Wanted> {
        reject_unknown(parameters, &["code", "severity", "item", "kind", "limit", "cursor", "as_of"])?;
        let mut faults = Faults::default();
        let code = |text: &str| RULES.iter().find(|rule| rule.code == text).map(|rule| rule.code);
        let kind = |text: &str| Kind::from_word(text).filter(|kind| KINDS.contains(kind));
        let limit = match parameter(parameters, "limit").map(str::parse::<usize>) {
            None => DEFAULT,
            Some(Ok(limit)) if (1..=MAX).contains(&limit) => limit,
            Some(_) => {
                faults.add("limit", "out_of_range", format!("an integer from 1 to {MAX}"));
                DEFAULT
            }
        };
        let after = parameter(parameters, "cursor").map(|text| GapCursor::decode(text).ok_or(text)).transpose();
        let after = after.unwrap_or_else(|_| {
            faults.add("cursor", "bad_format", "it is not one of this list");
            None
        });
        let wanted = Wanted {
            codes: each(parameters, "code", &mut faults, code),
            severities: each(parameters, "severity", &mut faults, GapSeverity::from_word),
            kinds: each(parameters, "kind", &mut faults, kind),
            item: parameter(parameters, "item").map(|text| Link::Unresolved { text: text.to_owned(), kind: None }),
            limit,
            after,
            moment: as_of(parameters)?,
        };
        bad_parameters(faults)?;
        Ok(wanted)
    }

    fn holds(&self, gap: &FoundGap, item: Option<Id>) -> bool {
        (self.codes.is_empty() || self.codes.contains(&gap.code))
            && (self.severities.is_empty() || self.severities.contains(&gap.found.severity))
            && (self.kinds.is_empty() || self.kinds.contains(&gap.found.item.kind))
            && item.is_none_or(|item| gap.found.item.id == item)
    }
}

/// The words of a parameter, separated by commas.
fn each<T>(parameters: &[(String, String)], name: &str, faults: &mut Faults, word: impl Fn(&str) -> Option<T>) -> Vec<T> {
    let mut all = Vec::new();
    for text in parameter(parameters, name).into_iter().flat_map(|text| text.split(',')) {
        match word(text) {
            Some(word) => all.push(word),
            None => faults.add(name, "not_allowed", format!("{text:?} is none of those there are")),
        }
    }
    all
}

async fn gaps(reader: Reader<Analyses>, request: HttpRequest) -> Result<HttpResponse> {
    let wanted = Wanted::of(&headers::parameters(&request)?)?;
    let caller = reader.caller().clone();
    let text = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), wanted.moment).await?;
            serde_json::to_string(&list(conn, &view, &wanted).await?).map_err(Error::internal)
        })
        .await?;
    Ok(tagged(&request, "application/json", text))
}

async fn list(conn: &mut Conn<'_>, view: &GraphView, wanted: &Wanted) -> Result<GapList> {
    let item = match &wanted.item {
        None => None,
        Some(link) => {
            let mut faults = Faults::default();
            let asked = [QuestionRef { pointer: "item".into(), link, kinds: KINDS }];
            let found = view.resolve(conn, &asked, &mut faults).await?;
            faults.into_result()?;
            found.into_iter().flatten().next()
        }
    };
    let facts = Facts::of(conn, view).await?;
    let mut all = answer::find(&facts);
    all.retain(|gap| wanted.holds(gap, item) && !view.snapshot.visibility.hides(gap.found.item.kind));
    let totals = answer::totals(&all);
    if let Some(after) = &wanted.after {
        all.retain(|gap| gap.cursor() > *after);
    }
    let more = all.len() > wanted.limit;
    all.truncate(wanted.limit);
    let next_cursor = all.last().filter(|_| more).map(|last| last.cursor().encode());
    let items = details(conn, view, &facts, all).await?;
    Ok(GapList { items, totals, next_cursor, seq: view.seq })
}

pub fn routes(api: &mut Api) {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    let words = format!(
        "What is missing for continuity, each with why and with what closes it. The id of a gap stays the same as long as it is \
         there. The gravest come first, then by code and by the key of the item; `totals` count all that match. The codes: {}.",
        codes.join(", ")
    );
    let item = json!({"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "service", "key": "SHOP", "name": "Web shop"});
    let example = json!({
        "items": [{
            "id": "9f2c4e1a7b3d5f60", "code": "plan_missing", "severity": "critical", "item": item,
            "explanation": "The service supports a vital business function, and no plan in force brings it back.",
            "remedy": "Write a continuity plan that covers the service, and activate it.", "due": null, "details": []
        }],
        "totals": {"all": 1, "critical": 1, "major": 0, "minor": 0, "by_code": [{"code": "plan_missing", "count": 1}]}, "seq": 208
    });
    let several = json!({"type": "string", "maxLength": 2000});
    let op = Operation::new(Method::GET, "/api/v1/gaps", "analyses", "list_gaps", "Gaps in continuity", &words)
        .permission("analyses", Action::Read)
        .query("code", several.clone(), "Any of these codes.")
        .query("severity", several.clone(), "Any of critical, major, minor.")
        .query(
            "item",
            json!({"type": "string", "maxLength": 1100}),
            "What lacks something: the UUID, `key:KEY` or `ref:system:id`.",
        )
        .query("kind", several, "The kind of what lacks something, such as service or plan; any of these.")
        .query("limit", json!({"type": "integer", "minimum": 1, "maximum": MAX, "default": DEFAULT}), "Gaps a page.")
        .query("cursor", json!({"type": "string", "maxLength": 4096}), "`next_cursor` of the page before, with the same filters.")
        .query(
            "as_of",
            json!({"type": "string", "maxLength": 40}),
            "A time, or a place in the ledger: the gaps there were then, by the rules of now.",
        )
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .json(200, "The gaps.", schema_ref("GapList"), &example, etag())
        .response(304, "Unchanged.", serde_json::Value::Null, etag())
        .problems(&[422]);
    api.add(op, gaps);
}

//! What comes with the program: the catalogue of threats, and the example organisation with its story.
use crate::app::App;
use crate::collection::moves;
use crate::exchange::batch;
use crate::model::{Error, Id, Kind, Result, Spelling, Timestamp, Word};
use crate::store::{Change, Store, Tx, resolve};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// Threats for a start, as rows of a batch.
pub const CATALOGUE: &str = include_str!("catalogue.json");
/// The landscape of the example organisation.
const DEMO: &str = include_str!("demo.json");
/// What happened to its risks: rows and moves, one after the other.
const STORY: &str = include_str!("story.json");

fn change(organization: Id, reason: &str, request_id: &str, now: Timestamp) -> Change {
    let change = Change::by_the_service(organization, Some(reason.into()), now);
    Change { request_id: request_id.into(), ..change }
}

/// Loads those threats of the catalogue that are not there yet; what somebody has changed stays as it is. Tells how many
/// were added and how many there are.
///
/// # Errors
/// When the database does not answer.
pub async fn load_catalogue(store: &Arc<Store>, organization: Id, now: Timestamp) -> Result<(usize, usize)> {
    let rows: Vec<Value> = serde_json::from_str(CATALOGUE).map_err(Error::internal)?;
    let spelling = |row: &Value| row["id"].as_str().and_then(Spelling::parse);
    let wanted: HashSet<Spelling> = rows.iter().filter_map(spelling).collect();
    let found = store.read(async |conn| resolve::locate(conn, organization, &[Kind::Threat], &wanted).await).await?;
    let absent: Vec<&Value> = rows.iter().filter(|row| spelling(row).is_some_and(|one| !found.contains_key(&one))).collect();
    if !absent.is_empty() {
        let change = change(organization, "The catalogue of threats", "load-catalogue", now);
        batch::import(store, change, &serde_json::to_string(&absent).map_err(Error::internal)?).await?;
    }
    Ok((absent.len(), rows.len()))
}

/// Fills the example organisation.
///
/// # Errors
/// When the database does not answer.
pub async fn load_demo(app: &Arc<App>, organization: Id) -> Result<()> {
    let landscape = change(organization, "The built-in example", "demo", app.now());
    batch::import(&app.store, landscape, DEMO).await?;
    load_catalogue(&app.store, organization, app.now()).await?;
    let steps: Vec<Map<String, Value>> = serde_json::from_str(STORY).map_err(Error::internal)?;
    for step in steps {
        let reason = step.get("reason").and_then(Value::as_str).unwrap_or("The built-in example");
        let change = change(organization, reason, "demo", app.now());
        match (step.get("rows"), step.get("move")) {
            (Some(rows), _) => batch::import(&app.store, change, &rows.to_string()).await?,
            (_, Some(Value::Object(wanted))) => carry_out(app, change, wanted.clone()).await?,
            _ => return Err(Error::Internal("a step of the story is neither rows nor a move".into())),
        }
    }
    Ok(())
}

/// Makes one move of the story.
async fn carry_out(app: &Arc<App>, change: Change, mut wanted: Map<String, Value>) -> Result<()> {
    let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned).unwrap_or_default();
    let (kind, id) = (Kind::from_word(&text(wanted.remove("kind"))), Spelling::parse(&text(wanted.remove("id"))));
    let (Some(kind), Some(id)) = (kind, id) else { return Err(Error::Internal("a move without an object".into())) };
    let app_there = Arc::clone(app);
    let work = async move |tx: &mut Tx| moves::carry_out(tx, &app_there, kind, &id, Value::Object(wanted)).await;
    app.store.write(change, work).await
}

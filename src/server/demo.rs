//! What comes with the program: the catalogue of threats, and the example organisation with its story.
use super::policy::POLICY;
use crate::auth::Identity;
use crate::collection::{draft, read, singleton, transitions};
use crate::exchange::batch;
use crate::model::{Action, Error, Id, Kind, ObjectRef, Result, Role, StringEnum, Timestamp};
use crate::resources::plan_versions::PlanVersion;
use crate::resources::plan_versions::http::{ApprovalDraft, decided};
use crate::resources::runs::Run;
use crate::resources::runs::http::{NoteDraft, noted};
use crate::resources::settings::Settings;
use crate::resources::{KINDS, run_steps};
use crate::store::{Store, Tx, WriteContext, kind_of, resolve, write_consequence};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::Arc;

/// Threats for a start, as rows of a batch.
pub const CATALOGUE: &str = include_str!("catalogue.json");
/// The landscape of the example organisation.
const DEMO: &str = include_str!("demo.json");
/// What happened there: its risks, its plans, and its practice of them.
const STORY: [&str; 3] =
    [include_str!("story/risks.json"), include_str!("story/plans.json"), include_str!("story/practice.json")];
/// When the example begins.
const BEGINNING: &str = "2026-03-02T08:00:00Z";
/// Who does something in the story, and in which role. What nobody is named for the service does by itself.
const PEOPLE: [(&str, Role); 8] = [
    ("ana.whitlock", Role::ItServiceContinuityManager),
    ("priya.castellane", Role::ProcessOwner),
    ("owen.hartsgrove", Role::ProcessOwner),
    ("gwen.ashdown", Role::TestManager),
    ("tobias.marrable", Role::IctInfrastructureManager),
    ("callum.threlkeld", Role::IctInfrastructureManager),
    ("deepa.ravindran", Role::IctInfrastructureManager),
    ("lena.oduya", Role::ApplicationManager),
];

/// One step of the story. The rules are everybody's; only the clock is the story's own, and it never goes backwards.
#[derive(Deserialize)]
struct Step {
    at: Timestamp,
    #[serde(default)]
    by: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(flatten)]
    deed: Deed,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Deed {
    Rows(Vec<Value>),
    /// As a client sends them.
    Settings(Value),
    /// `kind` and `id` of the object, the key of a `step` of a run, and what a client sends.
    Move(Map<String, Value>),
    /// `id` of the version, and what a client sends.
    Approval(Map<String, Value>),
    /// `id` of the run, and what a client sends.
    Note(Map<String, Value>),
}

/// Loads those threats of the catalogue that are not there yet; what somebody has changed stays as it is. Tells how many
/// were added and how many there are.
///
/// # Errors
/// When the database does not answer.
pub async fn load_catalogue(store: &Store, organization: Id, now: Timestamp) -> Result<(usize, usize)> {
    store.write(of_the_catalogue(organization, now), async move |tx| catalogue(tx).await).await
}

fn of_the_catalogue(organization: Id, now: Timestamp) -> WriteContext {
    let change = WriteContext::by_the_service(organization, Some("The catalogue of threats".into()), now);
    WriteContext { request_id: "load-catalogue".into(), large: true, ..change }
}

async fn catalogue(tx: &mut Tx) -> Result<(usize, usize)> {
    let rows: Vec<Value> = serde_json::from_str(CATALOGUE).map_err(Error::internal)?;
    let object_ref = |row: &Value| row["id"].as_str().and_then(ObjectRef::parse);
    let wanted: HashSet<ObjectRef> = rows.iter().filter_map(object_ref).collect();
    tx.lock_tenant().await?;
    let org = tx.organization();
    let found = resolve::locate(&mut tx.conn()?, org, &[Kind::Threat], &wanted).await?;
    let all = rows.len();
    let is_absent = |row: &Value| object_ref(row).is_some_and(|one| !found.contains_key(&one));
    let absent: Vec<Value> = rows.into_iter().filter(is_absent).collect();
    let added = absent.len();
    if added > 0 {
        batch::import(tx, absent).await?;
    }
    Ok((added, all))
}

/// Fills the example organisation, in one transaction: whoever stops the service meanwhile finds it empty or whole.
///
/// # Errors
/// When the database does not answer.
pub async fn load_demo(store: &Store, organization: Id, now: Timestamp) -> Result<()> {
    let beginning = Timestamp::parse(BEGINNING).ok_or_else(|| Error::Internal("the example begins at no time".into()))?;
    let rows = serde_json::from_str(DEMO).map_err(Error::internal)?;
    let landscape = Step { at: beginning, by: None, reason: None, deed: Deed::Rows(rows) };
    let mut steps: Vec<Step> = Vec::new();
    for part in STORY {
        steps.extend(serde_json::from_str::<Vec<Step>>(part).map_err(Error::internal)?);
    }
    steps.sort_by_key(|step| step.at);
    let whole = WriteContext::by_the_service(organization, None, beginning.min(now));
    let work = async move |tx: &mut Tx| {
        tell(tx, now, landscape).await?;
        tx.go_on(of_the_catalogue(organization, beginning.min(now))).await?;
        catalogue(tx).await?;
        for step in steps {
            tell(tx, now, step).await?;
        }
        Ok(())
    };
    store.write(WriteContext { large: true, ..whole }, work).await
}

/// Carries out one step in the name of whoever does it.
async fn tell(tx: &mut Tx, now: Timestamp, step: Step) -> Result<()> {
    let Step { at, by, reason, deed } = step;
    let said = match &deed {
        Deed::Rows(_) | Deed::Settings(_) | Deed::Note(_) => None,
        Deed::Move(wanted) | Deed::Approval(wanted) => wanted.get("comment").and_then(Value::as_str).map(str::to_owned),
    };
    let reason = reason.or(said).unwrap_or_else(|| "The built-in example".into());
    let change = WriteContext::by_the_service(tx.organization(), Some(reason), at.min(now));
    let mut change = WriteContext { request_id: "demo".into(), large: true, ..change };
    if let Some(subject) = by {
        change.identity = Some(Arc::new(identity(&subject)?));
        change.actor = subject;
    }
    let name = change.actor.clone();
    tx.go_on(change).await?;
    tx.lock_tenant().await?;
    let told = match deed {
        Deed::Rows(rows) => import(tx, rows).await,
        Deed::Settings(wanted) => settle(tx, wanted).await,
        Deed::Move(wanted) => carry_out(tx, wanted).await,
        Deed::Approval(wanted) => approve(tx, wanted).await,
        Deed::Note(wanted) => note(tx, wanted).await,
    };
    told.map_err(|error| Error::Internal(format!("the story, {at} by {name}: {error}")))
}

fn identity(subject: &str) -> Result<Identity> {
    let known = PEOPLE.iter().find(|(name, _)| *name == subject);
    let (_, role) = known.ok_or_else(|| Error::Internal(format!("{subject} has no role in the story")))?;
    let (subject, organization, roles) = (subject.to_owned(), String::new(), vec![*role]);
    Ok(Identity {
        subject,
        case_sensitive: false,
        organization,
        roles,
        scopes: None,
        local: true,
        expires_at: i64::MAX,
        api_key: None,
        longest_api_key_seconds: 0,
        policy: POLICY,
        hidden: std::sync::OnceLock::new(),
    })
}

fn require(tx: &Tx, collection: &str, action: Action) -> Result<()> {
    match &tx.context().identity {
        Some(identity) if !identity.may(collection, action) => Err(Error::Forbidden(format!("{collection} is not theirs"))),
        _ => Ok(()),
    }
}

fn text(value: Option<Value>) -> String {
    value.as_ref().and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
}

fn target(wanted: &mut Map<String, Value>) -> Result<ObjectRef> {
    ObjectRef::parse(&text(wanted.remove("id"))).ok_or_else(|| Error::Internal("a step without an object".into()))
}

async fn import(tx: &mut Tx, rows: Vec<Value>) -> Result<()> {
    for kind in rows.iter().filter_map(|row| Kind::from_word(row["kind"].as_str()?)) {
        require(tx, kind.collection(), Action::Write)?;
    }
    batch::import(tx, rows).await
}

async fn settle(tx: &mut Tx, wanted: Value) -> Result<()> {
    require(tx, Kind::Settings.collection(), Action::Write)?;
    let wanted = draft::parse(kind_of::<Settings>(), wanted)?;
    singleton::replace::<Settings>(tx, wanted).await.map(drop)
}

async fn carry_out(tx: &mut Tx, mut wanted: Map<String, Value>) -> Result<()> {
    let kind = Kind::from_word(&text(wanted.remove("kind"))).ok_or_else(|| Error::Internal("a move of nothing".into()))?;
    let id = match (target(&mut wanted)?, wanted.remove("step")) {
        (id, None) => id,
        (run, step) => ObjectRef::Id(step_of(tx, &run, &text(step)).await?),
    };
    transitions::transition_by_service(tx, KINDS.of(kind), &id, Value::Object(wanted)).await
}

/// The step of a run by its key in the plan.
async fn step_of(tx: &mut Tx, run: &ObjectRef, step: &str) -> Result<Id> {
    let org = tx.organization();
    let run = read::load_of::<Run>(&mut tx.conn()?, org, run).await?.meta.id;
    run_steps::store::keyed(&mut tx.conn()?, org, run, step).await?.ok_or(Error::NotFound)
}

async fn approve(tx: &mut Tx, mut wanted: Map<String, Value>) -> Result<()> {
    require(tx, Kind::PlanVersion.collection(), Action::Approve)?;
    let id = target(&mut wanted)?;
    let said: ApprovalDraft = serde_json::from_value(Value::Object(wanted)).map_err(Error::internal)?;
    let org = tx.organization();
    let old = read::load_of::<PlanVersion>(&mut tx.conn()?, org, &id).await?;
    let body = decided(tx, &old.body, said)?;
    write_consequence(tx, old, body).await.map(drop)
}

async fn note(tx: &mut Tx, mut wanted: Map<String, Value>) -> Result<()> {
    require(tx, Kind::RunStep.collection(), Action::Write)?;
    let id = target(&mut wanted)?;
    let said: NoteDraft = serde_json::from_value(Value::Object(wanted)).map_err(Error::internal)?;
    let org = tx.organization();
    let old = read::load_of::<Run>(&mut tx.conn()?, org, &id).await?;
    let body = noted(tx, &old.body, said)?;
    write_consequence(tx, old, body).await.map(drop)
}

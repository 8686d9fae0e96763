//! `GET /plans/{id}/versions/{version}/schedule`: when every step happens, what decides it, and whether that is in time.
use super::form::{MERMAID, SVG, form, list, object, reference, seconds, tagged, text};
use crate::collection::params::{parameter, reject_unknown};
use crate::collection::{nested_resource, read};
use crate::http::context::Reader;
use crate::http::headers;
use crate::http::routes::Api;
use crate::model::{Action, Error, Id, Kind, Link, ObjectRef, Objectives, Reference, Result, StringEnum, Visibility, WITHHELD};
use crate::planning::gantt::{self, Bar, Chart, Mark};
use crate::planning::mermaid;
use crate::resources::plan_versions::staffing::{Person, Timetable, timetable};
use crate::resources::plan_versions::{Execution, PlanStep, PlanVersion, coverage};
use crate::resources::plans::Plan;
use crate::resources::runs::RunMode;
use crate::resources::services::Service;
use crate::store::{Conn, Object, ResourceTable, Snapshot};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// A service a plan brings back.
pub struct Covered {
    pub service: Reference,
    /// Places among the steps of the timetable.
    pub by: Vec<usize>,
    pub rto: Option<i64>,
    /// When it is back, with the people there are and with unlimited hands.
    pub planned: Option<i64>,
    pub unlimited: Option<i64>,
}

impl Covered {
    /// Whether the plan brings the service back in time.
    pub fn verdict(&self) -> &'static str {
        match (self.planned, self.rto) {
            (None, _) => "not_planned",
            (_, None) => "no_objective",
            (Some(planned), Some(rto)) if planned <= rto => "met",
            _ => "missed",
        }
    }
}

/// A version of a plan with its timetable; links have their names.
pub struct Scheduled {
    pub plan: Object<Plan>,
    pub version: Object<PlanVersion>,
    pub mode: RunMode,
    pub table: Timetable,
    pub services: Vec<Covered>,
    /// What of it may be shown.
    pub visibility: Visibility,
}

/// Plans a version.
///
/// # Errors
/// `NotFound` when it is not there.
pub async fn scheduled(conn: &mut Conn<'_>, snapshot: &Snapshot, version: Id, mode: RunMode) -> Result<Scheduled> {
    let version = read::load_view_of::<PlanVersion>(conn, snapshot, &ObjectRef::Id(version)).await?;
    let plan = version.body.plan.id().ok_or(Error::NotFound)?;
    let plan = read::load_view_of::<Plan>(conn, snapshot, &ObjectRef::Id(plan)).await?;
    let table = timetable(&version.body, mode);
    let recovers: Vec<&[Link]> = table.kept.iter().map(|place| version.body.steps[*place].recovers.as_slice()).collect();
    let found = coverage::services(conn, snapshot, &plan.body.services, &recovers).await?;
    let ids: Vec<Id> = found.iter().map(|(service, _)| service.id).collect();
    let heads = Service::find_all(conn, snapshot.organization, &ids).await?;
    let objectives: HashMap<Id, Objectives> = heads.into_iter().map(|one| (one.meta.id, one.meta.effective)).collect();
    let services = found.into_iter().map(|(service, by)| Covered {
        rto: objectives.get(&service.id).and_then(|own| own.rto),
        planned: by.iter().map(|place| table.spans[*place].end).max(),
        unlimited: by.iter().map(|place| table.paths.earliest[*place] + table.tasks[*place].seconds).max(),
        service,
        by,
    });
    let services = services.collect();
    Ok(Scheduled { plan, version, mode, table, services, visibility: snapshot.visibility.clone() })
}

impl Scheduled {
    /// A step of the timetable.
    pub fn step(&self, place: usize) -> &PlanStep {
        &self.version.body.steps[self.table.kept[place]]
    }
    pub fn keys(&self, places: &[usize]) -> Vec<&str> {
        places.iter().map(|place| self.step(*place).key.as_str()).collect()
    }
    /// Steps whose delay delays everything, with the people there are.
    pub fn critical(&self) -> HashSet<usize> {
        self.table.critical_chain().into_iter().collect()
    }
    /// Who does a step, in words.
    pub fn who(&self, place: usize) -> Option<String> {
        let person = self.table.crew.person(self.table.spans[place].by)?;
        let hidden = person.contact.is_some() && self.visibility.hides(Kind::Contact);
        Some(if hidden { WITHHELD.to_owned() } else { display_name(person) })
    }

    /// The recovery time objective of a service, in words.
    fn objective(&self, one: &Covered) -> String {
        format!("RTO {}", self.visibility.key(Kind::Service, &one.service.key))
    }

    fn warnings(&self) -> Vec<Value> {
        let roles: HashSet<&str> = self.version.body.team.iter().map(|seat| seat.role.as_str()).collect();
        let mut all = Vec::new();
        for place in 0..self.table.kept.len() {
            let step = self.step(place);
            let told = |code: &str, detail: String| json!({"code": code, "step": step.key, "detail": detail});
            if step.execution == Execution::Automated || step.responsible.is_some() {
                continue;
            }
            match &step.role {
                None => all
                    .push(told("nobody_named", "the step names neither a contact nor a role: nobody's hands are planned".into())),
                Some(role) if !roles.contains(role.as_str()) => {
                    all.push(told("unknown_role", format!("nobody in the team is {role:?}: one person is taken to be")));
                }
                Some(_) => {}
            }
        }
        all
    }

    fn value(&self) -> Value {
        let (table, critical) = (&self.table, self.critical());
        let step = |place: usize| {
            let (own, span, start) = (self.step(place), &table.spans[place], table.paths.earliest[place]);
            let by = table.crew.person(span.by).map(|person| json!({"contact": person.contact, "role": person.role}));
            json!({
                "key": own.key, "title": own.title, "phase": own.phase.as_str(), "expected_seconds": own.expected_seconds,
                "earliest_start_seconds": start, "latest_start_seconds": table.paths.latest[place],
                "float_seconds": table.paths.float(place), "critical": critical.contains(&place),
                "planned_start_seconds": span.start, "planned_end_seconds": span.end, "by": by,
                "waits_for": span.held_by.map(|before| self.step(before).key.as_str()),
            })
        };
        let service = |one: &Covered| {
            json!({
                "service": one.service, "steps": self.keys(&one.by), "planned_seconds": one.planned,
                "unlimited_seconds": one.unlimited, "rto_seconds": one.rto, "verdict": one.verdict(),
                "slack_seconds": one.rto.zip(one.planned).map(|(rto, planned)| rto - planned),
            })
        };
        json!({
            "plan": reference_of(&self.plan), "version": reference_of(&self.version), "number": self.version.body.number, "mode": self.mode.as_str(),
            "people": table.crew.len(),
            "planned_seconds": table.length(), "unlimited_seconds": table.paths.length,
            "critical_path": self.keys(&table.paths.critical(&table.tasks)), "critical_chain": self.keys(&table.critical_chain()),
            "steps": (0..table.kept.len()).map(step).collect::<Vec<_>>(),
            "services": self.services.iter().map(service).collect::<Vec<_>>(),
            "warnings": self.warnings(),
        })
    }

    fn chart(&self) -> Chart<'_> {
        let (table, critical) = (&self.table, self.critical());
        let mut places: Vec<usize> = (0..table.kept.len()).collect();
        places.sort_by_key(|place| (self.step(*place).phase as u8, table.spans[*place].start, *place));
        let left_out = places.len().saturating_sub(gantt::MAX_BARS);
        places.truncate(gantt::MAX_BARS);
        let bar = |place: usize| {
            let (step, span) = (self.step(place), &table.spans[place]);
            Bar {
                key: &step.key,
                title: &step.title,
                phase: step.phase.words(),
                who: self.who(place),
                planned: (span.start, span.end),
                critical: critical.contains(&place),
                float: table.paths.float(place),
                ..Bar::default()
            }
        };
        let marks = self.services.iter().filter_map(|one| Some(Mark { at: one.rto?, label: self.objective(one) }));
        let more = if left_out > 0 { format!(" {left_out} further steps are not drawn.") } else { String::new() };
        let missed = self.services.iter().filter(|one| one.verdict() == "missed").count();
        let summary = format!(
            "Version {}, {}: {} steps, {} people. {missed} of {} services are not back within their RTO.{more}",
            self.version.body.number,
            self.mode.as_str(),
            table.kept.len(),
            table.crew.len(),
            self.services.len()
        );
        let title = self.plan.meta.name.as_deref().unwrap_or_default();
        Chart { title, summary, bars: places.into_iter().map(bar).collect(), marks: marks.collect(), now: None }
    }
}

/// How an object stands in an answer.
pub fn reference_of<R: crate::model::Resource>(object: &Object<R>) -> Reference {
    let meta = &object.meta;
    Reference { id: meta.id, kind: R::KIND, key: meta.key.clone(), name: meta.name.clone() }
}

/// What a person is called.
pub fn display_name(person: &Person) -> String {
    match (&person.contact, &person.role) {
        (Some(Link::Named(contact)), _) => contact.name.clone().unwrap_or_else(|| contact.key.clone()),
        (_, role) => role.clone().unwrap_or_default(),
    }
}

/// The mode of `mode=`.
pub fn mode(parameters: &[(String, String)]) -> Result<RunMode> {
    match parameter(parameters, "mode") {
        None => Ok(RunMode::Actual),
        Some(word) => RunMode::from_word(word).ok_or_else(|| Error::malformed("invalid_parameter", "mode is actual or exercise")),
    }
}

async fn schedule(reader: Reader<PlanVersion>, request: HttpRequest) -> Result<HttpResponse> {
    reader.caller().require(Kind::Plan.collection(), Action::Read)?;
    nested_resource::resolve_path::<PlanVersion>(reader.caller(), &request).await?;
    let (parameters, id) = (headers::parameters(&request)?, nested_resource::resolved_id(&request)?);
    reject_unknown(&parameters, &["mode", "format"])?;
    let (mode, form) = (mode(&parameters)?, form(&request, &parameters, &[("json", ""), ("svg", SVG), ("mermaid", MERMAID)])?);
    let caller = reader.caller().clone();
    let (media_type, text) = reader
        .scan(async move |conn, _| {
            let scheduled = scheduled(conn, &caller.snapshot(), id, mode).await?;
            Ok(match form {
                "svg" => (SVG, gantt::draw(&scheduled.chart())),
                "mermaid" => (MERMAID, mermaid::gantt(&scheduled.chart())),
                _ => ("application/json", scheduled.value().to_string()),
            })
        })
        .await?;
    Ok(tagged(&request, media_type, text))
}

pub fn routes(api: &mut Api) {
    let example = json!({
        "plan": {"id": "018f6c2e-5a4b-7c3d-8e9f-000000000001", "kind": "plan", "key": "PLN-SAN-NORTH", "name": "Loss of the array"},
        "version": {"id": "018f6c2e-5a4b-7c3d-8e9f-000000000002", "kind": "plan_version", "key": "PLV-2", "name": null},
        "number": 2, "mode": "actual", "people": 2, "planned_seconds": 8100, "unlimited_seconds": 8100,
        "critical_path": ["assess", "restore"], "critical_chain": ["assess", "restore"],
        "steps": [], "services": [], "warnings": []
    });
    let words = "When every step happens. `critical_path`, the earliest and latest starts and the float are those of the critical \
                 path method with unlimited hands (Kelley and Walker 1959). The planned times are those with the people there \
                 are: one person does one step at a time, the step with the smallest latest start goes first (Kolisch 1996); \
                 `critical_chain` is what decides their length. A service is back when the last step has ended that brings it, or \
                 something it depends on, back; `verdict` compares that with its effective RTO. As SVG and Mermaid too.";
    let op = nested_resource::operation::<PlanVersion>(
        Method::GET,
        "/schedule",
        "get_schedule_of_version",
        "Schedule of a version",
        words,
        Action::Read,
    )
    .query("mode", json!({"type": "string", "enum": ["actual", "exercise"], "default": "actual"}), "In which kind of run.")
    .query("format", json!({"type": "string", "enum": ["json", "svg", "mermaid"]}), "Instead of `Accept`.")
    .header("If-None-Match", "An ETag; 304 when it still holds.")
    .json(200, "The schedule.", json!({"$ref": "#/components/schemas/Schedule"}), &example, crate::collection::doc::etag())
    .response(304, "Unchanged.", Value::Null, crate::collection::doc::etag());
    api.add(op.also(200, SVG, "<svg/>").also(200, MERMAID, "gantt\n"), schedule);
}

pub fn schemas() -> Value {
    let keys = list(1000, &text(64));
    let who = json!({
        "type": ["object", "null"], "properties": {"contact": {"oneOf": [{"type": "null"}, reference()]}, "role": {"type": ["string", "null"], "maxLength": 100}}
    });
    let step = object(&json!({
        "key": text(64), "title": text(200), "phase": text(64), "expected_seconds": seconds(0), "earliest_start_seconds": seconds(0),
        "latest_start_seconds": seconds(0), "float_seconds": seconds(0), "critical": {"type": "boolean"},
        "planned_start_seconds": seconds(0), "planned_end_seconds": seconds(0), "by": who,
        "waits_for": {"type": ["string", "null"], "maxLength": 64, "description": "The step whose end decides when it begins: one it depends on, or the one the same person does before."}
    }));
    let service = object(&json!({
        "service": reference(), "steps": keys, "planned_seconds": seconds(0), "unlimited_seconds": seconds(0), "rto_seconds": seconds(0),
        "verdict": {"type": "string", "enum": ["met", "missed", "no_objective", "not_planned"]},
        "slack_seconds": {"type": ["integer", "null"], "format": "int64", "description": "What is left of the RTO; negative when it is missed."}
    }));
    let warning = object(&json!({"code": text(64), "step": text(64), "detail": text(400)}));
    let schedule = object(&json!({
        "plan": reference(), "version": reference(), "number": {"type": "integer", "format": "int64", "minimum": 1},
        "mode": {"type": "string", "enum": ["actual", "exercise"]},
        "people": {"type": "integer", "format": "int64", "minimum": 0, "description": "Pairs of hands: contacts, and roles without one."},
        "planned_seconds": seconds(0), "unlimited_seconds": seconds(0), "critical_path": keys, "critical_chain": keys,
        "steps": list(1000, &step), "services": list(2000, &service), "warnings": list(1000, &warning)
    }));
    json!({"Schedule": schedule})
}

//! How a run goes: planned against actual, what decides now when it ends, and when each service will be back.
use super::progress::{Deadline, RunProgress, ServiceCourse, ServiceState};
use super::{Run, RunStatus};
use crate::model::{Error, Id, Link, Objectives, Reference, RenderedReference, Result, Timestamp};
use crate::planning::schedule::{self, Progress as How, Span, Task};
use crate::resources::plan_versions::staffing::Crew;
use crate::resources::plan_versions::{PlanVersion, coverage};
use crate::resources::plans::Plan;
use crate::resources::run_steps::{self, Outline, RunStep, StepStatus};
use crate::resources::services::Service;
use crate::store::{Conn, Object, ResourceTable, Snapshot};
use std::collections::HashMap;

/// A run with all one needs to tell how it goes.
pub struct RunView {
    pub started_at: Timestamp,
    pub now: Timestamp,
    pub over: bool,
    pub steps: Vec<Object<RunStep>>,
    /// In seconds from the start of the run; the steps not yet over as they are forecast.
    pub spans: Vec<Span>,
    pub critical: Vec<usize>,
    pub services: Vec<ServiceCourse>,
}

/// Looks at a run; nothing where it has no steps.
///
/// # Errors
/// When the database does not answer.
pub async fn progress_of(conn: &mut Conn<'_>, snapshot: &Snapshot, run: &Object<Run>) -> Result<Option<RunView>> {
    let org = snapshot.organization;
    let steps = run_steps::store::seen(conn, snapshot, run.meta.id).await?;
    if steps.is_empty() {
        return Ok(None);
    }
    let version = match run.body.plan_version.as_ref().and_then(Link::id) {
        Some(id) => PlanVersion::find(conn, org, id).await?,
        None => None,
    };
    let crew = Crew::of(version.as_ref().map(|version| version.body.team.as_slice()).unwrap_or_default());
    let over = run.body.status != RunStatus::Running;
    let now = run.body.ended_at.filter(|_| over).unwrap_or(snapshot.now).max(run.body.started_at);
    let started_at = run.body.started_at;
    let (spans, critical) = forecast(&steps, crew, started_at, now);
    let mut view = RunView { started_at, now, over, steps, spans, critical, services: Vec::new() };
    let plan = match run.body.plan.as_ref().and_then(Link::id) {
        Some(id) => Plan::find(conn, org, id).await?,
        None => None,
    };
    let services = plan.map(|plan| plan.body.services).unwrap_or_default();
    let recovers: Vec<&[Link]> = view.steps.iter().map(|step| step.body.recovers.as_slice()).collect();
    let restored = coverage::services(conn, snapshot, &services, &recovers).await?;
    let ids: Vec<Id> = restored.iter().map(|(one, _)| one.id).collect();
    let services = Service::find_all(conn, org, &ids).await?;
    let objectives: HashMap<Id, Objectives> = services.iter().map(|one| (one.meta.id, one.meta.effective)).collect();
    for (service, by) in restored {
        let own = objectives.get(&service.id).copied().unwrap_or_default();
        let course = view.service(service, &by, own, run.body.clock_started_at)?;
        view.services.push(course);
    }
    Ok(Some(view))
}

/// When the steps not yet over will be, with the people there are.
fn forecast(steps: &[Object<RunStep>], mut crew: Crew, started_at: Timestamp, now: Timestamp) -> (Vec<Span>, Vec<usize>) {
    let places: HashMap<&str, usize> = steps.iter().enumerate().map(|(place, step)| (step.body.step.as_str(), place)).collect();
    let outline = |step: &Object<RunStep>| Outline {
        id: step.meta.id,
        step: step.body.step.clone(),
        status: step.body.status,
        depends_on: step.body.depends_on.clone(),
    };
    let over = run_steps::over(&steps.iter().map(outline).collect::<Vec<_>>());
    let since = |time: Option<Timestamp>| time.unwrap_or(now).seconds() - started_at.seconds();
    let mut tasks = Vec::with_capacity(steps.len());
    let mut progress = Vec::with_capacity(steps.len());
    for (place, step) in steps.iter().enumerate() {
        let RunStep { depends_on, responsible, role, execution, status, started_at, ended_at, .. } = &step.body;
        let left_out = *status == StepStatus::Skipped;
        let by = if left_out { Vec::new() } else { crew.hands(responsible.as_ref(), role.as_deref(), *execution) };
        progress.push(match status {
            StepStatus::Done => How::Ended { start: since(started_at.or(*ended_at)), end: since(*ended_at) },
            // It takes no time, but those behind it wait for what it waited for.
            StepStatus::Skipped if !over.contains(&place) => How::Open,
            StepStatus::Skipped => How::Ended { start: since(*ended_at), end: since(*ended_at) },
            StepStatus::InProgress => How::Begun { start: since(*started_at), by: by.first().copied() },
            // What has failed is begun again.
            StepStatus::Failed | StepStatus::Pending | StepStatus::Ready => How::Open,
        });
        let after = depends_on.iter().filter_map(|key| places.get(key.as_str()).copied()).collect();
        tasks.push(Task { after, seconds: if left_out { 0 } else { step.body.expected_seconds }, by });
    }
    let spans = schedule::staffed(&tasks, &progress, since(Some(now)));
    let last = (0..spans.len()).rev().filter(|place| !steps[*place].body.status.is_over()).max_by_key(|place| spans[*place].end);
    let critical = last.map(|last| schedule::chain(&spans, last)).unwrap_or_default();
    (spans, critical)
}

/// A moment so many seconds after another.
pub fn later(from: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(from.micros().saturating_add(seconds.saturating_mul(1_000_000))).unwrap_or(from)
}

impl RunView {
    fn service(&self, service: Reference, by: &[usize], own: Objectives, clock: Timestamp) -> Result<ServiceCourse> {
        let last = |of: &dyn Fn(usize) -> i64| by.iter().map(|place| of(*place)).max();
        let body = |place: usize| &self.steps[place].body;
        let back = !by.is_empty() && by.iter().all(|place| body(*place).status.is_over());
        // What was left out brings nothing back.
        let back = back && by.iter().any(|place| body(*place).status == StepStatus::Done);
        let done = by.iter().filter(|place| body(**place).status == StepStatus::Done);
        let restored_at = done.filter_map(|place| body(*place).ended_at).max().filter(|_| back);
        let planned = last(&|place| body(place).planned_end_seconds);
        let forecast = last(&|place| self.spans[place].end).filter(|_| !self.over || back);
        let deadline = |seconds: Option<i64>| {
            let seconds = seconds?;
            let due_at = later(clock, seconds);
            Some(Deadline { seconds, due_at, left_seconds: due_at.seconds() - restored_at.unwrap_or(self.now).seconds() })
        };
        let rto = deadline(own.rto);
        let forecast_at = restored_at.or(forecast.map(|end| later(self.started_at, end)));
        // Whoever left out all that would bring it back had no need to.
        let untouched = !by.is_empty() && by.iter().all(|place| body(*place).status == StepStatus::Skipped);
        let begun = by.iter().any(|place| !matches!(body(*place).status, StepStatus::Pending | StepStatus::Ready));
        Ok(ServiceCourse {
            state: if untouched { ServiceState::NotStarted } else { state(restored_at.is_some(), begun, forecast_at, rto) },
            service: RenderedReference::new(service).map_err(Error::internal)?,
            steps: by.iter().map(|place| body(*place).step.clone()).collect(),
            planned_at: planned.map(|end| later(self.started_at, end)),
            forecast_at,
            restored_at,
            rto,
            mtpd: deadline(own.mtpd),
        })
    }

    /// How the run stands.
    pub fn progress(self) -> RunProgress {
        let count = |wanted: StepStatus| self.steps.iter().filter(|step| step.body.status == wanted).count() as i64;
        let planned = self.steps.iter().map(|step| step.body.planned_end_seconds).max().unwrap_or(0);
        let elapsed = self.now.seconds() - self.started_at.seconds();
        let forecast = if self.over { elapsed } else { self.spans.iter().map(|span| span.end).max().unwrap_or(elapsed) };
        RunProgress {
            at: self.now,
            steps: self.steps.len() as i64,
            done: count(StepStatus::Done),
            in_progress: count(StepStatus::InProgress),
            ready: count(StepStatus::Ready),
            failed: count(StepStatus::Failed),
            skipped: count(StepStatus::Skipped),
            planned_end_at: later(self.started_at, planned),
            forecast_end_at: later(self.started_at, forecast),
            delay_seconds: forecast - planned,
            critical_path: self.critical.iter().map(|place| self.steps[*place].body.step.clone()).collect(),
            services: self.services,
        }
    }
}

/// A service is at risk when no more than a fifth of its time is left, or the forecast lies beyond it.
fn state(recovered: bool, begun: bool, forecast_at: Option<Timestamp>, rto: Option<Deadline>) -> ServiceState {
    let late = |rto: &Deadline| forecast_at.is_some_and(|at| at > rto.due_at);
    match rto {
        _ if recovered => ServiceState::Recovered,
        Some(rto) if rto.left_seconds < 0 => ServiceState::Overdue,
        Some(rto) if rto.left_seconds * 5 <= rto.seconds || late(&rto) => ServiceState::AtRisk,
        _ if begun => ServiceState::OnTrack,
        _ => ServiceState::NotStarted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(seconds: i64, left_seconds: i64) -> Option<Deadline> {
        Some(Deadline { seconds, due_at: later(Timestamp::EPOCH, 1000), left_seconds })
    }

    #[test]
    fn a_service_is_at_risk_from_a_fifth_of_its_time_on_and_overdue_after_it() {
        assert_eq!(state(false, true, None, due(1000, 201)), ServiceState::OnTrack);
        assert_eq!(state(false, true, None, due(1000, 200)), ServiceState::AtRisk);
        assert_eq!(state(false, false, None, due(1000, 0)), ServiceState::AtRisk);
        assert_eq!(state(false, false, None, due(1000, -1)), ServiceState::Overdue);
        assert_eq!(state(true, true, None, due(1000, -1)), ServiceState::Recovered);
    }

    #[test]
    fn a_forecast_beyond_the_objective_is_a_risk_however_much_time_is_left() {
        let at = |seconds| Some(later(Timestamp::EPOCH, seconds));
        assert_eq!(state(false, true, at(1001), due(1000, 900)), ServiceState::AtRisk);
        assert_eq!(state(false, true, at(1000), due(1000, 900)), ServiceState::OnTrack);
        assert_eq!(state(false, false, at(1000), due(1000, 900)), ServiceState::NotStarted);
        assert_eq!(state(false, false, at(1000), None), ServiceState::NotStarted);
    }
}

//! A loss, the ways back from it, and whether they are short enough.
use crate::analysis::edits::{self, Edit};
use crate::analysis::question::{GraphView, LOSABLE, list_refs};
use crate::graph::landscape::Landscape;
use crate::graph::net::State;
use crate::graph::restoration::Restoration;
use crate::model::{Faults, Kind, Link, Reference, Result};
use crate::resources::settings;
use crate::store::Conn;
use crate::string_enum;
use serde::Serialize;
use std::sync::Arc;

/// What business asks after.
pub const BUSINESS: &[Kind] = &[Kind::Service, Kind::BusinessProcess];

string_enum! {
    /// Whether something is back in time.
    pub enum Verdict {
        NotAffected = "not_affected",
        Met = "met",
        Missed = "missed",
        Never = "never",
        Unknown = "unknown",
        NoObjective = "no_objective",
    }
}

/// How soon one of them is back. All times count from the loss, with the time to notice and to declare it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RecoveryVerdict {
    pub item: Reference,
    /// What the loss makes of it.
    #[schema(max_length = 10)]
    pub state: &'static str,
    /// Whether it meets its recovery time objective.
    pub verdict: Verdict,
    pub rto_seconds: Option<i64>,
    /// When it can be back at the earliest; null when it never starts.
    pub achievable_seconds: Option<i64>,
    /// Whether all durations that lead there are declared; otherwise `achievable_seconds` is only the least it takes.
    pub known: bool,
    /// Seconds to spare; negative when it is late.
    pub slack_seconds: Option<i64>,
    pub mtpd_seconds: Option<i64>,
    /// Work recovery time, from "technically up" to "business running".
    pub wrt_seconds: Option<i64>,
    /// Whether it runs again, work recovery included, before its maximum tolerable period of disruption is over.
    pub mtpd_verdict: Verdict,
    pub rpo_seconds: Option<i64>,
    /// Seconds' worth of data that is missing then.
    #[schema(minimum = 0)]
    pub data_loss_seconds: i64,
    pub data_verdict: Verdict,
    /// The one it waits for last.
    pub waits_for: Option<Reference>,
}

/// So many circles are told.
pub const MAX_CIRCLES: usize = 100;
/// So many items of a circle are told.
pub const MAX_OF_CIRCLE: usize = 100;

/// A loss with the way back from it.
pub struct Loss {
    pub landscape: Arc<Landscape>,
    pub restoration: Arc<Restoration>,
    /// What was named as lost; empty when everything is.
    pub lost: Vec<usize>,
    pub everything: bool,
    pub detection: i64,
    pub declaration: i64,
}

impl Loss {
    /// The loss of some nodes, or of everything.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(conn: &mut Conn<'_>, view: &GraphView, landscape: Arc<Landscape>, lost: Option<Vec<usize>>) -> Result<Loss> {
        let decided = settings::store::in_force(conn, &view.snapshot).await?;
        let restoration = match &lost {
            None => landscape.total(),
            Some(lost) => Arc::new(landscape.restoration(lost)),
        };
        let everything = lost.is_none();
        let (detection, declaration) = (decided.detection_seconds, decided.declaration_seconds);
        Ok(Loss { landscape, restoration, lost: lost.unwrap_or_default(), everything, detection, declaration })
    }

    /// What passes before anybody begins.
    pub fn lead_time(&self) -> i64 {
        self.detection + self.declaration
    }
    pub fn reference(&self, node: usize) -> Reference {
        self.landscape.items()[node].reference()
    }
    pub fn references(&self, nodes: &[usize]) -> Vec<Reference> {
        nodes.iter().map(|node| self.reference(*node)).collect()
    }

    /// Circles of nodes that wait for each other and never start, those among them that are wanted.
    pub fn circles(&self, wanted: impl Fn(&[usize]) -> bool) -> Vec<Vec<Reference>> {
        let mut circles = self.restoration.recovery.circles(self.landscape.graph(), MAX_CIRCLES);
        circles.retain(|circle| wanted(circle));
        circles.iter().map(|circle| self.references(&circle[..circle.len().min(MAX_OF_CIRCLE)])).collect()
    }

    /// How soon a node is back.
    pub fn recovery_verdict(&self, node: usize) -> RecoveryVerdict {
        let (item, own) = (&self.landscape.items()[node], self.landscape.objectives()[node]);
        let (state, time) = (self.restoration.states[node], self.restoration.recovery.time(node));
        let back = time.map(|time| time.end + self.lead_time()).or((state != State::Down).then_some(0));
        let known = time.is_none_or(|time| time.known);
        let judge = |took: Option<i64>, most: Option<i64>, known: bool| match (state, took, most) {
            (State::Up | State::Degraded, ..) => Verdict::NotAffected,
            (_, None, _) => Verdict::Never,
            (_, _, None) => Verdict::NoObjective,
            (_, Some(took), Some(most)) if took > most => Verdict::Missed,
            _ if known => Verdict::Met,
            _ => Verdict::Unknown,
        };
        let data_loss = self.restoration.data_loss(node);
        let told = !self.restoration.unaccounted[node];
        RecoveryVerdict {
            item: item.reference(),
            state: state.as_str(),
            verdict: judge(back, own.rto, known),
            rto_seconds: own.rto,
            achievable_seconds: back,
            known,
            slack_seconds: back.zip(own.rto).map(|(back, rto)| rto - back),
            mtpd_seconds: own.mtpd,
            wrt_seconds: item.wrt,
            mtpd_verdict: judge(back.map(|back| back + item.wrt.unwrap_or(0)), own.mtpd, known),
            rpo_seconds: own.rpo,
            data_loss_seconds: data_loss,
            data_verdict: judge(Some(data_loss), own.rpo, told),
            waits_for: time.and_then(|time| time.waits_for).map(|node| self.reference(node)),
        }
    }
}

/// The loss that a question names.
pub async fn resolve_loss(
    conn: &mut Conn<'_>,
    view: &GraphView,
    lost: &[Link],
    edits: &[Edit],
    others: &[Link],
) -> Result<(Loss, Vec<usize>)> {
    let mut faults = Faults::default();
    let asked: Vec<_> = list_refs("lost", lost, LOSABLE).chain(list_refs("of", others, BUSINESS)).collect();
    let found = view.resolve(conn, &asked, &mut faults).await?;
    faults.into_result()?;
    let landscape = edits::edited(conn, view, "hypothetical", edits).await?;
    let mut nodes: Vec<usize> = found.into_iter().flatten().filter_map(|id| landscape.node(id)).collect();
    let others = nodes.split_off(lost.len().min(nodes.len()));
    let lost = (!lost.is_empty()).then_some(nodes);
    Ok((Loss::of(conn, view, landscape, lost).await?, others))
}

//! Gaps as they are told: in their order, counted, and with what explains them.
use super::facts::Facts;
use super::found::{Details, GapMatch, GapSeverity, MAX_DETAILS};
use super::rules::RULES;
use crate::analysis::question::GraphView;
use crate::graph::net::State;
use crate::model::{Id, Reference, Result};
use crate::resources::measurements::Measurement;
use crate::store::{Conn, Object, ResourceTable};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Something that is missing.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Gap {
    /// Stays the same as long as the gap is there, and when it comes back: a digest of its code and item.
    #[schema(max_length = 16)]
    pub id: String,
    /// The rule that found it.
    #[schema(max_length = 64)]
    pub code: &'static str,
    pub severity: GapSeverity,
    /// What lacks something.
    pub item: Reference,
    /// Why it is a gap.
    #[schema(max_length = 1000)]
    pub explanation: String,
    /// What closes it.
    #[schema(max_length = 1000)]
    pub remedy: &'static str,
    /// The day that has passed.
    #[schema(value_type = Option<String>, format = Date)]
    pub due: Option<crate::model::Date>,
    /// What explains it further: what is taken down, what has changed, what waits for what. At most 50.
    #[schema(max_items = 50)]
    pub details: Vec<Reference>,
}

/// How many gaps a rule has found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GapCount {
    #[schema(max_length = 64)]
    pub code: &'static str,
    #[schema(minimum = 0, value_type = i64)]
    pub count: usize,
}

/// How many gaps there are.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct GapTotals {
    #[schema(minimum = 0, value_type = i64)]
    pub all: usize,
    #[schema(minimum = 0, value_type = i64)]
    pub critical: usize,
    #[schema(minimum = 0, value_type = i64)]
    pub major: usize,
    #[schema(minimum = 0, value_type = i64)]
    pub minor: usize,
    /// Of the codes that there are gaps of.
    #[schema(max_items = 100)]
    pub by_code: Vec<GapCount>,
}

/// A page of gaps.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GapList {
    #[schema(max_items = 500)]
    pub items: Vec<Gap>,
    /// Of all gaps that match, not only of this page.
    pub totals: GapTotals,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub next_cursor: Option<String>,
    /// The place in the ledger the answer is true at.
    #[schema(minimum = 0)]
    pub seq: i64,
}

/// A gap with its rule, before what explains it has been looked up.
#[derive(Debug, Clone)]
pub struct FoundGap {
    pub id: String,
    pub code: &'static str,
    pub remedy: &'static str,
    pub found: GapMatch,
}

/// Where a gap stands in the list: by severity, code, key of the item, and id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GapCursor(GapSeverity, String, String, String);

impl GapCursor {
    /// Opaque text for clients; it holds nothing that the list did not show.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
    pub fn decode(text: &str) -> Option<GapCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

impl FoundGap {
    pub fn cursor(&self) -> GapCursor {
        GapCursor(self.found.severity, self.code.to_owned(), self.found.item.key.clone(), self.id.clone())
    }
}

/// Every gap there is, in order.
pub fn find(facts: &Facts) -> Vec<FoundGap> {
    let told = |code: &'static str, remedy, found: GapMatch| {
        let digest = Sha256::digest(format!("{code} {}", found.item.id));
        FoundGap { id: hex::encode(&digest[..8]), code, remedy, found }
    };
    let mut all: Vec<FoundGap> = Vec::new();
    for rule in RULES {
        all.extend((rule.find)(facts).into_iter().map(|found| told(rule.code, rule.remedy, found)));
    }
    all.sort_by_cached_key(FoundGap::cursor);
    all
}

pub fn totals(all: &[FoundGap]) -> GapTotals {
    let mut totals = GapTotals { all: all.len(), ..GapTotals::default() };
    let mut codes: BTreeMap<&'static str, usize> = BTreeMap::new();
    for gap in all {
        *codes.entry(gap.code).or_default() += 1;
        *match gap.found.severity {
            GapSeverity::Critical => &mut totals.critical,
            GapSeverity::Major => &mut totals.major,
            GapSeverity::Minor => &mut totals.minor,
        } += 1;
    }
    totals.by_code = codes.into_iter().map(|(code, count)| GapCount { code, count }).collect();
    totals
}

/// Looks up what explains gaps: of those that are shown, for that of all could be long.
///
/// # Errors
/// When the database does not answer.
pub async fn details(conn: &mut Conn<'_>, view: &GraphView, facts: &Facts, all: Vec<FoundGap>) -> Result<Vec<Gap>> {
    let taken: Vec<Id> = all.iter().filter_map(|gap| measurement(&gap.found.details)).collect();
    // A measurement is never changed or deleted.
    let taken =
        if taken.is_empty() { Vec::new() } else { Measurement::find_all(conn, view.snapshot.organization, &taken).await? };
    let taken: HashMap<Id, Object<Measurement>> = taken.into_iter().map(|one| (one.meta.id, one)).collect();
    let explained: Vec<Vec<Id>> = all.iter().map(|gap| explaining(facts, &gap.found.details, &taken)).collect();
    let wanted: HashSet<Id> = explained.iter().flatten().copied().collect();
    let names = if wanted.is_empty() { HashMap::new() } else { view.snapshot.references(conn, &wanted).await? };
    let gap = |(told, ids): (FoundGap, Vec<Id>)| Gap {
        id: told.id,
        code: told.code,
        severity: told.found.severity,
        item: told.found.item,
        explanation: told.found.explanation,
        remedy: told.remedy,
        due: told.found.due,
        details: ids.iter().filter_map(|id| names.get(id).cloned()).collect(),
    };
    Ok(all.into_iter().zip(explained).map(gap).collect())
}

fn measurement(details: &Details) -> Option<Id> {
    if let Details::ChangedSince { measurement, .. } = details { Some(*measurement) } else { None }
}

fn explaining(facts: &Facts, details: &Details, taken: &HashMap<Id, Object<Measurement>>) -> Vec<Id> {
    let mut ids = match details {
        Details::These(ids) => ids.clone(),
        Details::TakenDownBy(node) => vital_functions(facts, *node),
        Details::ChangedSince { measurement, subject } => {
            let standing = facts.proofs.get(subject);
            let then = taken.get(measurement).map(|one| &one.body.fingerprint);
            let found = then.zip(standing).map(|(then, standing)| then.difference(&standing.fingerprint)).unwrap_or_default();
            let changes = standing.into_iter().flat_map(|standing| standing.changes.iter().copied());
            changes.chain(found.added).chain(found.removed).chain(found.changed).collect()
        }
    };
    ids.truncate(MAX_DETAILS);
    ids
}

/// The vital business functions that the loss of a node takes down, the most critical first.
fn vital_functions(facts: &Facts, node: usize) -> Vec<Id> {
    let landscape = &facts.landscape;
    let mut scratch = landscape.scratch();
    let impact = landscape.graph().impact(&mut scratch, &[node]);
    let down = impact.nodes().filter(|(node, state)| *state == State::Down && landscape.items()[*node].is_vital());
    let down = down.map(|(node, _)| node).collect();
    landscape.most_critical(down, MAX_DETAILS).into_iter().map(|node| landscape.items()[node].id).collect()
}

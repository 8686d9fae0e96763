//! What questions about the dependency graph have in common: from when it is looked at, what they are about, and the
//! working out where nobody waits for the thread.
use crate::collection::as_of::AsOf;
use crate::collection::draft::parse_strict;
use crate::collection::params::{as_of, reject_unknown};
use crate::graph::landscape::Landscape;
use crate::http::context::{Analyses, Reader, RequestContext};
use crate::http::{body, headers};
use crate::model::{Error, Faults, Id, Kind, Link, ListQuery, ObjectRef, Result, Timestamp};
use crate::store::audit::from_entry_of;
use crate::store::{Conn, Object, ReadPoint, ResourceHooks, Snapshot, past, resolve};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::sync::Arc;

/// Items a list of an answer holds, unless more or fewer are wanted.
pub const USUAL_ITEMS: usize = 500;
pub const MAX_ITEMS: usize = 10_000;
/// The kinds that can be lost.
pub const LOSABLE: &[Kind] = &[Kind::Component, Kind::Site, Kind::Supplier, Kind::Service, Kind::BusinessProcess];

/// The dependency graph from where somebody looks at it.
pub struct GraphView {
    pub landscape: Arc<Landscape>,
    /// The place in the ledger it shows.
    pub seq: i64,
    pub snapshot: Snapshot,
}

/// A reference in a question, with the kinds it may lead to.
pub struct QuestionRef<'a> {
    pub pointer: String,
    pub link: &'a Link,
    pub kinds: &'a [Kind],
}

/// The references of a list.
pub fn list_refs<'a>(field: &'a str, links: &'a [Link], kinds: &'a [Kind]) -> impl Iterator<Item = QuestionRef<'a>> {
    links.iter().enumerate().map(move |(index, link)| QuestionRef { pointer: format!("/{field}/{index}"), link, kinds })
}

impl GraphView {
    /// The graph as it is, or was at a moment.
    ///
    /// # Errors
    /// When the moment is not in the ledger, or the database does not answer.
    pub async fn of(conn: &mut Conn<'_>, snapshot: Snapshot, moment: Option<AsOf>) -> Result<GraphView> {
        let Some(moment) = moment else {
            let (landscape, seq) = snapshot.landscapes.current(conn, snapshot.organization).await?;
            return Ok(GraphView { landscape, seq, snapshot });
        };
        let (snapshot, seq) = moment.snapshot(conn, &snapshot).await?;
        let landscape = snapshot.landscapes.at(conn, &snapshot).await?;
        Ok(GraphView { landscape, seq, snapshot })
    }

    /// The objects that references lead to, in their order; what leads nowhere is a fault.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn resolve(&self, conn: &mut Conn<'_>, asked: &[QuestionRef<'_>], faults: &mut Faults) -> Result<Vec<Option<Id>>> {
        let mut wanted = HashSet::new();
        let spelled: Vec<Option<(ObjectRef, Option<Kind>)>> = asked.iter().map(|one| spelled(one.link)).collect();
        for (object_ref, _) in spelled.iter().flatten() {
            let known = matches!(object_ref, ObjectRef::Id(id) if self.landscape.node(*id).is_some());
            if !known {
                wanted.insert(object_ref.clone());
            }
        }
        let kinds: HashSet<Kind> = asked.iter().flat_map(|one| one.kinds).copied().collect();
        let kinds: Vec<Kind> = kinds.into_iter().collect();
        let mut found = if wanted.is_empty() {
            resolve::ResolvedRefs::new()
        } else {
            resolve::locate(conn, self.snapshot.organization, &kinds, &wanted).await?
        };
        if matches!(self.snapshot.place, ReadPoint::Past(_)) {
            self.of_then(&wanted, &mut found);
        }
        let mut all = Vec::with_capacity(asked.len());
        for (one, spelled) in asked.iter().zip(spelled) {
            all.push(self.lead(one, spelled, &found, faults));
        }
        Ok(all)
    }

    fn lead(
        &self,
        one: &QuestionRef<'_>,
        spelled: Option<(ObjectRef, Option<Kind>)>,
        found: &resolve::ResolvedRefs,
        faults: &mut Faults,
    ) -> Option<Id> {
        let Some((object_ref, kind)) = spelled else {
            faults.add(&one.pointer, "bad_format", "neither a UUID nor key:… nor ref:system:id");
            return None;
        };
        let own = match &object_ref {
            ObjectRef::Id(id) => self.landscape.node(*id).map(|node| (self.landscape.items()[node].kind, *id)),
            _ => None,
        };
        let there = found.get(&object_ref).map(Vec::as_slice).unwrap_or_default();
        let fits = |(own, _): &&(Kind, Id)| one.kinds.contains(own) && kind.is_none_or(|kind| kind == *own);
        let mut all: Vec<&(Kind, Id)> = own.iter().chain(there).filter(fits).collect();
        all.dedup();
        match all.as_slice() {
            [only] => Some(only.1),
            [] => {
                let kinds: Vec<&str> = one.kinds.iter().map(|kind| kind.collection()).collect();
                let detail = format!("{object_ref} is none of the organisation's {}", kinds.join(", "));
                faults.add(&one.pointer, "unknown_reference", detail);
                None
            }
            _ => {
                let detail = format!("{object_ref} stands in several kinds: send an object with id and kind");
                faults.add(&one.pointer, "ambiguous_reference", detail);
                None
            }
        }
    }

    /// Keys as they were then.
    fn of_then(&self, wanted: &HashSet<ObjectRef>, found: &mut resolve::ResolvedRefs) {
        let keys: HashSet<&str> =
            wanted.iter().filter_map(|one| if let ObjectRef::Key(key) = one { Some(key.as_str()) } else { None }).collect();
        for (object_ref, all) in found.iter_mut() {
            let was_there = |id: &Id| !matches!(object_ref, ObjectRef::Key(_)) && self.landscape.node(*id).is_some();
            all.retain(|(kind, id)| !LOSABLE.contains(kind) || was_there(id));
        }
        for item in self.landscape.items().iter().filter(|item| keys.contains(&*item.key)) {
            found.entry(ObjectRef::Key(item.key.to_string())).or_default().push((item.kind, item.id));
        }
    }

    /// All objects of a kind as they were then; `None` when the present is looked at.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn all_as_of<R: ResourceHooks>(&self, conn: &mut Conn<'_>) -> Result<Option<Vec<Object<R>>>> {
        let ReadPoint::Past(seq) = self.snapshot.place else { return Ok(None) };
        let entries = past::as_of(conn, self.snapshot.organization, &[R::KIND], seq, i64::MAX).await?;
        entries.iter().filter_map(|entry| from_entry_of::<R>(entry).transpose()).collect::<Result<Vec<_>>>().map(Some)
    }

    /// One object as it is, or was then.
    ///
    /// # Errors
    /// `NotFound` when it is not there.
    pub async fn load<R: ResourceHooks>(&self, conn: &mut Conn<'_>, id: Id) -> Result<Object<R>> {
        let org = self.snapshot.organization;
        let found = match self.snapshot.place {
            ReadPoint::Past(seq) => {
                let entries = past::entries_of_as_of(conn, org, &[id], seq).await?;
                entries.first().map(from_entry_of::<R>).transpose()?.flatten()
            }
            _ => R::find(conn, org, id).await?,
        };
        found.ok_or(Error::NotFound)
    }

    /// All objects of a kind as they are, or were then: one statement.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn all<R: ResourceHooks>(&self, conn: &mut Conn<'_>) -> Result<Vec<Object<R>>> {
        match self.all_as_of::<R>(conn).await? {
            Some(all) => Ok(all),
            None => R::page(conn, self.snapshot.organization, &ListQuery::first(usize::MAX)).await,
        }
    }
}

fn spelled(link: &Link) -> Option<(ObjectRef, Option<Kind>)> {
    match link {
        Link::Unresolved { text, kind } => ObjectRef::parse(text).map(|object_ref| (object_ref, *kind)),
        _ => link.id().map(|id| (ObjectRef::Id(id), None)),
    }
}

/// How much of the lists of an answer is wanted, and from when.
#[derive(Debug, Clone, Copy)]
pub struct AnalysisParams {
    pub limit: usize,
    pub moment: Option<AsOf>,
}

impl AnalysisParams {
    /// Reads `limit=` and `as_of=`, besides the parameters the operation knows.
    ///
    /// # Errors
    /// When a parameter is unknown or cannot be read.
    pub fn from_params(parameters: &[(String, String)], known: &[&str]) -> Result<AnalysisParams> {
        let all: Vec<&str> = known.iter().copied().chain(["limit", "as_of"]).collect();
        reject_unknown(parameters, &all)?;
        let limit = parameters.iter().find(|(name, _)| name == "limit").map(|(_, value)| value.parse::<usize>());
        let limit = match limit {
            None => USUAL_ITEMS,
            Some(Ok(limit)) if (1..=MAX_ITEMS).contains(&limit) => limit,
            Some(_) => {
                return Err(Error::malformed("invalid_parameter", format!("limit is an integer from 1 to {MAX_ITEMS}")));
            }
        };
        Ok(AnalysisParams { limit, moment: as_of(parameters)? })
    }
}

/// Reads a question and gives its answer.
///
/// # Errors
/// When the question cannot be read, and what the answer says.
pub async fn run_question<Q, A>(
    reader: Reader<Analyses>,
    request: HttpRequest,
    payload: Payload,
    answer: impl AsyncFnOnce(&mut Conn<'_>, &GraphView, Q, AnalysisParams) -> Result<A> + Send + 'static,
) -> Result<HttpResponse>
where
    Q: DeserializeOwned + utoipa::ToSchema + Send + 'static,
    A: Serialize + Send + 'static,
{
    let bounds = AnalysisParams::from_params(&headers::parameters(&request)?, &[])?;
    let question: Q = read_question(reader.caller(), &request, payload).await?;
    let caller = reader.caller().clone();
    let text = reader
        .scan(async move |conn, _| {
            let view = GraphView::of(conn, caller.snapshot(), bounds.moment).await?;
            let answer = answer(conn, &view, question, bounds).await?;
            serde_json::to_string(&answer).map_err(Error::internal)
        })
        .await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(text))
}

/// The body of a question.
///
/// # Errors
/// With every fault of it.
pub async fn read_question<Q>(caller: &RequestContext, request: &HttpRequest, payload: Payload) -> Result<Q>
where
    Q: DeserializeOwned + utoipa::ToSchema + 'static,
{
    body::require_content_type(request, &["application/json"])?;
    let limits = &caller.app().config.limits;
    let bytes = body::read(request, payload, limits.body_bytes, limits.request_seconds).await?;
    parse_strict(body::json(&bytes)?)
}

/// A moment so many seconds later; `None` where that is beyond the calendar.
pub fn later(from: Timestamp, seconds: i64) -> Option<Timestamp> {
    seconds.checked_mul(1_000_000).and_then(|micros| from.micros().checked_add(micros)).and_then(Timestamp::from_micros)
}

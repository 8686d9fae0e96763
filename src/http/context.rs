//! Who is asking, proven by the handler's own signature: a handler takes a [`Reader`] or a [`Writer`] of a resource, and
//! has no other way to the data. Extracting one checks the token and the permission.
use super::headers::Wishes;
use crate::app::App;
use crate::auth::{Action, Identity};
use crate::model::{Error, Id, Kind, Result, Spelling, Timestamp};
use crate::resources::organizations::{Organization, OrganizationStatus};
use crate::resources::{Lifecycle, Resource};
use crate::store::{Change, Conn, Place, Rows, Scene, Tx, resolve};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Arc;

/// The id of the request, as it stands in logs, answers and the ledger.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// A known caller, at work for one organisation.
#[derive(Clone)]
pub struct Caller {
    app: Data<App>,
    identity: Arc<Identity>,
    organization: Id,
    request_id: Arc<str>,
    now: Timestamp,
}

impl Caller {
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
    pub fn app(&self) -> &Data<App> {
        &self.app
    }
    pub fn now(&self) -> Timestamp {
        self.now
    }
    pub fn organization(&self) -> Id {
        self.organization
    }
    /// # Errors
    /// `Forbidden`, naming the permission.
    pub fn require(&self, collection: &str, action: Action) -> Result<()> {
        if self.identity.may(collection, action) {
            return Ok(());
        }
        Err(Error::Forbidden(format!("this needs the permission {}", crate::auth::roles::permission(collection, action))))
    }
    /// How this caller sees the organisation, as it is now.
    pub fn scene(&self) -> Scene<'_> {
        Scene { organization: self.organization, now: self.now, place: Place::Now, graphs: &self.app.graphs }
    }
    /// What stands in the ledger beside a change.
    fn change(&self, wishes: &Wishes) -> Change {
        Change {
            organization: self.organization,
            actor: self.identity.subject.clone(),
            request_id: self.request_id.to_string(),
            reason: wishes.reason.clone(),
            now: self.now,
            dry_run: wishes.dry_run,
            large: false,
            identity: Some(Arc::clone(&self.identity)),
        }
    }
    /// The same caller at work in the tenant of the organisations.
    fn in_system(mut self) -> Caller {
        self.organization = Id::SYSTEM;
        self
    }
}

/// Somebody with a sound token.
impl FromRequest for Caller {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Caller>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { identify(&request).await })
    }
}

async fn identify(request: &HttpRequest) -> Result<Caller> {
    let app = request.app_data::<Data<App>>().cloned().ok_or_else(|| Error::Internal("no application".into()))?;
    let mut all = request.headers().get_all(header::AUTHORIZATION);
    let missing = || Error::Unauthenticated("a bearer token is wanted".into());
    let (Some(value), None) = (all.next(), all.next()) else { return Err(missing()) };
    let text = value.to_str().map_err(|_| missing())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    let now = app.now();
    let identity = app.verifier.verify(token, now.seconds()).await.map_err(|rejection| {
        tracing::debug!(reason = rejection.reason(), "a token was refused");
        Error::Unauthenticated(rejection.detail().into())
    })?;
    let organization = organization(&app, &identity).await?;
    let request_id = request.extensions().get::<RequestId>().map_or_else(|| Arc::from(""), |id| Arc::clone(&id.0));
    Ok(Caller { app, identity, organization, request_id, now })
}

/// The organisation a token names. One named by the local issuer is made when it is not there: whoever holds that key
/// is the operator of the service.
async fn organization(app: &Data<App>, identity: &Arc<Identity>) -> Result<Id> {
    let named = &identity.organization;
    if let Some(id) = app.organizations.get(named) {
        return Ok(id);
    }
    let spelling = Id::parse(named).map_or_else(|| Spelling::Key(named.clone()), Spelling::Id);
    let found = app
        .store
        .read(async |conn| {
            let found = resolve::locate(conn, Id::SYSTEM, &[Kind::Organization], &HashSet::from([spelling.clone()])).await?;
            let Some((_, id)) = found.get(&spelling).and_then(|all| all.first()) else { return Ok(None) };
            Organization::find(conn, Id::SYSTEM, *id).await
        })
        .await?;
    let id = match found {
        Some(object) if object.body.status == OrganizationStatus::Suspended => {
            return Err(Error::Forbidden("the organisation is suspended".into()));
        }
        Some(object) => object.head.id,
        None if identity.local => app.create_organization(named, named, "first used by a token of the local issuer").await?.0,
        None => return Err(Error::Forbidden("the token's organisation is unknown here".into())),
    };
    app.organizations.insert(named.clone(), id);
    Ok(id)
}

/// What a permission is asked for: every kind of resource, and what concerns them all.
pub trait Scope: 'static {
    const COLLECTION: &'static str;
    /// Organisations live in a tenant of their own.
    const SYSTEM: bool = false;
    /// Whether the caller may do this at all; what it may be done to is another question.
    fn permits(identity: &Identity, action: Action) -> bool {
        identity.may(Self::COLLECTION, action)
    }
}

impl<R: Resource> Scope for R {
    const COLLECTION: &'static str = R::KIND.collection();
    const SYSTEM: bool = matches!(R::KIND, Kind::Organization);
}

/// Moves between states, each of which needs a permission of its own.
pub struct Moves<R>(PhantomData<R>);
impl<R: Lifecycle> Scope for Moves<R> {
    const COLLECTION: &'static str = R::KIND.collection();
    fn permits(identity: &Identity, _: Action) -> bool {
        R::MOVES.iter().any(|one| identity.may(Self::COLLECTION, one.action))
    }
}

/// Reports on the whole organisation.
pub struct Reports;
impl Scope for Reports {
    const COLLECTION: &'static str = "reports";
}

/// Questions asked of the dependency graph.
pub struct Analyses;
impl Scope for Analyses {
    const COLLECTION: &'static str = "analyses";
}

/// Batches; each row is checked for its own collection too.
pub struct Batches;
impl Scope for Batches {
    const COLLECTION: &'static str = "batch";
}

/// The ledger: the change feed.
pub struct Ledger;
impl Scope for Ledger {
    const COLLECTION: &'static str = "changes";
}

/// May read within a scope.
pub struct Reader<S>(Caller, PhantomData<S>);
/// May write within a scope; the only way to [`Writer::write`].
pub struct Writer<S>(Caller, PhantomData<S>);

async fn permitted<S: Scope>(request: HttpRequest, action: Action) -> Result<Caller> {
    let caller = identify(&request).await?;
    if !S::permits(caller.identity(), action) {
        caller.require(S::COLLECTION, action)?;
    }
    Ok(if S::SYSTEM { caller.in_system() } else { caller })
}

impl<S: Scope> FromRequest for Reader<S> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Reader<S>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = permitted::<S>(request.clone(), Action::Read);
        Box::pin(async move { Ok(Reader(caller.await?, PhantomData)) })
    }
}

impl<S: Scope> FromRequest for Writer<S> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Writer<S>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = permitted::<S>(request.clone(), Action::Write);
        Box::pin(async move { Ok(Writer(caller.await?, PhantomData)) })
    }
}

impl<S> Reader<S> {
    pub fn caller(&self) -> &Caller {
        &self.0
    }
    pub async fn read<T>(&self, queries: impl AsyncFnOnce(&mut Conn<'_>, Id) -> Result<T>) -> Result<T> {
        let org = self.0.organization;
        self.0.app.store.read(async |conn| queries(conn, org).await).await
    }
    /// For what takes longer than a page.
    pub async fn scan<T: Send + 'static>(
        &self,
        queries: impl AsyncFnOnce(&mut Conn<'_>, Id) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let org = self.0.organization;
        self.0.app.store.scan(async move |conn| queries(conn, org).await).await
    }
}

/// What touches more objects than this has a transaction of its own.
const LARGE: usize = 100;

impl<S: Scope> Writer<S> {
    pub fn caller(&self) -> &Caller {
        &self.0
    }
    /// Makes one change that touches so many objects.
    pub async fn write<T: Send + 'static>(
        &self,
        wishes: &Wishes,
        objects: usize,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let change = Change { large: objects > LARGE, ..self.0.change(wishes) };
        let done = self.0.app.store.write(change, work).await;
        if S::SYSTEM {
            // A suspension counts at once here; other instances see it when their memory runs out.
            self.0.app.organizations.invalidate_all();
        }
        done
    }
}

//! Who is asking, proven by the handler's own signature: a handler takes a [`Reader`] or a [`Writer`] of a resource, and
//! has no other way to the data. Extracting one checks the token and the permission.
use super::bearer::{Refused, bearer, in_time};
use super::headers::WriteOptions;
use super::state::{State, Tenant};
use crate::auth::Identity;
use crate::model::{Action, Error, Id, Kind, ObjectRef, Resource, Result, Timestamp, Visibility, permission};
use crate::store::{AnyKind, Conn, ReadPoint, Snapshot, Tx, WriteContext};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretString};
use std::marker::PhantomData;
use std::sync::Arc;

/// The id of the request, as it stands in logs, answers and the ledger.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

/// Who called, for the line of the log.
pub struct Caller(pub Arc<Identity>);

/// Why a request was refused, in one word for the log; the caller is told less.
#[derive(Clone, Copy)]
pub struct Refusal(pub &'static str);

fn refused(request: &HttpRequest, word: &'static str, error: Error) -> Error {
    request.extensions_mut().insert(Refusal(word));
    error
}

/// A known caller, at work for one organisation.
#[derive(Clone)]
pub struct RequestContext {
    app: Data<State>,
    identity: Arc<Identity>,
    organization: Id,
    request_id: Arc<str>,
    now: Timestamp,
    visibility: Visibility,
}

impl RequestContext {
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
    pub fn app(&self) -> &Data<State> {
        &self.app
    }
    pub fn now(&self) -> Timestamp {
        self.now
    }
    pub fn organization(&self) -> Id {
        self.organization
    }
    /// What of an answer this caller may see.
    pub fn visibility(&self) -> &Visibility {
        &self.visibility
    }
    /// # Errors
    /// `Forbidden`, naming the permission.
    pub fn require(&self, collection: &str, action: Action) -> Result<()> {
        if self.identity.may(collection, action) {
            return Ok(());
        }
        Err(Error::Forbidden(format!("this needs the permission {}", permission(collection, action))))
    }
    /// How this caller sees the organisation, as it is now.
    pub fn snapshot(&self) -> Snapshot {
        let landscapes = Arc::clone(&self.app.landscapes);
        let visibility = self.visibility.clone();
        Snapshot { organization: self.organization, now: self.now, place: ReadPoint::Now, landscapes, visibility }
    }
    /// What stands in the ledger beside a change.
    fn change(&self, write_options: &WriteOptions) -> WriteContext {
        WriteContext {
            organization: self.organization,
            actor: self.identity.subject.clone(),
            request_id: self.request_id.to_string(),
            reason: write_options.reason.clone(),
            now: self.now,
            dry_run: write_options.dry_run,
            large: false,
            identity: Some(Arc::clone(&self.identity)),
            visibility: self.visibility.clone(),
        }
    }
    /// For what outlasts a request: whether what it showed still counts and the organisation still lets the caller in.
    ///
    /// # Errors
    /// `Forbidden` when not.
    pub async fn readmit(&self, shown: &SecretString) -> Result<()> {
        let bearer = bearer(&self.app, shown.expose_secret(), self.app.now()).await;
        bearer.map_err(|refusal| match refusal {
            Refused::Word(_, detail) => Error::Forbidden(detail.into()),
            Refused::Fault(error) => error,
        })?;
        match organization(&self.app, None, &self.identity).await? {
            id if id == self.organization => Ok(()),
            _ => Err(Error::Forbidden("the organisation is another one".into())),
        }
    }
    /// The same caller at work in the tenant of the organisations.
    fn in_system(mut self) -> RequestContext {
        self.organization = Id::SYSTEM;
        self
    }
}

/// Somebody with a sound token.
impl FromRequest for RequestContext {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<RequestContext>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authenticate(&request).await })
    }
}

/// The token or API key that a request shows, and no other beside it.
fn shown(request: &HttpRequest) -> Option<&str> {
    let mut all = request.headers().get_all(header::AUTHORIZATION);
    let (Some(value), None) = (all.next(), all.next()) else { return None };
    let (scheme, token) = value.to_str().map_or(None, |text| text.split_once(' '))?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The same, to be looked at again by what outlasts the request.
pub fn kept_bearer(request: &HttpRequest) -> SecretString {
    SecretString::from(shown(request).unwrap_or_default())
}

async fn authenticate(request: &HttpRequest) -> Result<RequestContext> {
    let app = request.app_data::<Data<State>>().cloned().ok_or_else(|| Error::Internal("no application".into()))?;
    let missing = || refused(request, "no_token", Error::Unauthenticated("a bearer token is wanted".into()));
    let token = shown(request).ok_or_else(missing)?;
    let now = app.now();
    let identity = bearer(&app, token, now).await;
    let identity = identity.map_err(|refusal| match refusal {
        Refused::Word(word, detail) => refused(request, word, Error::Unauthenticated(detail.into())),
        Refused::Fault(error) => error,
    })?;
    request.extensions_mut().insert(Caller(Arc::clone(&identity)));
    app.rate_limits.take(&identity.organization, &identity.subject)?;
    let organization = organization(&app, Some(request), &identity).await?;
    let request_id = request.extensions().get::<RequestId>().map_or_else(|| Arc::from(""), |id| Arc::clone(&id.0));
    let visibility = Visibility::without(identity.hidden());
    if !visibility.is_whole() {
        request.extensions_mut().insert(visibility.clone());
    }
    Ok(RequestContext { app, identity, organization, request_id, now, visibility })
}

/// The organisation a token names. One named by the local issuer is made when it is not there: whoever holds that key
/// is the operator of the service.
///
/// Asked again for what outlasts its request (`request` is none then), it is made no more.
async fn organization(app: &Data<State>, request: Option<&HttpRequest>, identity: &Identity) -> Result<Id> {
    let named = &identity.organization;
    if let Some(id) = app.organizations.get(named) {
        return Ok(id);
    }
    let look_up = app.store.read(async |conn| app.tenants.find(conn, &ObjectRef::Key(named.clone())).await);
    let found = in_time(app, look_up).await?;
    let forbidden = |word, detail: &str| {
        let error = Error::Forbidden(detail.into());
        Err(match request {
            Some(request) => refused(request, word, error),
            None => error,
        })
    };
    let id = match found {
        Some(Tenant { suspended: true, .. }) => return forbidden("suspended", "the organisation is suspended"),
        Some(Tenant { id, .. }) => id,
        None if request.is_none() => return forbidden("unknown_organization", "the organisation is gone"),
        None if identity.local => app.create_organization(named, named, "first used by a token of the local issuer").await?.0,
        None => return forbidden("unknown_organization", "the token's organisation is unknown here"),
    };
    app.organizations.insert(named.clone(), id);
    Ok(id)
}

/// What a permission is asked for, found out for each request.
pub struct Target {
    pub collection: &'static str,
    /// Of the routes of a kind: which.
    kind: Option<&'static dyn AnyKind>,
    /// Any of these will do, where it is not the action of the extractor.
    actions: Option<Vec<Action>>,
}

impl Target {
    const fn plain(collection: &'static str) -> Target {
        Target { collection, kind: None, actions: None }
    }
    /// Organisations live in a tenant of their own.
    fn is_system(&self) -> bool {
        self.collection == Kind::Organization.collection()
    }
}

/// What a permission is asked for: a kind of resource, or what concerns them all.
pub trait PermissionTarget: 'static {
    /// # Errors
    /// When the route does not say it.
    fn target(request: &HttpRequest) -> Result<Target>;
}

impl<R: Resource> PermissionTarget for R {
    fn target(_: &HttpRequest) -> Result<Target> {
        Ok(Target::plain(R::KIND.collection()))
    }
}

/// The kind whose routes these are, among the data of each of them: see [`Api::add_of`](super::routes::Api::add_of).
#[derive(Clone, Copy)]
pub struct RouteKind(pub &'static dyn AnyKind);

/// The kind of the route.
pub struct OfKind;
impl PermissionTarget for OfKind {
    fn target(request: &HttpRequest) -> Result<Target> {
        let RouteKind(kind) = request.app_data::<RouteKind>().ok_or_else(|| Error::Internal("a route of no kind".into()))?;
        Ok(Target { kind: Some(*kind), ..Target::plain(kind.info().collection()) })
    }
}

/// Moves between the states of the kind of the route, each of which needs a permission of its own: whoever has one of them
/// gets in, and is asked again for the move itself.
pub struct Transitions;
impl PermissionTarget for Transitions {
    fn target(request: &HttpRequest) -> Result<Target> {
        let target = OfKind::target(request)?;
        let lifecycle = target.kind.and_then(AnyKind::lifecycle);
        let actions = lifecycle.map(|lifecycle| lifecycle.moves().into_iter().map(|one| one.action).collect());
        Ok(Target { actions, ..target })
    }
}

/// Erasing objects of a kind: a right that writing does not contain, nor needs.
pub struct Erasures<R>(PhantomData<R>);
impl<R: Resource> PermissionTarget for Erasures<R> {
    fn target(_: &HttpRequest) -> Result<Target> {
        Ok(Target { actions: Some(vec![Action::Erase]), ..Target::plain(R::KIND.collection()) })
    }
}

/// Reports on the whole organisation.
pub struct Reports;
impl PermissionTarget for Reports {
    fn target(_: &HttpRequest) -> Result<Target> {
        Ok(Target::plain("reports"))
    }
}

/// Questions asked of the dependency graph.
pub struct Analyses;
impl PermissionTarget for Analyses {
    fn target(_: &HttpRequest) -> Result<Target> {
        Ok(Target::plain("analyses"))
    }
}

/// Batches; each row is checked for its own collection too.
pub struct Batches;
impl PermissionTarget for Batches {
    fn target(_: &HttpRequest) -> Result<Target> {
        Ok(Target::plain("batch"))
    }
}

/// The ledger: the change feed.
pub struct Ledger;
impl PermissionTarget for Ledger {
    fn target(_: &HttpRequest) -> Result<Target> {
        Ok(Target::plain("changes"))
    }
}

/// May read within a scope.
pub struct Reader<S>(RequestContext, Target, PhantomData<S>);
/// May write within a scope; the only way to [`Writer::write`].
pub struct Writer<S>(RequestContext, Target, PhantomData<S>);

async fn authorize<S: PermissionTarget>(request: HttpRequest, action: Action) -> Result<(RequestContext, Target)> {
    let target = S::target(&request)?;
    let caller = authenticate(&request).await?;
    let permits = |action: &Action| caller.identity().may(target.collection, *action);
    if !target.actions.as_ref().is_some_and(|actions| actions.iter().any(permits)) {
        caller.require(target.collection, action)?;
    }
    Ok((if target.is_system() { caller.in_system() } else { caller }, target))
}

impl<S: PermissionTarget> FromRequest for Reader<S> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Reader<S>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let permitted = authorize::<S>(request.clone(), Action::Read);
        Box::pin(async move { permitted.await.map(|(caller, target)| Reader(caller, target, PhantomData)) })
    }
}

impl<S: PermissionTarget> FromRequest for Writer<S> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Writer<S>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let permitted = authorize::<S>(request.clone(), Action::Write);
        Box::pin(async move { permitted.await.map(|(caller, target)| Writer(caller, target, PhantomData)) })
    }
}

impl<S> Reader<S> {
    pub fn caller(&self) -> &RequestContext {
        &self.0
    }
    /// The kind of the route.
    ///
    /// # Errors
    /// When it is the route of none.
    pub fn kind(&self) -> Result<&'static dyn AnyKind> {
        self.1.kind.ok_or_else(|| Error::Internal("a route of no kind".into()))
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
        let place = self.0.app.scans.take(org, &self.0.identity.subject).await?;
        let queries = async move |conn: &mut Conn<'_>| {
            // Held to the end of the work, which goes on when the client has gone.
            let _place = place;
            queries(conn, org).await
        };
        self.0.app.store.scan(queries).await
    }
}

/// What touches more objects than this has a transaction of its own.
const LARGE: usize = 100;

impl<S> Writer<S> {
    pub fn caller(&self) -> &RequestContext {
        &self.0
    }
    /// The kind of the route.
    ///
    /// # Errors
    /// When it is the route of none.
    pub fn kind(&self) -> Result<&'static dyn AnyKind> {
        self.1.kind.ok_or_else(|| Error::Internal("a route of no kind".into()))
    }
    /// Makes one change that touches so many objects.
    pub async fn write<T: Send + 'static>(
        &self,
        write_options: &WriteOptions,
        objects: usize,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let change = WriteContext { large: objects > LARGE, ..self.0.change(write_options) };
        let done = self.0.app.store.write(change, work).await;
        if self.1.is_system() {
            // A suspension counts at once here; other instances see it when their memory runs out.
            self.0.app.organizations.invalidate_all();
        }
        if [Kind::ApiKey.collection(), "batch"].contains(&self.1.collection) {
            self.0.app.api_keys.forget();
        }
        done
    }
}

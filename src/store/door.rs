//! The ways from a kind the code knows to whichever kind: thin, for this is what is compiled for each of them.
use super::cell::Cells;
use super::conn::Conn;
use super::insert::{Inserts, ReadRow, Row};
use super::kind::{AnyKind, AnyLifecycle, AnyMove, AnyPlanned, AnyTerms, Guards, KindInfo, KindSchemas, Unreadable};
use super::object::{AnyObject, Object};
use super::rows::{PlannedChange, ResourceHooks, TransitionHooks};
use super::select::Table;
use super::snapshot::Snapshot;
use super::tx::Tx;
use super::update::Updates;
use crate::auth::{Caller, Identity};
use crate::graph::builder::Item;
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{Error, Faults, Id, ObjectMeta, Resource, Result, StringEnum, Timestamp, TransitionContext, fields};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};
use std::marker::PhantomData;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A kind the code knows, as one of them all.
pub const fn kind_of<R: ResourceHooks>() -> &'static dyn AnyKind {
    &Door::<R>::NEW
}

/// The way from [`AnyKind`] to a [`Resource`].
pub struct Door<R>(PhantomData<fn() -> R>);

impl<R> Door<R> {
    pub const NEW: Door<R> = Door(PhantomData);
}

impl<R: ResourceHooks> Door<R> {
    const INFO: KindInfo = KindInfo {
        kind: R::KIND,
        table: Table { name: R::TABLE, columns: <R::Row as Row>::COLUMNS },
        schema: R::SCHEMA,
        rights: R::RIGHTS,
        named: R::NAME_REQUIRED,
        label: R::LABEL,
        owned: R::READ_ONLY,
        unpatched: R::NOT_PATCHABLE,
        lists: R::LINK_LISTS,
        created: R::CLIENTS_CREATE,
        changed: R::CLIENTS_UPDATE,
        deleted: R::CLIENTS_DELETE,
        single: R::SINGLETON,
        effective: R::BEARS_OBJECTIVES,
        affects_objectives: R::AFFECTS_OBJECTIVES,
        dependent: R::DEPENDENT,
        provider: R::PROVIDER,
        in_graph: R::IN_GRAPH,
        batched: R::BATCHED,
        node: R::NODE,
        filters: R::FILTERS,
        live: R::UNCACHED,
        heavy: R::SLOW_DERIVED,
        pointers: R::POINTERS,
        is_derived: R::is_derived,
        fields: fields::<R>,
    };
}

fn typed<'a, R: Resource>(objects: &[&'a AnyObject]) -> Result<Vec<&'a Object<R>>> {
    objects.iter().map(|object| object.typed()).collect()
}

fn unnamed<R: Resource>(body: R) -> AnyObject {
    Object::new(ObjectMeta::new(Id::SYSTEM, R::KIND, String::new(), Timestamp::EPOCH, ""), body).into()
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let one = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(one).collect()
}

/// Reads a value of any type, with a pointer to what is wrong with it.
///
/// # Errors
/// When it is none.
pub fn read<T: serde::de::DeserializeOwned>(value: Value) -> std::result::Result<T, Unreadable> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| Unreadable { pointer: pointer(error.path()), detail: error.inner().to_string() })
}

impl<R: ResourceHooks> AnyKind for Door<R> {
    fn info(&self) -> &'static KindInfo {
        &Self::INFO
    }
    fn schemas(&self) -> KindSchemas {
        let mut nested = Vec::new();
        R::schemas(&mut nested);
        R::Derived::schemas(&mut nested);
        KindSchemas { body: R::schema(), derived: R::Derived::schema(), nested }
    }
    fn example(&self) -> Value {
        R::example()
    }
    fn read(&self, value: Value) -> std::result::Result<AnyObject, Unreadable> {
        read::<R>(value).map(unnamed)
    }
    fn read_record(&self, meta: ObjectMeta, value: Value) -> Result<AnyObject> {
        let body: R = serde_json::from_value(value).map_err(Error::internal)?;
        Ok(Object::new(meta, body).into())
    }
    fn decode(&self, meta: ObjectMeta, cells: &mut Cells) -> Result<AnyObject> {
        Ok(Object::new(meta, R::from_row(R::Row::read(cells)?)).into())
    }
    fn fill_node(&self, object: &AnyObject, item: &mut Item) -> Result<()> {
        object.typed::<R>()?.body.fill_node(item);
        Ok(())
    }
    fn insert(&self, inserts: &mut Inserts, org: Id, objects: &[&AnyObject]) -> Result<()> {
        inserts.add(typed::<R>(objects)?.into_iter().map(|one| R::to_row(org, &one.meta, &one.body)))
    }
    fn update(&self, updates: &mut Updates, org: Id, old: &AnyObject, new: &AnyObject) -> Result<()> {
        let (old, new) = (old.typed::<R>()?, new.typed::<R>()?);
        updates.add(R::to_row(org, &old.meta, &old.body), R::to_row(org, &new.meta, &new.body))
    }
    fn validate_set<'a>(&'a self, tx: &'a mut Tx, all: &'a mut Vec<AnyPlanned>) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut planned = Vec::with_capacity(all.len());
            for AnyPlanned { old, new, generated, fault } in all.drain(..) {
                let old = old.map(AnyObject::into_typed::<R>).transpose()?;
                planned.push(PlannedChange { old, new: new.into_typed()?, generated, fault });
            }
            R::validate_set(tx, &mut planned).await?;
            all.extend(planned.into_iter().map(|PlannedChange { old, new, generated, fault }| AnyPlanned {
                old: old.map(AnyObject::from),
                new: new.into(),
                generated,
                fault,
            }));
            Ok(())
        })
    }
    fn after_write<'a>(&'a self, tx: &'a mut Tx, written: &'a [&'a AnyObject]) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move { R::after_write(tx, &typed(written)?).await })
    }
    fn after_audit<'a>(&'a self, tx: &'a mut Tx, created: &'a [&'a AnyObject]) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move { R::after_audit(tx, &typed(created)?).await })
    }
    fn is_assigned<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        identity: &'a Identity,
        objects: &'a [&'a AnyObject],
    ) -> LocalBoxFuture<'a, Result<Vec<bool>>> {
        Box::pin(async move { R::is_assigned(conn, org, identity, &typed(objects)?).await })
    }
    fn compute_derived<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        snapshot: &'a Snapshot,
        objects: &'a mut Vec<AnyObject>,
    ) -> LocalBoxFuture<'a, Result<()>> {
        if size_of::<R::Derived>() == 0 {
            return Box::pin(std::future::ready(Ok(())));
        }
        Box::pin(async move {
            let mut all = objects.drain(..).map(AnyObject::into_typed).collect::<Result<Vec<Object<R>>>>()?;
            R::compute_derived(conn, snapshot, &mut all).await?;
            objects.extend(all.into_iter().map(AnyObject::from));
            Ok(())
        })
    }
    fn before_delete<'a>(&'a self, tx: &'a mut Tx, ids: &'a [Id]) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(R::before_delete(tx, ids))
    }
    fn exposing<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        snapshot: &'a Snapshot,
        ids: &'a [Id],
    ) -> LocalBoxFuture<'a, Result<Vec<Id>>> {
        Box::pin(R::exposing(conn, snapshot, ids))
    }
    fn lifecycle(&self) -> Option<&'static dyn AnyLifecycle> {
        R::lifecycle()
    }
}

/// The way from [`AnyLifecycle`] to a [`Lifecycle`](crate::model::Lifecycle).
pub struct LifeDoor<R>(PhantomData<fn() -> R>);

impl<R> LifeDoor<R> {
    pub const NEW: LifeDoor<R> = LifeDoor(PhantomData);
}

impl<R: TransitionHooks> LifeDoor<R> {
    fn word(to: &str) -> Result<R::Status> {
        R::Status::from_word(to).ok_or_else(|| Error::Internal(format!("{to} is no status")))
    }
    fn terms(terms: &AnyTerms) -> Result<&R::Terms> {
        terms.downcast_ref().ok_or_else(|| Error::Internal("terms of another kind".into()))
    }
}

impl<R: TransitionHooks> AnyLifecycle for LifeDoor<R> {
    fn statuses(&self) -> Vec<&'static str> {
        R::Status::ALL.iter().map(|word| word.as_str()).collect()
    }
    fn moves(&self) -> Vec<AnyMove> {
        let words = |all: &[R::Status]| all.iter().map(|word| word.as_str()).collect();
        R::TRANSITIONS.iter().map(|one| AnyMove { from: words(one.from), to: one.to.as_str(), action: one.action }).collect()
    }
    fn status(&self, object: &AnyObject) -> Result<&'static str> {
        Ok(object.typed::<R>()?.body.status().as_str())
    }
    fn terms_schema(&self) -> RefOr<Schema> {
        R::Terms::schema()
    }
    fn read_terms(&self, members: Map<String, Value>) -> std::result::Result<AnyTerms, String> {
        serde_json::from_value::<R::Terms>(Value::Object(members))
            .map(|terms| Box::new(terms) as AnyTerms)
            .map_err(|error| error.to_string())
    }
    fn guards<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        object: &'a AnyObject,
        caller: Caller<'a>,
        to: &'a [&'static str],
    ) -> LocalBoxFuture<'a, Result<Vec<Guards>>> {
        Box::pin(async move {
            let object = object.typed::<R>()?;
            let facts = R::facts(conn, org, object, caller).await?;
            let one = |to: &&'static str| {
                let to = Self::word(to)?;
                Ok(Guards { barred: object.body.guards(to, &facts), warned: object.body.warnings(to, &facts) })
            };
            to.iter().map(one).collect()
        })
    }
    fn default_terms<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        to: &'a str,
        terms: &'a mut AnyTerms,
        caller: Caller<'a>,
    ) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let terms = terms.downcast_mut().ok_or_else(|| Error::Internal("terms of another kind".into()))?;
            R::default_terms(conn, org, Self::word(to)?, terms, caller).await
        })
    }
    fn entered(&self, object: &AnyObject, to: &str, terms: &AnyTerms, context: &TransitionContext) -> Result<AnyObject> {
        let old = object.typed::<R>()?;
        let mut body = old.body.clone();
        body.apply(Self::word(to)?, Self::terms(terms)?, context);
        Ok(Object::new(old.meta.clone(), body).into())
    }
    fn check_terms(
        &self,
        object: &AnyObject,
        to: &str,
        terms: &AnyTerms,
        context: &TransitionContext,
        faults: &mut Faults,
    ) -> Result<()> {
        object.typed::<R>()?.body.check_terms(Self::word(to)?, Self::terms(terms)?, context, faults);
        Ok(())
    }
    fn after_transition<'a>(
        &'a self,
        tx: &'a mut Tx,
        new: AnyObject,
        terms: &'a AnyTerms,
    ) -> LocalBoxFuture<'a, Result<(AnyObject, ObjectiveChanges)>> {
        Box::pin(async move {
            let mut new = new.into_typed::<R>()?;
            let changes = R::after_transition(tx, &mut new, Self::terms(terms)?).await?;
            Ok((new.into(), changes))
        })
    }
}

//! Kinds behind one object-safe trait: handlers, lists, the write path, moves and the document are compiled once and
//! reach a kind through it.
use super::cell::Cells;
use super::conn::Conn;
use super::insert::Inserts;
use super::node::NodeColumns;
use super::object::AnyObject;
use super::select::Table;
use super::snapshot::Snapshot;
use super::tx::Tx;
use super::update::Updates;
use crate::auth::{Caller, Identity};
use crate::graph::builder::Item;
use crate::graph::objectives::ObjectiveChanges;
use crate::model::{
    Action, Error, Faults, Field, Filter, Id, Kind, ObjectMeta, Reason, Result, Rights, StringEnum, TransitionContext,
};
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};
use std::any::Any;
use utoipa::openapi::{RefOr, Schema};

/// What is special about a kind, as plain data: the constants of its [`Resource`].
pub struct KindInfo {
    pub kind: Kind,
    pub table: Table,
    /// The name of the schema in the document.
    pub schema: &'static str,
    pub rights: Rights,
    pub named: bool,
    pub label: &'static str,
    pub owned: &'static [&'static str],
    pub unpatched: &'static [&'static str],
    pub lists: &'static [&'static str],
    pub created: bool,
    pub changed: bool,
    pub deleted: bool,
    pub single: bool,
    pub effective: bool,
    pub affects_objectives: bool,
    pub dependent: bool,
    pub provider: bool,
    pub in_graph: bool,
    pub batched: bool,
    /// What the dependency graph reads of its rows, where its objects are nodes.
    pub node: NodeColumns,
    pub filters: &'static [Filter],
    pub live: bool,
    pub heavy: bool,
    /// Tables and columns that point to objects.
    pub pointers: &'static [(&'static str, &'static str, &'static str)],
    pub is_derived: fn(&str) -> bool,
    pub fields: fn() -> [&'static [Field]; 4],
}

impl KindInfo {
    /// The path of the collection below `/api/v1`.
    pub const fn collection(&self) -> &'static str {
        self.kind.collection()
    }
    /// Whether it may stand in mappings: its objects are the nodes of the dependency graph.
    pub const fn is_node(&self) -> bool {
        self.dependent || self.provider
    }
}

/// The schemas of a kind: its own fields, what is derived, and what both refer to.
pub struct KindSchemas {
    pub body: RefOr<Schema>,
    pub derived: RefOr<Schema>,
    pub nested: Vec<(String, RefOr<Schema>)>,
}

/// What cannot be read of an object, and where.
#[derive(Debug)]
pub struct Unreadable {
    /// JSON pointer.
    pub pointer: String,
    pub detail: String,
}

/// One change of a set: see [`Planned`](super::PlannedChange).
#[derive(Debug)]
pub struct AnyPlanned {
    pub old: Option<AnyObject>,
    pub new: AnyObject,
    /// Its key is a number that was never given out before.
    pub generated: bool,
    /// Why it cannot be written.
    pub fault: Option<Error>,
}

/// A kind of object. Whatever is handed to it is of this kind; what is not is an internal error.
pub trait AnyKind: Send + Sync + 'static {
    fn info(&self) -> &'static KindInfo;
    fn schemas(&self) -> KindSchemas;
    /// A draft for the document.
    fn example(&self) -> Value;
    /// The own fields out of JSON, under a head that says nothing yet.
    fn read(&self, value: Value) -> std::result::Result<AnyObject, Unreadable>;
    /// As [`AnyKind::read`], of what was read before and needs no pointer to what is wrong.
    fn read_record(&self, meta: ObjectMeta, value: Value) -> Result<AnyObject>;
    /// An object out of its own row; the head's columns have been taken.
    fn decode(&self, meta: ObjectMeta, cells: &mut Cells) -> Result<AnyObject>;
    /// See [`ResourceHooks::fill_node`](super::ResourceHooks::fill_node).
    fn fill_node(&self, object: &AnyObject, item: &mut Item) -> Result<()>;
    /// Adds their own rows.
    fn insert(&self, inserts: &mut Inserts, org: Id, objects: &[&AnyObject]) -> Result<()>;
    /// Adds what is different in their own row.
    fn update(&self, updates: &mut Updates, org: Id, old: &AnyObject, new: &AnyObject) -> Result<()>;
    /// See [`Stored::validate_set`](super::ResourceHooks::validate_set).
    fn validate_set<'a>(&'a self, tx: &'a mut Tx, planned: &'a mut Vec<AnyPlanned>) -> LocalBoxFuture<'a, Result<()>>;
    /// See [`Stored::after_write`](super::ResourceHooks::after_write).
    fn after_write<'a>(&'a self, tx: &'a mut Tx, written: &'a [&'a AnyObject]) -> LocalBoxFuture<'a, Result<()>>;
    /// See [`Stored::after_audit`](super::ResourceHooks::after_audit).
    fn after_audit<'a>(&'a self, tx: &'a mut Tx, created: &'a [&'a AnyObject]) -> LocalBoxFuture<'a, Result<()>>;
    /// See [`Stored::is_assigned`](super::ResourceHooks::is_assigned).
    fn is_assigned<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        identity: &'a Identity,
        objects: &'a [&'a AnyObject],
    ) -> LocalBoxFuture<'a, Result<Vec<bool>>>;
    /// See [`Stored::compute_derived`](super::ResourceHooks::compute_derived).
    fn compute_derived<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        snapshot: &'a Snapshot,
        objects: &'a mut Vec<AnyObject>,
    ) -> LocalBoxFuture<'a, Result<()>>;
    /// See [`Stored::before_delete`](super::ResourceHooks::before_delete).
    fn before_delete<'a>(&'a self, tx: &'a mut Tx, ids: &'a [Id]) -> LocalBoxFuture<'a, Result<()>>;
    /// See [`Stored::exposing`](super::ResourceHooks::exposing).
    fn exposing<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        snapshot: &'a Snapshot,
        ids: &'a [Id],
    ) -> LocalBoxFuture<'a, Result<Vec<Id>>>;
    /// The moves between states, where the kind has any.
    fn lifecycle(&self) -> Option<&'static dyn AnyLifecycle>;
}

/// One move of a kind.
#[derive(Debug, Clone)]
pub struct AnyMove {
    pub from: Vec<&'static str>,
    pub to: &'static str,
    pub action: Action,
}

/// Terms of a move, of a type that only the kind knows.
pub type AnyTerms = Box<dyn Any + Send + Sync>;

/// Whether a move is open, and what should be known before it is made.
#[derive(Debug, Default)]
pub struct Guards {
    /// What is missing; nothing when the move is open.
    pub barred: Vec<Reason>,
    pub warned: Vec<Reason>,
}

/// The states of a kind and the moves between them. States are words of the kind's own list.
pub trait AnyLifecycle: Send + Sync + 'static {
    fn statuses(&self) -> Vec<&'static str>;
    fn moves(&self) -> Vec<AnyMove>;
    /// The state of an object.
    fn status(&self, object: &AnyObject) -> Result<&'static str>;
    /// The schema of what a move may carry besides the status to go to.
    fn terms_schema(&self) -> RefOr<Schema>;
    /// Reads terms.
    fn read_terms(&self, members: Map<String, Value>) -> std::result::Result<AnyTerms, String>;
    /// For each of some states: whether the conditions of a move there are met. Asked only of moves that there are.
    fn guards<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        object: &'a AnyObject,
        caller: Caller<'a>,
        to: &'a [&'static str],
    ) -> LocalBoxFuture<'a, Result<Vec<Guards>>>;
    /// See [`Living::default_terms`](super::TransitionHooks::default_terms).
    fn default_terms<'a>(
        &'a self,
        conn: &'a mut Conn<'_>,
        org: Id,
        to: &'a str,
        terms: &'a mut AnyTerms,
        caller: Caller<'a>,
    ) -> LocalBoxFuture<'a, Result<()>>;
    /// The object put into a state. Links among the terms become links of it, to be looked up.
    fn entered(&self, object: &AnyObject, to: &str, terms: &AnyTerms, context: &TransitionContext) -> Result<AnyObject>;
    /// What is wrong with the terms; the object is the one after the move.
    fn check_terms(
        &self,
        object: &AnyObject,
        to: &str,
        terms: &AnyTerms,
        context: &TransitionContext,
        faults: &mut Faults,
    ) -> Result<()>;
    /// See [`Living::after_transition`](super::TransitionHooks::after_transition).
    fn after_transition<'a>(
        &'a self,
        tx: &'a mut Tx,
        new: AnyObject,
        terms: &'a AnyTerms,
    ) -> LocalBoxFuture<'a, Result<(AnyObject, ObjectiveChanges)>>;
}

/// Every kind there is, in the order of [`Kind`].
#[derive(Clone, Copy)]
pub struct Kinds(&'static [&'static dyn AnyKind]);

impl Kinds {
    /// # Panics
    /// When a kind is missing or out of order: the compiler sees it where the list is a constant.
    pub const fn new(all: &'static [&'static dyn AnyKind]) -> Kinds {
        assert!(all.len() == <Kind as StringEnum>::ALL.len());
        Kinds(all)
    }
    pub fn of(self, kind: Kind) -> &'static dyn AnyKind {
        self.0[kind as usize]
    }
    pub fn all(self) -> impl Iterator<Item = &'static dyn AnyKind> {
        self.0.iter().copied()
    }
    /// The names of the kinds of which something is true.
    pub fn which(self, is: impl Fn(&KindInfo) -> bool) -> Vec<Kind> {
        self.all().map(AnyKind::info).filter(|info| is(info)).map(|info| info.kind).collect()
    }
}

//! Objects as the database holds them: of a kind the code knows, and of whichever kind.
use crate::model::{Error, Faults, Id, ObjectMeta, Objectives, Resource, Result, Slot, Timestamp, VersionInput};
use std::any::Any;
use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

/// An object as the database holds it: the common part and its own fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Object<R: Resource> {
    pub meta: ObjectMeta,
    pub body: R,
    /// Filled in by [`ResourceHooks::compute_derived`](super::ResourceHooks::compute_derived), before the object is shown.
    pub derived: R::Derived,
}

impl<R: Resource> Object<R> {
    pub fn new(meta: ObjectMeta, body: R) -> Object<R> {
        Object { meta, body, derived: R::Derived::default() }
    }
}

/// An object of whichever kind. What is done with all kinds alike is compiled once, for this.
pub struct AnyObject(Box<dyn ErasedObject>);

/// As [`VersionInput`], of an object of whichever kind.
pub struct AnyVersionInput<'a> {
    /// The version before.
    pub old: Option<&'a AnyObject>,
    /// The fields that were really given.
    pub given: &'a HashSet<String>,
    /// Who makes it.
    pub actor: &'a str,
    pub now: Timestamp,
}

/// What an [`AnyObject`] can do; the one implementation leads to the [`Resource`] of the object.
pub trait ErasedObject: Any + Send + Sync {
    fn meta(&self) -> &ObjectMeta;
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// Every pointer to another object.
    fn links(&mut self) -> Vec<Slot<'_>>;
    /// The rules that a schema cannot say.
    fn check(&self, faults: &mut Faults);
    /// The objectives set on the object itself.
    fn objectives(&self) -> Objectives;
    /// Whether it belongs to the present landscape.
    fn is_live(&self) -> bool;
    /// The recovery tier it names.
    fn recovery_tier(&self) -> Option<Id>;
    /// From which object to which it carries objectives down.
    fn objective_edge(&self) -> Option<(Id, Id)>;
    /// The object with what clients do not write filled in.
    ///
    /// # Errors
    /// When the version before is of another kind.
    fn fill_server_fields(self: Box<Self>, input: &AnyVersionInput<'_>) -> Result<AnyObject>;
    /// Whether the own fields are the same; objects of two kinds differ.
    fn same_body(&self, other: &AnyObject) -> bool;
    /// Appends the own fields as a JSON object.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    fn write_body(&self, out: &mut Vec<u8>) -> Result<()>;
    /// Appends what is derived as a JSON object.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    fn write_derived(&self, out: &mut Vec<u8>) -> Result<()>;
    /// Whether something is derived that differs from nothing.
    fn has_derived(&self) -> bool;
    fn boxed(&self) -> Box<dyn ErasedObject>;
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<R: Resource> ErasedObject for Object<R> {
    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
    fn links(&mut self) -> Vec<Slot<'_>> {
        self.body.links()
    }
    fn check(&self, faults: &mut Faults) {
        self.body.check(faults);
    }
    fn objectives(&self) -> Objectives {
        self.body.objectives()
    }
    fn is_live(&self) -> bool {
        self.body.is_live()
    }
    fn recovery_tier(&self) -> Option<Id> {
        self.body.recovery_tier()
    }
    fn objective_edge(&self) -> Option<(Id, Id)> {
        self.body.objective_edge()
    }
    fn fill_server_fields(self: Box<Self>, input: &AnyVersionInput<'_>) -> Result<AnyObject> {
        let old = input.old.map(AnyObject::typed::<R>).transpose()?.map(|old| &old.body);
        let input = VersionInput { old, given: input.given, actor: input.actor, now: input.now };
        let Object { meta, body, .. } = *self;
        Ok(Object::new(meta, body.fill_server_fields(&input)).into())
    }
    fn same_body(&self, other: &AnyObject) -> bool {
        other.typed::<R>().is_ok_and(|other| self.body == other.body)
    }
    fn write_body(&self, out: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(out, &self.body).map_err(Error::internal)
    }
    fn write_derived(&self, out: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(out, &self.derived).map_err(Error::internal)
    }
    fn has_derived(&self) -> bool {
        self.derived != R::Derived::default()
    }
    fn boxed(&self) -> Box<dyn ErasedObject> {
        Box::new(self.clone())
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl AnyObject {
    /// The object as one of a kind.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn into_typed<R: Resource>(self) -> Result<Object<R>> {
        self.0.into_any().downcast().map(|object| *object).map_err(|_| another_kind::<R>())
    }
    /// As [`AnyObject::into_typed`], to look at.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn typed<R: Resource>(&self) -> Result<&Object<R>> {
        self.0.as_any().downcast_ref().ok_or_else(another_kind::<R>)
    }
    /// The object with what clients do not write filled in.
    ///
    /// # Errors
    /// When the version before is of another kind.
    pub fn fill_server_fields(self, input: &AnyVersionInput<'_>) -> Result<AnyObject> {
        self.0.fill_server_fields(input)
    }
}

fn another_kind<R: Resource>() -> Error {
    Error::Internal(format!("an object is none of the {}", R::KIND.collection()))
}

impl<R: Resource> From<Object<R>> for AnyObject {
    fn from(object: Object<R>) -> AnyObject {
        AnyObject(Box::new(object))
    }
}
impl std::fmt::Debug for AnyObject {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("AnyObject").field(self.0.meta()).finish()
    }
}
impl Clone for AnyObject {
    fn clone(&self) -> AnyObject {
        AnyObject(self.0.boxed())
    }
}
impl Deref for AnyObject {
    type Target = dyn ErasedObject;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}
impl DerefMut for AnyObject {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.0
    }
}

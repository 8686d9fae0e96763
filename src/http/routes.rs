//! Routes and their document from one call: what is not documented cannot be reached, and the reverse.
use super::context::{RequestId, RouteKind};
use super::problem;
use crate::auth::Policy;
use crate::model::{Action, Error, Role, permission};
use crate::store::AnyKind;
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, HttpMessage, HttpRequest, Responder, web};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// One operation of the document.
pub struct Operation {
    method: Method,
    path: String,
    value: Map<String, Value>,
    responses: Map<String, Value>,
    parameters: Vec<Value>,
    /// The permission it needs, if that is one of a collection.
    needs: Option<(&'static str, Action)>,
}

impl Operation {
    /// `tag` is the collection; `id` is unique in the document.
    pub fn new(method: Method, path: &str, tag: &str, id: &str, summary: &str, description: &str) -> Operation {
        let mut value = Map::new();
        value.insert("operationId".into(), id.into());
        value.insert("tags".into(), json!([tag]));
        value.insert("summary".into(), summary.into());
        value.insert("description".into(), description.into());
        Operation { method, path: path.into(), value, responses: Map::new(), parameters: Vec::new(), needs: None }
    }

    /// The permission, as the handler's signature demands it.
    pub fn permission(mut self, collection: &'static str, action: Action) -> Self {
        self.needs = Some((collection, action));
        self.value.insert("security".into(), json!([{"bearer": []}]));
        self.value.insert("x-permission".into(), permission(collection, action).into());
        // Holds the place until the policy tells them.
        self.value.insert("x-roles".into(), Value::Null);
        self.problems(&[400, 401, 403, 503])
    }

    /// Needs a sound token, but no permission.
    pub fn any_caller(mut self) -> Self {
        self.value.insert("security".into(), json!([{"bearer": []}]));
        self.value.insert("x-permission".into(), "authenticated".into());
        self.problems(&[400, 401, 403, 503])
    }

    /// Open to everybody.
    pub fn public(mut self) -> Self {
        self.value.insert("security".into(), json!([]));
        self.value.insert("x-permission".into(), "public".into());
        self
    }

    pub fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }
    pub fn query(self, name: &str, schema: Value, description: &str) -> Self {
        self.parameter(json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema}))
    }
    pub fn header(self, name: &str, description: &str) -> Self {
        let schema = json!({"type": "string", "maxLength": 1000});
        self.parameter(json!({"name": name, "in": "header", "required": false, "description": description, "schema": schema}))
    }
    pub fn path_parameter(self, name: &str, description: &str, example: &str) -> Self {
        let schema = json!({"type": "string", "maxLength": 1100});
        self.parameter(json!({
            "name": name, "in": "path", "required": true, "description": description, "schema": schema, "example": example
        }))
    }

    /// The body: media types, schema and example.
    pub fn body(mut self, media_types: &[&str], schema: Value, example: &Value) -> Self {
        let one = json!({"schema": schema, "example": example});
        let content: Map<String, Value> = media_types.iter().map(|name| ((*name).to_owned(), one.clone())).collect();
        self.value.insert("requestBody".into(), json!({"required": true, "content": content}));
        self.problems(&[413, 415, 422])
    }
    /// Another spelling of the body, as text.
    pub fn body_text(mut self, media_type: &str, example: &str) -> Self {
        self.value["requestBody"]["content"][media_type] =
            json!({"schema": {"type": "string", "maxLength": 16_777_216}, "example": example});
        self
    }

    pub fn response(mut self, status: u16, description: &str, content: Value, headers: Value) -> Self {
        let mut response = json!({"description": description});
        if !content.is_null() {
            response["content"] = content;
        }
        if !headers.is_null() {
            response["headers"] = headers;
        }
        self.responses.insert(status.to_string(), response);
        self
    }
    /// An answer of JSON with a schema and an example.
    pub fn json(self, status: u16, description: &str, schema: Value, example: &Value, headers: Value) -> Self {
        self.response(status, description, json!({"application/json": {"schema": schema, "example": example}}), headers)
    }
    /// The answer also as another media type.
    pub fn also(mut self, status: u16, media_type: &str, example: &str) -> Self {
        let one = json!({"schema": {"type": "string"}, "example": example});
        self.responses[&status.to_string()]["content"][media_type] = one;
        self
    }
    pub fn problems(mut self, statuses: &[u16]) -> Self {
        for status in statuses {
            self.responses.insert(status.to_string(), json!({"$ref": "#/components/responses/Problem"}));
        }
        self
    }

    fn into_value(mut self, policy: Policy) -> Value {
        if let Some((collection, action)) = self.needs {
            let roles = policy.rights(collection).holders(action).iter().copied();
            self.value.insert("x-roles".into(), roles.map(Role::as_str).collect());
        }
        self.responses.insert("default".into(), json!({"$ref": "#/components/responses/Problem"}));
        if !self.parameters.is_empty() {
            self.value.insert("parameters".into(), self.parameters.into());
        }
        self.value.insert("responses".into(), self.responses.into());
        self.value.into()
    }
}

/// The routes with their document, while they are put together.
pub struct Api {
    /// Who may do what, for the document.
    policy: Policy,
    routes: BTreeMap<String, Vec<(Method, actix_web::Route)>>,
    /// The kind whose routes they are.
    kinds: BTreeMap<String, RouteKind>,
    paths: BTreeMap<String, Map<String, Value>>,
    schemas: Map<String, Value>,
}

impl Api {
    pub fn new(policy: Policy) -> Api {
        Api { policy, routes: BTreeMap::new(), kinds: BTreeMap::new(), paths: BTreeMap::new(), schemas: Map::new() }
    }

    /// Adds an operation on a kind: its handler finds the kind, and the permission, with the route.
    pub fn add_of<F, Args>(&mut self, kind: &'static dyn AnyKind, operation: Operation, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.kinds.insert(operation.path.clone(), RouteKind(kind));
        self.add(operation, handler);
    }

    /// Adds schemas to which operations refer.
    pub fn schemas(&mut self, all: impl IntoIterator<Item = (String, Value)>) {
        self.schemas.extend(all);
    }
    /// Every schema operations refer to, by name.
    pub const fn known_schemas(&self) -> &Map<String, Value> {
        &self.schemas
    }

    /// Adds an operation: its handler and its page of the document.
    pub fn add<F, Args>(&mut self, operation: Operation, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let (method, path) = (operation.method.clone(), operation.path.clone());
        self.route(&path, method.clone(), handler);
        let value = operation.into_value(self.policy);
        self.paths.entry(path).or_default().insert(method.as_str().to_lowercase(), value);
    }

    /// Adds a page of the document itself, which is not part of it.
    pub fn page<F, Args>(&mut self, path: &str, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route(path, Method::GET, handler);
    }

    fn route<F, Args>(&mut self, path: &str, method: Method, handler: F)
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let routes = self.routes.entry(path.into()).or_default();
        if method == Method::GET {
            routes.push((Method::HEAD, web::method(Method::HEAD).to(handler.clone())));
        }
        routes.push((method.clone(), web::method(method).to(handler)));
    }

    /// The `paths` of the document.
    pub fn paths(&self) -> Value {
        json!(self.paths)
    }

    /// Registers every route; a path with another method answers 405 with `Allow`.
    pub fn configure(self, config: &mut web::ServiceConfig) {
        // Fixed paths before those with a parameter, so that `/a/b` is not taken for `/a/{id}`.
        let mut all: Vec<_> = self.routes.into_iter().collect();
        all.sort_by_key(|(path, _)| (path.matches('{').count(), path.clone()));
        for (path, routes) in all {
            let mut allowed: Vec<String> = routes.iter().map(|(method, _)| method.to_string()).collect();
            allowed.sort();
            let allowed = allowed.join(", ");
            let kind = self.kinds.get(&path).copied();
            let mut resource = routes.into_iter().fold(web::resource(path), |resource, (_, route)| resource.route(route));
            if let Some(kind) = kind {
                resource = resource.app_data(kind);
            }
            let refuse = move |request: HttpRequest| {
                let id = request.extensions().get::<RequestId>().map(|id| id.0.to_string()).unwrap_or_default();
                let error = Error::status(405, "method_not_allowed", format!("this path takes {allowed}"));
                let mut response = problem::response(&error, &id);
                if let Ok(value) = actix_web::http::header::HeaderValue::from_str(&allowed) {
                    response.headers_mut().insert(actix_web::http::header::ALLOW, value);
                }
                async move { response }
            };
            config.service(resource.default_service(web::to(refuse)));
        }
    }
}

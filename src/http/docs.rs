//! The document and its page: OpenAPI 3.1 and Swagger UI from the binary, without a network.
use super::routes::Api;
use crate::model::{Error, Result};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::{Arc, LazyLock};

/// Swagger UI styles itself and draws its icons from data; nothing else may come from anywhere but here.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `GET /docs/{file}`: Swagger UI.
pub async fn page(request: HttpRequest) -> Result<HttpResponse> {
    static CONFIG: LazyLock<Arc<utoipa_swagger_ui::Config<'static>>> = LazyLock::new(|| {
        Arc::new(utoipa_swagger_ui::Config::from("/openapi.json").persist_authorization(false).try_it_out_enabled(true))
    });
    let file = match request.match_info().get("file").unwrap_or_default() {
        "" => "index.html",
        file => file,
    };
    let found = utoipa_swagger_ui::serve(file, Arc::clone(&CONFIG)).map_err(|error| Error::Internal(error.to_string()))?;
    let file = found.ok_or(Error::NotFound)?;
    let mut response = HttpResponse::Ok();
    response.insert_header(("content-security-policy", POLICY)).insert_header(("referrer-policy", "no-referrer"));
    Ok(response.content_type(file.content_type).body(file.bytes.into_owned()))
}

/// `GET /docs`: to the page.
pub async fn redirect() -> HttpResponse {
    HttpResponse::MovedPermanently().insert_header(("location", "/docs/")).finish()
}

/// The document, whose text is given, and its page.
pub fn routes(api: &mut Api, text: Arc<str>) {
    api.page("/docs", redirect);
    api.page("/docs/{file:.*}", page);
    api.page("/openapi.json", move || {
        let text = Arc::clone(&text);
        async move { HttpResponse::Ok().content_type("application/json").body(text.to_string()) }
    });
}

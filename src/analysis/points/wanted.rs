//! What may be asked of single points of failure.
use crate::analysis::impact::with_analysis_params;
use crate::analysis::question::AnalysisParams;
use crate::collection::doc::etag;
use crate::collection::params::parameter;
use crate::graph::landscape::Landscape;
use crate::http::headers;
use crate::http::routes::Operation;
use crate::model::{Error, Kind, Result, StringEnum};
use actix_web::HttpRequest;
use serde_json::{Value, json};

/// The kinds of which single points of failure are told unless others are wanted.
const USUAL: [Kind; 3] = [Kind::Component, Kind::Site, Kind::Supplier];
/// Those that may be wanted.
const KINDS: [Kind; 4] = [Kind::Component, Kind::Site, Kind::Supplier, Kind::Service];
/// Pairs are looked for as long as the work stays below this: some tenths of a second.
pub const MAX_WORK: u64 = 50_000_000;

/// What is wanted of points of failure.
pub struct Wanted {
    kinds: Vec<Kind>,
    pub pairs: bool,
    pub bounds: AnalysisParams,
}

impl Wanted {
    pub fn of(request: &HttpRequest) -> Result<Wanted> {
        let parameters = headers::parameters(request)?;
        let bounds = AnalysisParams::from_params(&parameters, &["order", "kinds"])?;
        let bad = |detail: &str| Error::malformed("invalid_parameter", detail);
        let pairs = match parameter(&parameters, "order") {
            None | Some("1") => false,
            Some("2") => true,
            Some(_) => return Err(bad("order is 1 for single items or 2 for pairs too")),
        };
        let kinds = match parameter(&parameters, "kinds") {
            None => USUAL.to_vec(),
            Some(text) => {
                let known = |word: &str| Kind::from_word(word).filter(|kind| KINDS.contains(kind));
                let all: Option<Vec<Kind>> = text.split(',').map(known).collect();
                all.ok_or_else(|| bad("kinds are some of component, site, supplier, service"))?
            }
        };
        Ok(Wanted { kinds, pairs, bounds })
    }
    pub fn wants(&self, landscape: &Landscape, node: usize) -> bool {
        self.kinds.contains(&landscape.items()[node].kind)
    }
}

pub fn too_many() -> Error {
    let detail = "there are too many pairs to look at: ask for one service, or for fewer kinds";
    Error::status(422, "too_many_objects", detail)
}

/// The parameters all of these have.
pub fn wanting(op: Operation) -> Operation {
    let kinds =
        "Of which kinds: some of component, site, supplier, service, with commas between; not services unless it is said.";
    with_analysis_params(op)
        .query("order", json!({"type": "integer", "minimum": 1, "maximum": 2, "default": 1}), "2 for pairs too.")
        .query("kinds", json!({"type": "string", "maxLength": 64}), kinds)
        .header("If-None-Match", "An ETag; 304 when it still holds.")
        .response(304, "Unchanged.", Value::Null, etag())
        .problems(&[422])
}

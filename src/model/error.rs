//! What can go wrong, sorted by what the client can do about it.
use super::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

pub type Result<T> = std::result::Result<T, Error>;

/// One fault of a request: where, which (a stable code), and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the request body, or the name of a query parameter.
    #[schema(max_length = 1000)]
    pub pointer: String,
    /// A stable code, such as `required`, `unknown_field`, `too_long`.
    #[schema(max_length = 100)]
    pub code: String,
    /// The fault in words.
    #[schema(max_length = 4000)]
    pub detail: String,
}

/// All the faults of one request.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// More than this many are not told: the list is for a person to work through.
    pub const MAX: usize = 200;

    pub fn add(&mut self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        if self.0.len() < Self::MAX {
            self.0.push(Fault { pointer: pointer.into(), code: code.into(), detail: detail.into() });
        }
    }
    pub fn push(&mut self, fault: Fault) {
        if self.0.len() < Self::MAX {
            self.0.push(fault);
        }
    }
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn has(&self, pointer: &str) -> bool {
        self.0.iter().any(|f| f.pointer == pointer)
    }
    /// Whether some of them are told by codes and counts only: see [`FaultBudget`].
    pub fn is_trimmed(&self) -> bool {
        self.0.iter().any(|f| f.code == MORE_FAULTS)
    }
    pub fn into_vec(self) -> Vec<Fault> {
        self.0
    }
    /// `Ok` when there is none, else the error that carries them all.
    pub fn into_result(self) -> Result<()> {
        if self.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// The code of the fault that stands for others.
const MORE_FAULTS: &str = "more_faults";

/// How many faults of many objects are told: whoever sends a thousand faulty rows reads none of the later ones.
#[derive(Debug)]
pub struct FaultBudget {
    left: usize,
}

impl Default for FaultBudget {
    fn default() -> FaultBudget {
        FaultBudget { left: FaultBudget::MAX }
    }
}

impl FaultBudget {
    /// So many faults are told.
    pub const MAX: usize = 1000;

    /// Takes away what is too much, beyond the first few which have been told already: of the rest only codes and counts
    /// are told, as one fault more.
    pub fn trim(&mut self, faults: &mut Faults, told: usize) {
        let told = told.min(faults.0.len());
        let keep = told + self.left.min(faults.0.len() - told);
        self.left -= keep - told;
        let mut omitted: BTreeMap<String, usize> = BTreeMap::new();
        for fault in faults.0.drain(keep..) {
            *omitted.entry(fault.code).or_default() += 1;
        }
        faults.0.shrink_to_fit();
        if !omitted.is_empty() {
            let counts: Vec<String> = omitted.iter().map(|(code, count)| format!("{code} {count}")).collect();
            let detail = format!("faults that are not told, beyond {} of the request: {}", FaultBudget::MAX, counts.join(", "));
            faults.0.push(Fault { pointer: String::new(), code: MORE_FAULTS.into(), detail });
        }
    }
    /// As [`FaultBudget::trim`], of an error with faults.
    pub fn trimmed(&mut self, error: Error) -> Error {
        let Error::Invalid(faults) = error else { return error };
        let mut faults = Faults(faults);
        self.trim(&mut faults, 0);
        Error::Invalid(faults.0)
    }
}

/// How an object stands that would not be moved: somebody else may have been faster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CurrentState {
    #[schema(max_length = 64)]
    pub status: String,
    #[schema(minimum = 1)]
    pub version: i64,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Who changed it last.
    #[schema(max_length = 255)]
    pub updated_by: String,
}

/// Why a request was not done. Every variant is one status; the finer code is a row of `http::codes`.
#[derive(Debug, Clone)]
pub enum Error {
    /// 400: the request cannot be read.
    Malformed { code: &'static str, detail: String, faults: Vec<Fault> },
    /// 401: no token, or one that does not hold.
    Unauthenticated(String),
    /// 403: known, but not allowed.
    Forbidden(String),
    /// 404: unknown, or another organisation's.
    NotFound,
    /// 409: the present state does not allow it.
    Conflict { code: &'static str, detail: String, faults: Vec<Fault> },
    /// 409: a move that is closed, with how the object stands.
    TransitionRefused { detail: String, faults: Vec<Fault>, present: Box<CurrentState> },
    /// 412: somebody changed it in between.
    PreconditionFailed,
    /// 422: understood, but not acceptable; with all faults.
    Invalid(Vec<Fault>),
    /// Any other refusal of the protocol: 405, 406, 410, 413, 414, 415, 422, 428.
    Status { status: u16, code: &'static str, detail: String },
    /// 429: the caller, or his organisation, asks for more than its share.
    TooMany { detail: String, retry_after: u32 },
    /// 503 or 507: try again later.
    Unavailable { code: &'static str, detail: String, retry_after: u32 },
    /// 500: our fault; the text goes to the log, never to the client.
    Internal(String),
}

impl Error {
    pub fn malformed(code: &'static str, detail: impl Into<String>) -> Error {
        Error::Malformed { code, detail: detail.into(), faults: Vec::new() }
    }
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Error {
        Error::Conflict { code, detail: detail.into(), faults: Vec::new() }
    }
    pub fn status(status: u16, code: &'static str, detail: impl Into<String>) -> Error {
        Error::Status { status, code, detail: detail.into() }
    }
    pub fn internal(cause: impl std::fmt::Display) -> Error {
        Error::Internal(cause.to_string())
    }
    /// A single fault of the content.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Error {
        Error::Invalid(vec![Fault { pointer: pointer.into(), code: code.into(), detail: detail.into() }])
    }
    /// The caller asks for more than his share.
    pub fn too_many(detail: impl Into<String>) -> Error {
        Error::TooMany { detail: detail.into(), retry_after: 1 }
    }
    pub fn unavailable(detail: impl Into<String>) -> Error {
        Error::Unavailable { code: "unavailable", detail: detail.into(), retry_after: 1 }
    }
    /// The database was waited for as long as may be.
    pub fn silent_database() -> Error {
        Error::unavailable("the database does not answer at the moment")
    }
    /// The write was begun, and nobody knows whether it will be kept.
    pub fn outcome_unknown() -> Error {
        let detail = "the database did not answer in time whether the write is kept; the same request with the same \
                      Idempotency-Key tells";
        Error::Unavailable { code: "outcome_unknown", detail: detail.into(), retry_after: 2 }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Malformed { detail, .. }
            | Error::Conflict { detail, .. }
            | Error::TransitionRefused { detail, .. }
            | Error::Status { detail, .. } => f.write_str(detail),
            Error::Unauthenticated(detail) | Error::Forbidden(detail) => f.write_str(detail),
            Error::TooMany { detail, .. } | Error::Unavailable { detail, .. } => f.write_str(detail),
            Error::NotFound => f.write_str("not found"),
            Error::PreconditionFailed => f.write_str("changed since it was read"),
            Error::Invalid(faults) => write!(f, "{} faults, first: {:?}", faults.len(), faults.first()),
            Error::Internal(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for Error {}

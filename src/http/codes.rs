//! The table of problems: every code with its status, title, cause and fix.

/// One code: status, title, cause, fix.
pub struct Code {
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
    pub cause: &'static str,
    pub fix: &'static str,
}

const fn row(code: &'static str, status: u16, title: &'static str, cause: &'static str, fix: &'static str) -> Code {
    Code { code, status, title, cause, fix }
}

/// Every code a problem may carry at its top.
pub const CODES: &[Code] = &[
    row(
        "malformed_json",
        400,
        "Malformed JSON",
        "The body is not JSON as this service reads it: a syntax error, a member twice, a control character, nesting deeper than 32, or text that is not UTF-8.",
        "Send one JSON text; `detail` says where it breaks.",
    ),
    row(
        "malformed_request",
        400,
        "Malformed request",
        "The request line, a header or the chunking cannot be read.",
        "Check the client and the proxies between.",
    ),
    row(
        "unknown_parameter",
        400,
        "Unknown parameter",
        "A query parameter or operator is not documented for this path.",
        "Compare with the API document; nothing is silently ignored.",
    ),
    row(
        "invalid_parameter",
        400,
        "Invalid parameter",
        "A query parameter or header has a value that cannot be used.",
        "`errors` names each parameter and what it accepts.",
    ),
    row(
        "unauthenticated",
        401,
        "Not authenticated",
        "There is no bearer token, or it does not hold.",
        "Send `Authorization: Bearer …` with a fresh token; `holdfast token` issues one for the local issuer.",
    ),
    row(
        "forbidden",
        403,
        "Not allowed",
        "The token's roles or scopes do not include the permission this operation names.",
        "`GET /api/v1/me` shows what the token may do; ask an administrator for the role.",
    ),
    row(
        "not_found",
        404,
        "Not found",
        "No such path or object, or it belongs to another organisation.",
        "Check the id; keys are written `key:…`, ids of your own system `ref:system:id`, percent-encoded.",
    ),
    row(
        "method_not_allowed",
        405,
        "Method not allowed",
        "The path exists but not with this method.",
        "`Allow` lists the methods there are.",
    ),
    row(
        "not_acceptable",
        406,
        "Not acceptable",
        "None of the media types in `Accept` can be given.",
        "Ask for `application/json`.",
    ),
    row(
        "request_timeout",
        408,
        "Request timeout",
        "The body did not arrive in time.",
        "Send it again, faster or in smaller parts.",
    ),
    row("conflict", 409, "Conflict", "The present state does not allow it.", "Read the object again and decide anew."),
    row(
        "still_referenced",
        409,
        "Still referenced",
        "Other objects refer to what is to be deleted.",
        "`errors` names them: change or delete them first, or delete all in one batch.",
    ),
    row(
        "key_taken",
        409,
        "Key taken",
        "Another object of the kind has this key.",
        "Choose another key, or leave it out to have one numbered.",
    ),
    row(
        "external_ref_taken",
        409,
        "External reference taken",
        "Another object of the kind has this id in the client's system.",
        "Update that object with `PUT …/ref:{system}:{id}` instead.",
    ),
    row(
        "transition_closed",
        409,
        "Move closed",
        "The object's status does not lead there, or something the move depends on is missing.",
        "`errors` names what is missing; `GET …/transitions` shows which moves are open.",
    ),
    row(
        "append_only",
        409,
        "Append only",
        "What is recorded here never changes and is never deleted.",
        "Record another: the newest counts.",
    ),
    row(
        "not_created",
        409,
        "Created by the service",
        "Objects of this kind come into being through others, such as the steps of a run when the run is started.",
        "Change those that are there.",
    ),
    row(
        "rating_off_matrix",
        409,
        "Ratings off the matrix",
        "Risks or assessments have ratings that the new matrix does not have.",
        "Keep as many levels as `errors` names.",
    ),
    row(
        "objectives_inconsistent",
        409,
        "Objectives inconsistent",
        "The objectives the assessment concludes do not go together with those of the business process.",
        "Compare the process's rto_seconds, wrt_seconds and mtpd_seconds with what the assessment concludes.",
    ),
    row(
        "mapping_exists",
        409,
        "Mapping exists",
        "The same dependent, provider, relation and redundancy group stand in another mapping.",
        "Change that mapping.",
    ),
    row("duplicate_row", 409, "Duplicate row", "The same object stands in a batch twice.", "Send each object once."),
    row(
        "snapshot_brake",
        409,
        "Snapshot brake",
        "A snapshot would delete more than `max_delete_percent` of what is there.",
        "Check that the snapshot is complete; raise the limit when the deletion is meant.",
    ),
    row(
        "idempotency_in_flight",
        409,
        "Request in flight",
        "A request with the same Idempotency-Key is still being worked on.",
        "Wait for its answer, then repeat.",
    ),
    row("gone", 410, "Gone", "The position is too old.", "Synchronise from the start."),
    row(
        "precondition_failed",
        412,
        "Precondition failed",
        "If-Match or If-None-Match does not hold: somebody changed the object in between.",
        "Read it again, lay your change over it, send the new ETag.",
    ),
    row(
        "payload_too_large",
        413,
        "Payload too large",
        "The body is larger than the limit of the path.",
        "Send less at once; batches take 16 MiB and 10,000 rows.",
    ),
    row(
        "unsupported_media_type",
        415,
        "Unsupported media type",
        "The body's Content-Type is not one the operation reads.",
        "Send `application/json` (patches also `application/merge-patch+json`, batches also `application/x-ndjson`).",
    ),
    row(
        "invalid",
        422,
        "Invalid content",
        "The content was understood but breaks rules.",
        "`errors` holds every fault with a JSON pointer.",
    ),
    row(
        "too_many_objects",
        422,
        "Too many objects",
        "The answer would have to look at more objects than the documented limit.",
        "Narrow the question.",
    ),
    row(
        "idempotency_key_reused",
        422,
        "Idempotency-Key reused",
        "The key was used before with another request.",
        "Use a fresh key for every different request.",
    ),
    row(
        "precondition_required",
        428,
        "Precondition required",
        "This deployment demands If-Match on changes.",
        "Read the object and send its ETag in If-Match.",
    ),
    row(
        "too_many_requests",
        429,
        "Too many requests",
        "The subject of the token, or its organisation, has more requests of this kind at work than its share.",
        "Try again after `Retry-After` seconds, and ask fewer things at once.",
    ),
    row("internal", 500, "Internal error", "The service failed.", "Report the request id; the cause stands in the logs."),
    row(
        "unavailable",
        503,
        "Unavailable",
        "The service or its database has no room at the moment, or does not answer.",
        "Try again after `Retry-After` seconds, writes with the same Idempotency-Key.",
    ),
    row(
        "outcome_unknown",
        503,
        "Outcome unknown",
        "The write was begun, but the database did not tell in time whether it is kept: it may be there or not.",
        "Send it again after `Retry-After` seconds with the same Idempotency-Key, or look whether it is there.",
    ),
    row(
        "database_read_only",
        503,
        "Database is read only",
        "The database takes no writes: a standby answers, or it was set to be read only. Nothing was written; reading goes on.",
        "Try again after `Retry-After` seconds; the next attempt looks for the server that takes writes.",
    ),
    row(
        "storage_full",
        507,
        "Storage full",
        "The disk under the database is full. Nothing was written; reading goes on.",
        "Make room; no restart is needed.",
    ),
];

/// The title of a code.
pub fn title(code: &str) -> &'static str {
    CODES.iter().find(|row| row.code == code).map_or("Problem", |row| row.title)
}

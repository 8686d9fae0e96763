//! The ceiling of lists: the statement the service sends for a filtered and sorted page of services, run in a loop by
//! one thread of plain diesel on the same SQLite file. `plain_diesel --database FILE --seconds N` prints queries a second.
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use std::time::{Duration, Instant};

const QUERY: &str = "SELECT o.id, o.kind, o.key, o.name, o.description, o.external_refs, o.tags, o.attributes, \
    o.effective_rto_seconds, o.effective_rpo_seconds, o.effective_mtpd_seconds, o.version, o.created_at, o.updated_at, \
    o.created_by, o.updated_by, s.kind AS service_kind, s.criticality, s.lifecycle, s.owner_id, s.rto_seconds, \
    s.rpo_seconds, s.restart_seconds, s.recovery_time_seconds, s.data_loss_seconds \
    FROM objects o JOIN services s ON s.organization_id = coalesce(o.organization_id, o.organization_id) \
    AND s.id = coalesce(o.id, o.id) \
    WHERE o.organization_id = ? AND o.kind = 'service' AND s.lifecycle = 'live' AND s.criticality = 'critical' \
    ORDER BY o.updated_at DESC, o.id DESC LIMIT 50";

#[derive(QueryableByName)]
#[allow(dead_code, reason = "loaded to pay for loading")]
struct Row {
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    key: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Text)]
    external_refs: String,
    #[diesel(sql_type = Text)]
    tags: String,
    #[diesel(sql_type = Text)]
    attributes: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    effective_rto_seconds: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    effective_rpo_seconds: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    effective_mtpd_seconds: Option<i64>,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = BigInt)]
    updated_at: i64,
    #[diesel(sql_type = Text)]
    created_by: String,
    #[diesel(sql_type = Text)]
    updated_by: String,
    #[diesel(sql_type = Text)]
    service_kind: String,
    #[diesel(sql_type = Text)]
    criticality: String,
    #[diesel(sql_type = Text)]
    lifecycle: String,
    #[diesel(sql_type = Nullable<Binary>)]
    owner_id: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    rto_seconds: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    rpo_seconds: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    restart_seconds: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    recovery_time_seconds: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    data_loss_seconds: Option<i64>,
}

#[derive(QueryableByName)]
struct Largest {
    #[diesel(sql_type = Binary)]
    organization_id: Vec<u8>,
}

type Failure = Box<dyn std::error::Error>;

fn argument(name: &str) -> Result<String, Failure> {
    std::env::args().skip_while(|argument| argument != name).nth(1).ok_or_else(|| format!("{name} is missing").into())
}

fn main() -> Result<(), Failure> {
    let mut conn = SqliteConnection::establish(&argument("--database")?)?;
    let seconds: u64 = argument("--seconds")?.parse()?;
    diesel::sql_query("PRAGMA mmap_size=67108864").execute(&mut conn)?;
    let largest = "SELECT organization_id FROM services GROUP BY organization_id ORDER BY count(*) DESC LIMIT 1";
    let org = diesel::sql_query(largest).get_result::<Largest>(&mut conn)?.organization_id;
    let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
    let mut queries = 0u64;
    while began.elapsed() < limit {
        let rows: Vec<Row> = diesel::sql_query(QUERY).bind::<Binary, _>(&org).load(&mut conn)?;
        std::hint::black_box(rows);
        queries += 1;
    }
    println!("{:.1}", queries as f64 / began.elapsed().as_secs_f64());
    Ok(())
}

//! Makes the tables of all objects anew from the ledgers, which say what every object is.
use super::audit::from_audit_body;
use super::cell::Cells;
use super::claim::claim;
use super::conn::{Conn, MapDbError};
use super::consequence::rows_of;
use super::fragment::Fragment;
use super::insert::insert_all;
use super::kind::{AnyKind, Kinds};
use super::migrate::{self, Schema, check_foreign_keys, with_schema};
use super::object::AnyObject;
use super::snapshot::Landscapes;
use super::verify::{Verdict, verify_ledgers, verify_objects};
use super::{object_meta, past};
use crate::config::Config;
use crate::model::{Error, Id, Result};
use crate::on;
use diesel::sql_query;
use diesel::sql_types::Untyped;

/// Objects that are made at once.
const PAGE: i64 = 2_000;
/// The tables of what every object has. Each kind has one more.
const COMMON: [&str; 4] = ["links", "tags", "external_refs", "objects"];
/// Every trigger of SQLite: its table, its name and what it says.
const TRIGGERS: &str = "SELECT tbl_name AS a, name AS b, sql AS c FROM sqlite_master WHERE type = 'trigger'";
/// Every foreign key of PostgreSQL: its table, its name and what it says.
const REFERENCES: &str = "SELECT t.relname::text AS a, f.conname::text AS b, pg_get_constraintdef(f.oid) AS c FROM pg_constraint f \
    JOIN pg_class t ON t.oid = f.conrelid WHERE f.contype = 'f' AND t.relnamespace = current_schema()::regnamespace";

/// Makes all tables of objects anew in one transaction, and verifies them.
///
/// # Errors
/// When a ledger does not hold, or an object cannot be made of its newest entry; when another process serves the database, or it does
/// not answer. Nothing was changed then.
pub fn rebuild(config: &Config, kinds: Kinds, landscapes: &dyn Landscapes) -> Result<Verdict> {
    let _claim = claim(config)?;
    with_schema(config, async |mut schema| {
        migrate::check(&mut schema.conn()).await?;
        schema.conn().wait_patiently().await?;
        schema.begin().await?;
        let heads = verify_ledgers(&mut schema.conn()).await.map_err(Error::Internal)?;
        let tables: Vec<&str> = COMMON.into_iter().chain(kinds.all().map(|kind| kind.info().table.name)).collect();
        let guards = lift_guards(&mut schema.conn(), &tables).await?;
        clear(&mut schema.conn(), &tables).await?;
        for tenant in heads.iter().filter(|tenant| tenant.open) {
            let (org, mut conn) = (tenant.organization, schema.conn());
            for kind in kinds.all() {
                make(&mut conn, org, kind).await?;
            }
            let wrong = landscapes.wrong_objectives(&mut conn, org).await?;
            object_meta::set_effective(&mut conn, org, &wrong).await?;
        }
        for statement in guards {
            schema.conn().batch(&statement).await?;
        }
        if let Schema::Sqlite(conn) = &mut schema {
            check_foreign_keys(conn)?;
        }
        let verdict = verify_objects(&mut schema.conn(), kinds, landscapes, heads).await?;
        schema.commit().await?;
        if matches!(schema, Schema::Postgres(_)) {
            schema.conn().batch("ANALYZE").await?;
        }
        Ok(verdict)
    })
}

/// Takes away what guards the tables of objects against changes that no entry of a ledger tells, and gives the statements that bring
/// it back: triggers, and on PostgreSQL foreign keys, which look at every row when they come back. On SQLite these are off for as long
/// as the schema may be changed.
async fn lift_guards(conn: &mut Conn<'_>, tables: &[&str]) -> Result<Vec<String>> {
    let mut back = Vec::new();
    if conn.is_sqlite() {
        let rows: Vec<Cells> = on!(conn, |c| sql_query(TRIGGERS).load(c)).map_db_error()?;
        for mut row in rows {
            let (table, name, says): (String, String, String) = (row.take()?, row.take()?, row.take()?);
            if tables.contains(&table.as_str()) {
                conn.batch(&format!("DROP TRIGGER {name}")).await?;
                back.push(says);
            }
        }
        return Ok(back);
    }
    let rows: Vec<Cells> = on!(conn, |c| sql_query(REFERENCES).load(c)).map_db_error()?;
    for mut row in rows {
        let (table, name, says): (String, String, String) = (row.take()?, row.take()?, row.take()?);
        conn.batch(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}")).await?;
        back.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {says}"));
    }
    for table in tables {
        conn.batch(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await?;
        back.push(format!("ALTER TABLE {table} ENABLE TRIGGER USER"));
    }
    Ok(back)
}

async fn clear(conn: &mut Conn<'_>, tables: &[&str]) -> Result<()> {
    for table in tables {
        let statement = Fragment::default().sql("DELETE FROM ").sql(table).rows::<Untyped>();
        on!(conn, |c| statement.execute(c)).map_db_error()?;
    }
    Ok(())
}

/// Makes all objects of a kind of their newest entries.
async fn make(conn: &mut Conn<'_>, org: Id, kind: &dyn AnyKind) -> Result<()> {
    let mut after = 0;
    loop {
        let page = past::live_after(conn, org, kind.info().kind, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        let object = |entry: &super::ledger::AuditEntry| {
            let fault = |why: &str| {
                let (id, key, seq) = (entry.object_id.0, &entry.object_key, entry.seq);
                Error::Internal(format!("organisation {org}: {id} ({key}) cannot be made of ledger entry {seq}: {why}"))
            };
            let body = entry.body.as_deref().ok_or_else(|| fault("its body is gone"))?;
            from_audit_body(kind, body).map_err(|error| fault(&error.to_string()))
        };
        let objects: Vec<AnyObject> = page.iter().map(object).collect::<Result<_>>()?;
        let all: Vec<&AnyObject> = objects.iter().collect();
        insert_all(conn, all.chunks(object_meta::CHUNK).map(|objects| rows_of(kind, org, objects))).await?;
    }
}

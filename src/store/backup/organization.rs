//! The backup of one organisation, added to a database that may hold others. Its ledger goes on as it was, under the same id, for the
//! hashes of its entries contain it.
use super::archive::{Contents, LedgerState};
use super::loading::{Files, Known, Reading, load};
use super::one_organization::OneOrganization;
use crate::config::Config;
use crate::model::{Error, Id, Kind, ObjectRef, Result};
use crate::store::audit::{audit_body, from_audit_body};
use crate::store::change::WriteContext;
use crate::store::claim::claim;
use crate::store::clock;
use crate::store::conn::Conn;
use crate::store::consequence::rows_of;
use crate::store::insert::insert;
use crate::store::ledger::{self, AuditAction, NewAuditEntry};
use crate::store::migrate::{self, Schema, Way, check_foreign_keys, with_schema};
use crate::store::resolve;
use crate::store::verify::{verify_ledgers, verify_objects};
use std::collections::HashSet;
use std::io::Read;

/// Adds an organisation to the database of the settings, all of it or nothing.
///
/// # Errors
/// When the database has the organisation or its key, or is of another version than the backup; as `restore` else.
pub fn add<R: Read>(config: &Config, known: Known<'_>, mut reading: Reading<R>, key: Option<&str>) -> Result<(Contents, Files)> {
    let header = reading.header.clone();
    let one = header.organization.clone().ok_or_else(|| Error::Internal("the backup is of all organisations".into()))?;
    let id = Id::parse(&one.id).filter(|id| *id != Id::SYSTEM);
    let id = id.ok_or_else(|| Error::Internal("the backup does not say which organisation it is of".into()))?;
    // No other process may be at work on the file; PostgreSQL may go on with the others.
    let _claim = claim(config)?;
    with_schema(config, async |mut schema| {
        schema.conn().wait_patiently().await?;
        schema.begin().await?;
        let (mut schema, _) = schema.apply(Way::Up)?;
        if migrate::newest(&mut schema.conn()).await?.as_ref() != Some(&header.schema) {
            return Err(Error::Internal(format!(
                "the backup has the schema {} of version {}: restore it by that version into a database of its own, upgrade that, \
                 and take the organisation's backup anew",
                header.schema, header.version
            )));
        }
        if ledger::head(&mut schema.conn(), id).await?.is_some() {
            return Err(Error::Internal(format!("the database has the organisation {id}, or had it: nothing was changed")));
        }
        let manifest = load(&mut schema.conn(), &mut reading, Some(id)).await?;
        enter(&mut schema.conn(), known, &one, id, key).await?;
        check(&mut schema, known, id, &manifest.ledgers).await?;
        schema.commit().await?;
        Ok((Contents { header, manifest }, reading.files))
    })
}

/// Enters the organisation into the ledger of the organisations, and into their table.
async fn enter(conn: &mut Conn<'_>, known: Known<'_>, one: &OneOrganization, id: Id, key: Option<&str>) -> Result<()> {
    let kind = known.kinds.of(Kind::Organization);
    let mut object = from_audit_body(kind, &one.record)?;
    let now = clock::now();
    let reason = Some("restored from a backup".to_owned());
    let change = WriteContext::by_the_service(Id::SYSTEM, reason, now);
    let meta = object.meta_mut();
    if meta.id != id {
        return Err(Error::Internal("the backup's record is of another organisation".into()));
    }
    if let Some(key) = key {
        meta.key = key.to_owned();
    }
    (meta.version, meta.created_at, meta.updated_at) = (1, now, now);
    (meta.created_by, meta.updated_by) = (change.actor.clone(), change.actor.clone());
    let key = meta.key.clone();
    let mut head =
        ledger::lock_head(conn, Id::SYSTEM).await?.ok_or_else(|| Error::Internal("no ledger of organisations".into()))?;
    let wanted = HashSet::from([ObjectRef::Key(key.clone())]);
    if !resolve::locate(conn, Id::SYSTEM, &[Kind::Organization], &wanted).await?.is_empty() {
        return Err(Error::Internal(format!("the database has an organisation with the key {key:?}: give another by --key")));
    }
    rows_of(kind, Id::SYSTEM, &[&object])?.run(conn).await?;
    let body = Some(audit_body(&object, kind.info().label)?);
    let operation = AuditAction::Created;
    let fact = NewAuditEntry { kind: Kind::Organization, in_graph: false, id, key, version: 1, operation, body };
    let entry = head.append(&change, fact);
    insert(conn, [entry]).await?;
    ledger::write_head(conn, Id::SYSTEM, &head).await
}

/// # Errors
/// When the ledger is not the one that was taken, or the tables are not what it says.
async fn check(schema: &mut Schema, known: Known<'_>, id: Id, ledgers: &[LedgerState]) -> Result<()> {
    if let Schema::Sqlite(conn) = schema {
        check_foreign_keys(conn)?;
    }
    let mut conn = schema.conn();
    let head = ledger::head(&mut conn, id).await?.ok_or_else(|| Error::Internal("the backup has no ledger".into()))?;
    if ledgers != [LedgerState::from(&(id, head))] {
        return Err(Error::Internal("the ledger is not that of the manifest".into()));
    }
    let mut heads = verify_ledgers(&mut conn).await.map_err(Error::Internal)?;
    heads.retain(|head| head.organization == id);
    verify_objects(&mut conn, known.kinds, known.landscapes, heads).await.map(drop)
}

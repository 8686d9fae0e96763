//! Keys and the digests of their secrets. A secret belongs to no version and stands in no ledger: it is found by its digest
//! alone, whichever organisation it is of.
use super::{ApiKey, ApiKeyDerived, ApiKeyRole, ApiKeyStatus, Scope};
use crate::auth::{ApiKeyGrant, Identity, SecretDigest};
use crate::model::{Faults, Timestamp};
use crate::store::Bind;
use crate::store::fragment::Fragment;
use crate::store::prelude::*;
use diesel::sql_types::{Nullable, Text, Untyped};
use std::collections::HashMap;

row! {
    pub struct ApiKeyRow in api_keys {
        organization_id: DbId,
        id: DbId,
        roles: Json<Vec<ApiKeyRole>>,
        scopes: Json<Vec<Scope>>,
        expires_at: DbTime,
        status: DbEnum<ApiKeyStatus>,
        secret_issued_at: Option<DbTime>,
    }
}

fn row(org: Id, meta: &ObjectMeta, resource: &ApiKey) -> ApiKeyRow {
    let ApiKey { roles, scopes, expires_at, status, secret_issued_at } = resource;
    ApiKeyRow {
        organization_id: DbId(org),
        id: DbId(meta.id),
        roles: Json(roles.clone()),
        scopes: Json(scopes.clone()),
        expires_at: DbTime(*expires_at),
        status: DbEnum(*status),
        secret_issued_at: secret_issued_at.map(DbTime),
    }
}

impl From<ApiKeyRow> for ApiKey {
    fn from(row: ApiKeyRow) -> ApiKey {
        ApiKey {
            roles: row.roles.0,
            scopes: row.scopes.0,
            expires_at: row.expires_at.0,
            status: row.status.0,
            secret_issued_at: row.secret_issued_at.map(|at| at.0),
        }
    }
}

stored!(ApiKey, ApiKeyRow, []);

impl ApiKey {
    pub fn grant(&self) -> ApiKeyGrant {
        ApiKeyGrant {
            roles: self.roles.iter().map(|role| role.role()).collect(),
            scopes: self.scopes.iter().map(|scope| scope.0.clone()).collect(),
            expires_at: self.expires_at.seconds(),
        }
    }

    /// What of the key is more than the caller may give.
    pub fn excess(&self, identity: &Identity) -> Faults {
        let mut faults = Faults::default();
        identity.excess(&self.grant()).into_iter().for_each(|(pointer, code, detail)| faults.add(pointer, code, detail));
        faults
    }

    /// Whether it opens as much as the other.
    fn opens_as(&self, old: &ApiKey) -> bool {
        (&self.roles, &self.scopes, self.expires_at, self.status) == (&old.roles, &old.scopes, old.expires_at, old.status)
    }
}

impl ResourceHooks for ApiKey {
    /// Nobody gives a key more than they have themselves; taking from one, and naming it otherwise, is free.
    async fn validate_set(tx: &mut Tx, planned: &mut [PlannedChange<Self>]) -> Result<()> {
        let (identity, now) = (tx.context().identity.clone(), tx.context().now);
        for one in planned.iter_mut().filter(|one| one.fault.is_none()) {
            let (new, old) = (&one.new.body, one.old.as_ref().map(|old| &old.body));
            if old.is_some_and(|old| new.opens_as(old)) {
                continue;
            }
            let mut faults = Faults::default();
            let ends_later = old.is_none_or(|old| old.expires_at != new.expires_at);
            if ends_later && new.expires_at <= now {
                faults.add("/expires_at", "out_of_range", "the key would have ended already");
            }
            if let Some(identity) = &identity {
                let longest = identity.longest_api_key_seconds;
                if ends_later && new.expires_at.seconds() > now.seconds().saturating_add(longest) {
                    let detail = format!("a key lives for {} days at most", longest / 86_400);
                    faults.add("/expires_at", "out_of_range", detail);
                }
                if new.status == ApiKeyStatus::Active {
                    new.excess(identity).into_vec().into_iter().for_each(|fault| faults.push(fault));
                }
            }
            one.fault = faults.into_result().err();
        }
        Ok(())
    }

    async fn compute_derived(conn: &mut Conn<'_>, snapshot: &Snapshot, objects: &mut [Object<Self>]) -> Result<()> {
        let ids: Vec<Id> = objects.iter().map(|object| object.meta.id).collect();
        let statement = Fragment::default()
            .sql("SELECT api_key_id, max(last_used_at) FROM api_key_secrets WHERE organization_id = ")
            .id(snapshot.organization)
            .sql(" AND api_key_id")
            .among(&ids)
            .sql(" GROUP BY api_key_id");
        let rows: Vec<(DbId, Option<DbTime>)> =
            on!(conn, |c| statement.rows::<(sql::Identity, Nullable<sql::Instant>)>().load(c)).map_db_error()?;
        let used: HashMap<Id, Option<DbTime>> = rows.into_iter().map(|(id, at)| (id.0, at)).collect();
        for object in objects {
            let last_used_at = used.get(&object.meta.id).copied().flatten().map(|at| at.0);
            object.derived = ApiKeyDerived { last_used_at };
        }
        Ok(())
    }
}

/// A secret as it is kept.
pub struct KeptSecret {
    pub organization: Id,
    pub organization_key: String,
    pub api_key: Id,
    pub serves_until: Option<Timestamp>,
}

/// The secret of this digest, of whichever organisation.
///
/// # Errors
/// When the database does not answer.
pub async fn secret(conn: &mut Conn<'_>, digest: &SecretDigest) -> Result<Option<KeptSecret>> {
    let statement = Fragment::default()
        .sql(
            "SELECT s.organization_id, o.key, s.api_key_id, s.serves_until FROM api_key_secrets s \
             JOIN objects o ON o.id = s.organization_id AND o.organization_id = ",
        )
        .id(Id::SYSTEM)
        .sql(" WHERE s.digest = ")
        .bind(Bind::Bytes(Some(digest.to_vec())));
    type Columns = (sql::Identity, Text, sql::Identity, Nullable<sql::Instant>);
    let rows: Vec<(DbId, String, DbId, Option<DbTime>)> = on!(conn, |c| statement.rows::<Columns>().load(c)).map_db_error()?;
    Ok(rows.into_iter().next().map(|(organization, organization_key, api_key, until)| KeptSecret {
        organization: organization.0,
        organization_key,
        api_key: api_key.0,
        serves_until: until.map(|until| until.0),
    }))
}

/// Puts a new secret in the place of the one before, which serves so long still. Any other ends.
///
/// # Errors
/// When the database does not answer.
pub async fn replace_secret(tx: &mut Tx, api_key: Id, digest: &SecretDigest, overlap_seconds: i64) -> Result<()> {
    let (org, now) = (tx.organization(), tx.context().now);
    let of_key = |fragment: Fragment| fragment.sql(" WHERE organization_id = ").id(org).sql(" AND api_key_id = ").id(api_key);
    let until = Timestamp::from_seconds(now.seconds().saturating_add(overlap_seconds)).unwrap_or(now);
    let used = of_key(Fragment::default().sql("SELECT max(last_used_at) FROM api_key_secrets"));
    let mut conn = tx.conn()?;
    let used: Vec<Option<DbTime>> = on!(&mut conn, |c| used.rows::<Nullable<sql::Instant>>().load(c)).map_db_error()?;
    let used = used.into_iter().next().flatten();
    let mut gone = of_key(Fragment::default().sql("DELETE FROM api_key_secrets"));
    if overlap_seconds > 0 {
        gone = gone.sql(" AND serves_until IS NOT NULL");
    }
    let ending = Fragment::default().sql("UPDATE api_key_secrets SET serves_until = ").bind(Bind::Time(Some(DbTime(until))));
    let new = Fragment::default()
        .sql("INSERT INTO api_key_secrets (organization_id, api_key_id, digest, issued_at, last_used_at) VALUES (")
        .id(org)
        .sql(", ")
        .id(api_key)
        .sql(", ")
        .bind(Bind::Bytes(Some(digest.to_vec())))
        .sql(", ")
        .bind(Bind::Time(Some(DbTime(now))))
        .sql(", ")
        .bind(Bind::Time(used))
        .sql(")");
    for statement in [gone, of_key(ending), new] {
        let statement = statement.rows::<Untyped>();
        on!(&mut conn, |c| statement.execute(c)).map_db_error()?;
    }
    Ok(())
}

/// Notes when a secret was last used.
///
/// # Errors
/// When the database does not answer.
pub async fn note_use(tx: &mut Tx, digest: &SecretDigest, at: Timestamp) -> Result<()> {
    let statement = Fragment::default()
        .sql("UPDATE api_key_secrets SET last_used_at = ")
        .bind(Bind::Time(Some(DbTime(at))))
        .sql(" WHERE organization_id = ")
        .id(tx.organization())
        .sql(" AND digest = ")
        .bind(Bind::Bytes(Some(digest.to_vec())))
        .rows::<Untyped>();
    let mut conn = tx.conn()?;
    on!(&mut conn, |c| statement.execute(c)).map_db_error().map(drop)
}

//! Erases what organisations want kept no longer: contacts, some time after their deletion.
use crate::http::state::State;
use crate::model::{Error, Id, Kind, Result, Timestamp};
use crate::resources::contacts::store::erasure::erase;
use crate::resources::settings;
use crate::store::idempotency::KEPT_SECONDS;
use crate::store::{Tx, WriteContext, erasure, ledger};

/// So many contacts of an organisation are erased at once; more have their turn the next time.
const MOST: i64 = 1000;
const DAY: i64 = 24 * 3600;

/// Erases what is due in every organisation, each in a transaction of its own. Where another instance was faster, there is
/// nothing left to do.
pub async fn erase_due(app: &State) {
    let organizations = match app.store.read(async |conn| ledger::open_tenants(conn).await).await {
        Ok(organizations) => organizations,
        Err(error) => return tracing::warn!(%error, "what is due to be erased was not looked for"),
    };
    for organization in organizations {
        match erase_due_of(app, organization).await {
            Ok(0) => {}
            Ok(contacts) => tracing::info!(%organization, contacts, "deleted contacts were erased: their retention is over"),
            Err(error) => tracing::warn!(%organization, %error, "deleted contacts were not erased"),
        }
    }
}

async fn erase_due_of(app: &State, org: Id) -> Result<usize> {
    let now = app.now();
    let due = app
        .store
        .read(async |conn| {
            let Some(days) = settings::store::now(conn, org).await?.retention.deleted_contacts_days else { return Ok(None) };
            let Some(until) = Timestamp::from_micros(now.micros() - days * DAY * 1_000_000) else { return Ok(None) };
            let ids = erasure::deleted_until(conn, org, Kind::Contact, until, MOST).await?;
            Ok(Some((ids, days * DAY <= KEPT_SECONDS)))
        })
        .await?;
    let Some((ids, answers)) = due.filter(|(ids, _)| !ids.is_empty()) else { return Ok(0) };
    let reason = Some("the retention of deleted contacts is over".to_owned());
    let change = WriteContext { large: true, ..WriteContext::by_the_service(org, reason, now) };
    let work = async move |tx: &mut Tx| {
        tx.lock_tenant().await?;
        let mut contacts = 0;
        for id in ids {
            contacts += usize::from(erase(tx, id, None).await?.erased_versions > 0);
            if answers {
                erasure::forget_answers(tx, id).await?;
            }
        }
        Ok::<usize, Error>(contacts)
    };
    app.store.write(change, work).await
}

//! Anchors at an interval: the newest entry of every ledger that has moved on goes, signed, to where the settings say.
use crate::auth::anchor::{Anchor, AnchorKey, AnchoredHead};
use crate::auth::fetch;
use crate::http::state::State;
use crate::model::Id;
use crate::store::ledger;
use actix_web::web::Data;
use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// Ledgers in one anchor; of more there are several.
const HEADS: usize = 100;
const MEDIA_TYPE: &str = "application/jwt";

/// Makes anchors for as long as the service runs.
pub async fn at_an_interval(app: Data<State>, key: AnchorKey) {
    let mut told = HashMap::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(app.config.anchor.interval_seconds));
    loop {
        ticks.tick().await;
        if let Err(cause) = once(&app, &key, &mut told).await {
            tracing::warn!(cause, "the ledgers were not anchored; it is tried again");
        }
    }
}

async fn once(app: &State, key: &AnchorKey, told: &mut HashMap<Id, i64>) -> Result<(), String> {
    let tenants = app.store.read(async |conn| ledger::tenants(conn).await).await.map_err(|error| error.to_string())?;
    let moved: Vec<_> = tenants.iter().filter(|(id, head)| told.get(id) != Some(&head.seq)).collect();
    for some in moved.chunks(HEADS) {
        let head = |(id, head): &&(Id, ledger::LedgerHead)| AnchoredHead {
            organization: id.to_string(),
            seq: head.seq,
            hash: hex::encode(&head.hash),
            at: head.at.to_string(),
        };
        let text = key.sign(&Anchor { iat: app.now().seconds(), heads: some.iter().map(head).collect() })?;
        hand_over(app, text).await?;
        told.extend(some.iter().map(|(id, head)| (*id, head.seq)));
    }
    Ok(())
}

async fn hand_over(app: &State, text: String) -> Result<(), String> {
    let settings = &app.config.anchor;
    if let Some(path) = settings.file.clone() {
        let line = format!("{text}\n");
        tokio::task::spawn_blocking(move || append(path, &line)).await.map_err(|error| error.to_string())??;
    }
    if let Some(target) = settings.target()? {
        fetch::post(&target, MEDIA_TYPE, text.clone().into_bytes()).await.map_err(|cause| format!("anchor.url: {cause}"))?;
    }
    if settings.log {
        tracing::info!(anchor = text, "the ledgers were anchored");
    }
    Ok(())
}

fn append(path: PathBuf, line: &str) -> Result<(), String> {
    let cannot = |cause: std::io::Error| format!("{}: {cause}", path.display());
    let mut file = File::options().create(true).append(true).open(&path).map_err(cannot)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)
}

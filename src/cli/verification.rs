//! What the database holds against what was written, from the command line.
use super::backups::stamp;
use super::service::{Environment, load, quiet, start_logs, words};
use super::{StoreFlags, VerifyFlags};
use crate::auth::anchor::{Anchor, AnchorKey, AnchoredHead, PublicKey, verified};
use crate::auth::files;
use crate::config::{Config, Overrides};
use crate::model::{Id, Timestamp};
use crate::resources::KINDS;
use crate::server;
use crate::store::{self, Head, Store, clock, ledger};
use serde::Deserialize;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

/// A line of an anchor file that is not signed, as earlier versions wrote them.
#[derive(Deserialize)]
struct PlainAnchor {
    #[serde(flatten)]
    head: AnchoredHead,
    /// When the line was written.
    anchored_at: String,
}

/// `holdfast verify`.
pub fn verify(flags: &VerifyFlags, environment: &Environment) -> Result<(), String> {
    let config = load(&Overrides::from(&flags.store), environment)?;
    let _logs = start_logs(&quiet())?;
    actix_web::rt::System::new().block_on(async move {
        let landscapes = server::landscapes();
        let store = Store::open(&config, &landscapes).map_err(words)?;
        // First what should be there: that a ledger was cut is seen by nothing else.
        if let Some(path) = &flags.expect {
            expect(&store, path, public_key(flags, &config)?).await?;
        }
        let verdict = store::verify(&store, KINDS, landscapes).await?;
        if flags.heads {
            verdict.heads.iter().for_each(|head| println!("{} {} {} {}", head.organization, head.seq, head.at, head.hash));
        }
        if let Some(path) = &flags.anchor {
            anchor(path, &AnchorKey::load_or_create(&config.data_dir)?, &verdict.heads)?;
        }
        stamp(&config, files::LAST_VERIFY);
        let organisations = verdict.heads.iter().filter(|head| head.organization != Id::SYSTEM).count();
        println!(
            "{} entries of {organisations} organisations verified, and {} objects against them",
            verdict.entries, verdict.objects
        );
        if verdict.erased > 0 {
            println!("{} entries have an erased body; nothing is compared with them", verdict.erased);
        }
        Ok(())
    })
}

/// The key by which signed anchors are verified: the one that is named, or the service's own.
fn public_key(flags: &VerifyFlags, config: &Config) -> Result<Option<PublicKey>, String> {
    let Some(path) = &flags.anchor_key else {
        return Ok(AnchorKey::load(&config.data_dir)?.map(|key| key.public().clone()));
    };
    let text = std::fs::read_to_string(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    serde_json::from_str(&text).map(Some).map_err(|cause| format!("{}: {cause}", path.display()))
}

/// `holdfast anchor-key`.
pub fn anchor_key(flags: &StoreFlags, environment: &Environment) -> Result<(), String> {
    let config = load(&Overrides::from(flags), environment)?;
    let key = AnchorKey::load_or_create(&config.data_dir)?;
    println!("{}", serde_json::to_string(key.public()).map_err(|error| error.to_string())?);
    Ok(())
}

fn anchor(path: &Path, key: &AnchorKey, heads: &[Head]) -> Result<(), String> {
    let cannot = |cause: std::io::Error| format!("{}: {cause}", path.display());
    let mut file = File::options().create(true).append(true).open(path).map_err(cannot)?;
    let head = |head: &Head| AnchoredHead {
        organization: head.organization.to_string(),
        seq: head.seq,
        hash: head.hash.clone(),
        at: head.at.to_string(),
    };
    let line = key.sign(&Anchor { iat: clock::now().seconds(), heads: heads.iter().map(head).collect() })?;
    file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)
}

/// # Errors
/// When a ledger does not have an entry any more that it had, or has another one in its place; when a line was not signed by the key.
async fn expect(store: &Arc<Store>, path: &Path, key: Option<PublicKey>) -> Result<(), String> {
    let cannot = |cause: &dyn std::fmt::Display| format!("{}: {cause}", path.display());
    let file = File::open(path).map_err(|cause| cannot(&cause))?;
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|cause| cannot(&cause))?;
        let wrong = |cause: &dyn std::fmt::Display| cannot(&format!("line {}: {cause}", index + 1));
        if line.starts_with('{') {
            let plain: PlainAnchor = serde_json::from_str(&line).map_err(|cause| wrong(&cause))?;
            there(store, &plain.head, &plain.anchored_at).await?;
            continue;
        }
        let key = key.as_ref().ok_or_else(|| wrong(&"it is signed, and there is no key: name it by --anchor-key"))?;
        let anchor = verified(&line, key).map_err(|cause| wrong(&cause))?;
        let anchored_at = Timestamp::from_seconds(anchor.iat).map_or_else(String::new, |at| at.to_string());
        for head in &anchor.heads {
            there(store, head, &anchored_at).await?;
        }
    }
    Ok(())
}

/// # Errors
/// When the ledger does not have the entry, or has another one in its place.
async fn there(store: &Arc<Store>, head: &AnchoredHead, anchored_at: &str) -> Result<(), String> {
    let organization = Id::parse(&head.organization).ok_or_else(|| format!("{:?} is no id", head.organization))?;
    let seq = head.seq;
    if seq == 0 {
        return Ok(());
    }
    let entry = store.read(async |conn| ledger::entries_after(conn, organization, seq - 1, &[], 1).await).await.map_err(words)?;
    let entry = entry.first().filter(|entry| entry.seq == seq);
    let missing = || format!("organisation {organization}: ledger entry {seq}, which was there at {anchored_at}, is missing");
    if hex::encode(&entry.ok_or_else(missing)?.hash) == head.hash {
        return Ok(());
    }
    Err(format!("organisation {organization}: ledger entry {seq} is not the one of {anchored_at}"))
}

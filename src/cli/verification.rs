//! What the database holds against what was written, from the command line.
use super::VerifyFlags;
use super::service::{Environment, load, quiet, start_logs, words};
use crate::config::Overrides;
use crate::model::Id;
use crate::resources::KINDS;
use crate::server;
use crate::store::{self, Head, Store, clock, ledger};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;

/// The newest entry of a ledger at some time, a line of an anchor file.
#[derive(Serialize, Deserialize)]
struct Anchor {
    organization: String,
    seq: i64,
    hash: String,
    /// When the entry was made.
    at: String,
    /// When the line was written.
    anchored_at: String,
}

/// `holdfast verify`.
pub fn verify(flags: &VerifyFlags, environment: &Environment) -> Result<(), String> {
    let config = load(&Overrides::from(&flags.store), environment)?;
    let _logs = start_logs(&quiet())?;
    actix_web::rt::System::new().block_on(async move {
        let store = Store::open(&config, &server::landscapes()).map_err(words)?;
        // First what should be there: that a ledger was cut is seen by nothing else.
        if let Some(path) = &flags.expect {
            expect(&store, path).await?;
        }
        let verdict = store::verify(&store, KINDS).await?;
        if flags.heads {
            verdict.heads.iter().for_each(|head| println!("{} {} {} {}", head.organization, head.seq, head.at, head.hash));
        }
        if let Some(path) = &flags.anchor {
            anchor(path, &verdict.heads)?;
        }
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

fn anchor(path: &Path, heads: &[Head]) -> Result<(), String> {
    let cannot = |cause: std::io::Error| format!("{}: {cause}", path.display());
    let mut file = File::options().create(true).append(true).open(path).map_err(cannot)?;
    let anchored_at = clock::now().to_string();
    let mut lines = Vec::new();
    for head in heads {
        let (organization, at) = (head.organization.to_string(), head.at.to_string());
        let line = Anchor { organization, seq: head.seq, hash: head.hash.clone(), at, anchored_at: anchored_at.clone() };
        serde_json::to_writer(&mut lines, &line).map_err(|error| error.to_string())?;
        lines.push(b'\n');
    }
    file.write_all(&lines).and_then(|()| file.sync_all()).map_err(cannot)
}

/// # Errors
/// When a ledger does not have an entry any more that it had, or has another one in its place.
async fn expect(store: &Arc<Store>, path: &Path) -> Result<(), String> {
    let cannot = |cause: &dyn std::fmt::Display| format!("{}: {cause}", path.display());
    let file = File::open(path).map_err(|cause| cannot(&cause))?;
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|cause| cannot(&cause))?;
        let anchor: Anchor = serde_json::from_str(&line).map_err(|cause| cannot(&format!("line {}: {cause}", index + 1)))?;
        let organization = Id::parse(&anchor.organization).ok_or_else(|| cannot(&format!("line {}: no id", index + 1)))?;
        let seq = anchor.seq;
        if seq == 0 {
            continue;
        }
        let entry =
            store.read(async |conn| ledger::entries_after(conn, organization, seq - 1, &[], 1).await).await.map_err(words)?;
        let entry = entry.first().filter(|entry| entry.seq == seq);
        let missing =
            || format!("organisation {organization}: ledger entry {seq}, which was there at {}, is missing", anchor.anchored_at);
        if hex::encode(&entry.ok_or_else(missing)?.hash) != anchor.hash {
            return Err(format!("organisation {organization}: ledger entry {seq} is not the one of {}", anchor.anchored_at));
        }
    }
    Ok(())
}

//! Tokens of the local issuer: the first one, and those that are asked for.
use super::{TokenArguments, token_ends};
use crate::auth::{Grant, LocalKey, files};
use crate::config::{Config, Overrides};
use crate::model::{Id, Kind, ObjectRef, Result};
use crate::server::{self, policy::POLICY};
use crate::store::{Store, resolve};
use std::collections::{BTreeMap, HashSet};
use std::io::IsTerminal;

/// Holds the first token where nobody looks at the output, in the data directory.
const FIRST_TOKEN: &str = "first-token";

/// Issues a token with the key of the service, or ends some; gives what is to be printed.
pub fn token(
    arguments: &TokenArguments,
    environment: &BTreeMap<String, String>,
    now: i64,
) -> std::result::Result<String, String> {
    let config = Config::load(&Overrides::from(&arguments.store), environment).map_err(|faults| faults.to_string())?;
    match &arguments.revoke {
        Some(text) => token_ends::revoke(&config, arguments, text, now),
        None if arguments.rotate_key => token_ends::rotate(&config, arguments.now, now),
        None => issue(&config, arguments, now),
    }
}

/// Signs a token, and says on standard error what speaks against its use.
fn issue(config: &Config, arguments: &TokenArguments, now: i64) -> std::result::Result<String, String> {
    if !config.auth.local_issuer {
        return Err("the local issuer is switched off (auth.local_issuer)".into());
    }
    let longest = config.auth.max_token_lifetime_seconds;
    if arguments.ttl_seconds > longest {
        return Err(format!("the service accepts tokens of at most {longest} seconds"));
    }
    // The command line demands both where a token is to be issued.
    let organization = arguments.organization.as_deref().unwrap_or_default();
    let grant = Grant {
        subject: arguments.subject.as_deref().unwrap_or_default(),
        organization,
        roles: &arguments.roles,
        scopes: &arguments.scopes,
        ttl_seconds: arguments.ttl_seconds,
    };
    // A key made here would be another one than that of the service, and its tokens good for nothing.
    let key = LocalKey::load(&config.data_dir)?.ok_or_else(|| token_ends::not_at_home(config))?;
    let token = key.mint(&grant, POLICY, now)?;
    if let Some(doubt) = doubt(config, organization) {
        eprintln!("holdfast: {doubt}");
    }
    Ok(token)
}

/// What speaks against an organisation. A token is signed all the same: the day nothing else works is the day it is
/// needed.
fn doubt(config: &Config, named: &str) -> Option<String> {
    let look = async {
        let store = Store::open(config, &server::landscapes())?;
        organization(&store, named).await
    };
    match actix_web::rt::System::new().block_on(look) {
        Ok(Some(_)) => None,
        Ok(None) => Some(format!("there is no organisation {named:?} yet; the first use of this token makes it")),
        Err(cause) => Some(format!("whether there is an organisation {named:?} could not be seen: {cause}")),
    }
}

/// The organisation of this key or id.
///
/// # Errors
/// When the database does not answer.
pub async fn organization(store: &Store, named: &str) -> Result<Option<Id>> {
    let object_ref = Id::parse(named).map_or_else(|| ObjectRef::Key(named.to_owned()), ObjectRef::Id);
    let wanted = HashSet::from([object_ref.clone()]);
    let found = store.read(async |conn| resolve::locate(conn, Id::SYSTEM, &[Kind::Organization], &wanted).await).await?;
    Ok(found.get(&object_ref).and_then(|all| all.first()).map(|(_, id)| *id))
}

/// Hands the first token over and gives the lines that tell of it. Only a terminal is shown it: other output ends in logs,
/// which many may read.
pub fn hand_over(config: &Config, organization: &str, token: &str) -> Vec<String> {
    let mut lines = vec![format!("organization: {organization}")];
    if std::io::stdout().is_terminal() {
        lines.push(format!("token: {token}"));
        lines.push("(shown only this once; `holdfast token` makes others)".into());
        return lines;
    }
    let path = config.data_dir.join(FIRST_TOKEN);
    match files::replace(&path, format!("{token}\n").as_bytes()) {
        Ok(()) => {
            tracing::info!(organization, file = %path.display(), "the first token is in a file that only its owner can read");
            lines.push(format!("first token: in {}", path.display()));
        }
        Err(cause) => {
            tracing::warn!(%cause, file = %path.display(), "the first token could not be written; `holdfast token` makes another");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::scratch::Scratch;
    use crate::cli::StoreFlags;
    use crate::model::Role;

    #[test]
    fn a_token_is_printed_alone_and_only_as_long_as_the_service_would_accept_it() {
        let scratch = Scratch::new();
        let mut arguments = TokenArguments {
            store: StoreFlags { data_dir: Some(scratch.path().into()), ..Default::default() },
            organization: Some("default".into()),
            subject: Some("ana".into()),
            roles: vec![Role::User],
            ttl_seconds: 86_400,
            ..Default::default()
        };
        assert!(token(&arguments, &BTreeMap::new(), 0).unwrap_err().contains("start it first"));
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0, "a key was invented");
        LocalKey::load_or_create(scratch.path()).unwrap();
        let printed = token(&arguments, &BTreeMap::new(), 1_800_000_000).unwrap();
        assert_eq!(printed.split('.').count(), 3);
        arguments.ttl_seconds += 1;
        assert!(token(&arguments, &BTreeMap::new(), 0).unwrap_err().contains("at most 86400 seconds"));
        let off = BTreeMap::from([
            ("HOLDFAST_AUTH__LOCAL_ISSUER".to_owned(), "false".to_owned()),
            ("HOLDFAST_AUTH__ISSUERS".to_owned(), r#"[{ issuer = "a", audience = "b", jwks_file = "c" }]"#.to_owned()),
        ]);
        assert!(token(&arguments, &off, 0).unwrap_err().contains("switched off"));
    }
}

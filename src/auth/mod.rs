//! Who is calling and what they may do. This room knows nothing of HTTP and does not read the clock.
//!
//! A token goes through [`token`] (its form), [`keys`] (its signature) and [`claims`] (what it says)
//! and becomes an [`Identity`]; [`Verifier`] leads it through. What an identity may do stands in
//! its [`Policy`]. [`revocations`] ends tokens before their time.

pub mod anchor;
mod api_keys;
mod claims;
#[cfg(test)]
mod example;
pub mod fetch;
pub mod files;
mod identity;
mod jwks;
mod keys;
mod local;
mod local_keys;
mod names;
mod policy;
mod revocations;
#[cfg(test)]
pub(crate) mod scratch;
pub mod settings;
mod strict_json;
pub mod targets;
mod token;
mod verifier;
mod watched;

pub use api_keys::{API_KEY_PREFIX, ApiKeyGrant, ApiKeyHolder, SecretDigest, new_secret, secret_digest};
pub use identity::{Caller, Identity};
pub use local::{Grant, LOCAL_AUDIENCE};
pub use local_keys::{LocalKey, Rotation};
pub use names::{LOCAL_ISSUER, is_key};
pub use policy::{CollectionRights, Policy};
pub use revocations::{Revocation, Revocations};
pub use settings::AuthConfig;
pub use token::Rejection;
pub use verifier::Verifier;

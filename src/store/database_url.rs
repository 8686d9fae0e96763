//! The URL of a PostgreSQL database, read as libpq would: what it says is honoured or refused by name, never passed over.
//! See "Connection URIs" and "Parameter Key Words" in PostgreSQL's manual.
use crate::model::{Error, Result};
use percent_encoding::percent_decode_str;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use tokio_postgres::config::SslMode;

/// What a URL says.
pub struct DatabaseUrl {
    pub config: tokio_postgres::Config,
    /// The certificates of `sslrootcert`; the system's when it names no file.
    root_file: Option<PathBuf>,
}

impl DatabaseUrl {
    /// # Errors
    /// Names what cannot be read or is not supported, without a value: it may be a password.
    pub fn parse(text: &str) -> Result<DatabaseUrl> {
        // The driver takes the first `@` for the end of the credentials, whatever stands before it.
        let after = text.find('@').unwrap_or(0);
        let (address, query) = match text[after..].find('?') {
            Some(place) => (&text[..after + place], &text[after + place + 1..]),
            None => (text, ""),
        };
        let mut root_file = None;
        let mut kept = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match (name, value) {
                ("sslrootcert", "system") => {}
                ("sslrootcert", path) => root_file = Some(PathBuf::from(&*percent_decode_str(path).decode_utf8_lossy())),
                // Certificates are always verified here, with the name: libpq's words for that mean no more than `require`.
                ("sslmode", "verify-full" | "verify-ca") => kept.push("sslmode=require"),
                ("sslmode", "allow") => {
                    return Err(refused("sslmode=allow", "it tries without encryption first; say disable, prefer or require"));
                }
                // What there is no way to do is not done.
                ("gssencmode", "disable" | "prefer") | ("sslcompression", "0") => {}
                ("pgbouncer", _) => {
                    return Err(refused(
                        "pgbouncer",
                        "leave it out; PgBouncer serves with pool_mode = session, and a shared one is found",
                    ));
                }
                _ => kept.push(parameter),
            }
        }
        let url = if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) };
        let config = url.parse().map_err(|e| Error::Internal(format!("the database URL cannot be read: {}", chain(&e))))?;
        Ok(DatabaseUrl { config, root_file })
    }

    /// The certificates that a server may show its own by: those of `sslrootcert`, or else of the system, and in any case those of
    /// the settings.
    ///
    /// # Errors
    /// When a file that is named cannot be read, or there are none at all and encryption is wanted.
    pub fn roots(&self, database_ca_file: Option<&Path>) -> Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let mode = self.config.get_ssl_mode();
        match &self.root_file {
            _ if mode == SslMode::Disable => return Ok(roots),
            Some(path) => add(&mut roots, "sslrootcert", path)?,
            None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
        }
        if let Some(path) = database_ca_file {
            add(&mut roots, "database_ca_file", path)?;
        }
        if roots.is_empty() && mode == SslMode::Require {
            return Err(Error::Internal(
                "no certificate is trusted: install ca-certificates, or name a file by database_ca_file or sslrootcert".into(),
            ));
        }
        Ok(roots)
    }
}

/// A cause with all that lies behind it.
pub fn chain(cause: &dyn std::error::Error) -> String {
    let mut words = cause.to_string();
    let mut source = cause.source();
    while let Some(inner) = source {
        words = format!("{words}: {inner}");
        source = inner.source();
    }
    words
}

fn refused(what: &str, why: &str) -> Error {
    Error::Internal(format!("the database URL says {what}, which is not supported: {why}"))
}

fn add(roots: &mut RootCertStore, what: &str, path: &Path) -> Result<()> {
    let unreadable = |e: &dyn std::fmt::Display| Error::Internal(format!("{what} {}: {e}", path.display()));
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| unreadable(&e))? {
        roots.add(certificate.map_err(|e| unreadable(&e))?).map_err(|e| unreadable(&e))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::ChannelBinding;

    fn fault(query: &str) -> String {
        let url = DatabaseUrl::parse(&format!("postgres://ann:se?cret@one,two/db?{query}"));
        url.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_libpq_knows_is_honoured_or_refused_by_name() {
        let url = DatabaseUrl::parse(
            "postgres://ann:se?cret@one,two/db?sslmode=verify-full&channel_binding=require&gssencmode=disable",
        );
        let url = url.unwrap();
        assert_eq!(url.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(url.config.get_channel_binding(), ChannelBinding::Require);
        assert_eq!((url.config.get_hosts().len(), url.config.get_dbname()), (2, Some("db")));
        for (query, named) in [
            ("sslmode=allow", "sslmode=allow"),
            ("sslmode=what", "sslmode"),
            ("sslcert=a.pem", "sslcert"),
            ("passfile=x", "passfile"),
            ("gssencmode=require", "gssencmode"),
            ("pgbouncer=true", "pool_mode"),
            ("target_session_attrs=prefer-standby", "target_session_attrs"),
        ] {
            let told = fault(query);
            assert!(told.contains(named) && !told.contains("cret"), "{query}: {told}");
        }
    }

    #[test]
    fn certificates_come_from_the_file_that_is_named() {
        let url = DatabaseUrl::parse("postgres://db/x?sslmode=require&sslrootcert=/not%20there.pem").unwrap();
        let told = url.roots(None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains("sslrootcert /not there.pem"), "{told}");
        let plain = DatabaseUrl::parse("postgres://db/x?sslmode=disable&sslrootcert=/not%20there.pem").unwrap();
        assert!(plain.roots(Some(Path::new("/nor/there"))).unwrap().is_empty());
    }
}

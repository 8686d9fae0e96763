use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::auth::scratch::Scratch;

struct Deployment {
    scratch: Scratch,
    variables: BTreeMap<String, String>,
    flags: Overrides,
}

impl Deployment {
    fn new() -> Self {
        Self { scratch: Scratch::new(), variables: BTreeMap::new(), flags: Overrides::default() }
    }

    fn file(self, text: &str) -> Self {
        fs::write(self.scratch.path().join("holdfast.toml"), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    fn load(&self) -> Result<Config, Faults> {
        Config::load_beside(&self.flags, &self.variables, self.scratch.path())
    }

    fn faults(&self) -> Vec<String> {
        self.load().unwrap_err().0
    }
}

#[test]
fn nothing_at_all_is_a_configuration() {
    let config = Deployment::new().load().unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.limits, Limits::default());
    assert!(matches!(config.database(), Ok(Database::Sqlite(path)) if path.as_os_str() == "data/holdfast.db"));
}

#[test]
fn the_later_layer_wins_setting_by_setting() {
    let mut deployment = Deployment::new()
        .file("listen = \"127.0.0.1:1\"\ndata_dir = \"file\"\n[limits]\nbody_bytes = 2048\nbatch_rows = 7\n")
        .variable("HOLDFAST_LISTEN", "127.0.0.1:2")
        .variable("HOLDFAST_LIMITS__BODY_BYTES", "4096");
    deployment.flags.listen = Some("127.0.0.1:3".into());
    let config = deployment.load().unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.data_dir, PathBuf::from("file"));
    assert_eq!((config.limits.body_bytes, config.limits.batch_rows), (4096, 7));
    assert_eq!(config.limits.page_size, 500);
}

#[test]
fn the_file_is_the_one_named_by_flag_then_by_variable_then_the_one_beside() {
    let mut deployment = Deployment::new().file("data_dir = \"beside\"");
    let other = deployment.scratch.path().join("other.toml");
    fs::write(&other, "data_dir = \"other\"").unwrap();
    assert_eq!(deployment.load().unwrap().data_dir, PathBuf::from("beside"));
    deployment = deployment.variable("HOLDFAST_CONFIG", other.to_str().unwrap());
    assert_eq!(deployment.load().unwrap().data_dir, PathBuf::from("other"));
    deployment.flags.config = Some("missing.toml".into());
    assert!(deployment.faults()[0].starts_with("missing.toml:"));
}

#[test]
fn every_setting_can_be_given_by_the_environment() {
    let deployment = Deployment::new()
        .variable("HOLDFAST_PUBLIC_URL", "https://holdfast.example.org")
        .variable("HOLDFAST_REQUIRE_IF_MATCH", "true")
        .variable("HOLDFAST_METRICS_TOKEN", "sixteen letters!")
        .variable("HOLDFAST_DATABASE_CA_FILE", "ca.pem")
        .variable("HOLDFAST_LOG__FORMAT", "text")
        .variable("HOLDFAST_LOG", "debug")
        .variable("HOLDFAST_AUTH__LOCAL_ISSUER", "false")
        .variable("HOLDFAST_AUTH__ISSUERS", r#"[{ issuer = "a", audience = "b", jwks_file = "c" }]"#);
    let config = deployment.load().unwrap();
    assert!(config.require_if_match && !config.auth.local_issuer);
    assert_eq!(config.log, Log { level: "debug".into(), format: LogFormat::Text });
    assert_eq!(config.auth.issuers[0].audience, ["b"]);
    assert_eq!(config.metrics_token.unwrap().expose(), "sixteen letters!");
    assert_eq!(config.database_ca_file, Some("ca.pem".into()));
}

#[test]
fn a_setting_without_a_default_has_a_variable_too() {
    let secret = || Some(Secret::from(String::new()));
    let full = Config {
        database_url: secret(),
        metrics_token: secret(),
        database_ca_file: Some("x".into()),
        public_url: Some("x".into()),
        ..Config::default()
    };
    let names = toml::Table::try_from(full).unwrap();
    let known = layers::variables();
    for name in names.keys() {
        let variable = format!("HOLDFAST_{}", name.to_uppercase());
        assert!(known.iter().any(|known| known.starts_with(&variable)), "{variable}");
    }
}

#[test]
fn an_empty_variable_counts_as_absent() {
    let deployment = Deployment::new().variable("HOLDFAST_DATABASE_URL", "").variable("HOLDFAST_LISTEN", "");
    assert!(deployment.load().unwrap().database_url.is_none());
}

#[test]
fn a_secret_may_come_from_a_file_but_not_twice() {
    let mut deployment = Deployment::new();
    let file = deployment.scratch.path().join("url");
    fs::write(&file, "postgres://ana:word@db/holdfast\n").unwrap();
    deployment = deployment.variable("HOLDFAST_DATABASE_URL_FILE", file.to_str().unwrap());
    let config = deployment.load().unwrap();
    assert_eq!(config.database_url.unwrap().expose(), "postgres://ana:word@db/holdfast");
    deployment = deployment.variable("HOLDFAST_DATABASE_URL", "postgres://db");
    assert!(deployment.faults()[0].contains("are the same setting"));
    let missing = Deployment::new().variable("HOLDFAST_METRICS_TOKEN_FILE", "/not/there");
    assert!(missing.faults()[0].starts_with("HOLDFAST_METRICS_TOKEN_FILE: /not/there"));
}

#[test]
fn unknown_variables_are_refused_with_what_was_probably_meant() {
    for (name, meant) in [
        ("HOLDFAST_LIMITS_BODY_BYTES", "; did you mean HOLDFAST_LIMITS__BODY_BYTES?"),
        ("HOLDFAST_DATABSE_URL", "; did you mean HOLDFAST_DATABASE_URL?"),
        ("HOLDFAST_DATABASE_URL_FIEL", "; did you mean HOLDFAST_DATABASE_URL_FILE?"),
        ("HOLDFAST_LISTEN_FILE", ""),
        ("HOLDFAST_COMPLETELY_DIFFERENT", ""),
    ] {
        let faults = Deployment::new().variable(name, "x").faults();
        assert_eq!(faults, [format!("{name} is not a setting{meant}")]);
    }
}

#[test]
fn variables_that_kubernetes_places_are_passed_over() {
    let deployment = Deployment::new()
        .variable("HOLDFAST_SERVICE_HOST", "10.0.0.1")
        .variable("HOLDFAST_SERVICE_PORT", "80")
        .variable("HOLDFAST_SERVICE_PORT_HTTP", "80")
        .variable("HOLDFAST_PORT", "tcp://10.0.0.1:80")
        .variable("HOLDFAST_PORT_80_TCP", "tcp://10.0.0.1:80")
        .variable("HOLDFAST_PORT_80_TCP_ADDR", "10.0.0.1")
        .variable("HOLDFAST_DATABASE_PORT_5432_TCP_PROTO", "tcp");
    assert!(deployment.load().is_ok());
    let faults = Deployment::new().variable("HOLDFAST_PORT", "8080").faults();
    assert!(faults[0].contains("HOLDFAST_PORT is not a setting"), "this one somebody has set by hand");
}

#[test]
fn unknown_keys_of_the_file_are_named_with_their_line() {
    for (text, key) in [
        ("listne = \"x\"", "listne"),
        ("\n[limits]\nbody = 1", "body"),
        ("[log]\nlevle = \"info\"", "levle"),
        ("[auth]\nissuer = \"x\"", "issuer"),
        ("[[auth.issuers]]\nissuer = \"x\"\naudience = \"x\"\njwks = \"x\"", "jwks"),
    ] {
        let faults = Deployment::new().file(text).faults();
        let line = text.lines().count();
        assert!(faults[0].contains(&format!("unknown field `{key}`")), "{faults:?}");
        assert!(faults[0].contains(&format!("holdfast.toml, line {line}:")), "{faults:?}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let faults = Deployment::new()
        .file("public_url = \"ftp://x\"\nmetrics_token = \"short\"\n[limits]\npage_size = 0\nworkers = 0\n[log]\nlevel = \"=,=\"")
        .variable("HOLDFAST_DATABASE_URL", "mysql://ana:word@db/holdfast")
        .variable("HOLDFAST_LIMITS__BATCH_ROWS", "many")
        .variable("HOLDFAST_AUTH__LOCAL_ISSUER", "no")
        .variable("HOLDFAST_WHATEVER", "1")
        .faults();
    assert_eq!(faults.len(), 9, "{faults:#?}");
    let text = Faults(faults).to_string();
    assert!(!text.contains("word") && !text.contains("many"), "values are not repeated: {text}");
}

#[test]
fn values_of_a_wrong_kind_are_told_with_their_place() {
    for (name, value, place) in [
        ("HOLDFAST_LISTEN", "nowhere", "listen"),
        ("HOLDFAST_LOG__FORMAT", "xml", "format"),
        ("HOLDFAST_LIMITS__WORKERS", "-1", "workers"),
    ] {
        let faults = Deployment::new().variable(name, value).faults();
        assert!(faults[0].contains(place), "{faults:?}");
    }
}

#[test]
fn the_database_is_sqlite_or_postgresql_and_nothing_else() {
    let database = |url: &str| {
        let database_url = Some(Secret::from(url.to_owned()));
        Config { database_url, ..Config::default() }.database()
    };
    for url in ["postgres://db/x", "postgresql://ana:word@db/x?sslmode=require"] {
        assert!(matches!(database(url), Ok(Database::Postgres(secret)) if secret.expose() == url));
    }
    for (url, path) in [
        ("sqlite:a.db", "a.db"),
        ("sqlite://a.db", "a.db"),
        ("sqlite:///srv/a.db", "/srv/a.db"),
        ("sqlite:/srv/a.db", "/srv/a.db"),
        ("sqlite:", "data/holdfast.db"),
    ] {
        assert!(matches!(database(url), Ok(Database::Sqlite(found)) if found.as_os_str() == path), "{url}");
    }
    for url in ["", "mysql://db", "db.sqlite", "POSTGRES://db", "sqlite::memory:", "sqlite:a?mode=memory"] {
        assert!(database(url).is_err(), "{url}");
    }
}

#[test]
fn secrets_are_never_shown() {
    let config = Deployment::new()
        .file("database_url = \"postgres://ana:pass-word@db/x\"\nmetrics_token = \"pass-word-pass-word\"")
        .load()
        .unwrap();
    let shown = config.redacted_toml().unwrap();
    assert!(shown.contains("database_url = \"[redacted]\""), "{shown}");
    assert!(shown.contains("metrics_token = \"[redacted]\""));
    let database = config.database().unwrap();
    for text in [shown, format!("{config:?}"), format!("{database:?}")] {
        assert!(!text.contains("pass-word"), "{text}");
    }
    for text in [
        "database_url = \"postgres://ana:pass-word@db\" x",
        "database_url = \"postgres://ana:pass-word@db",
        "metrics_token = [\"pass-word\"]",
        "database_url = { pass-word = 1 }",
    ] {
        let told = Deployment::new().file(text).load().unwrap_err().to_string();
        assert!(!told.contains("pass-word"), "{told}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let issuer = "[[auth.issuers]]\nissuer = \"a\"\naudience = [\"b\"]\njwks_file = \"c\"\nroles_map = { x = \"user\" }";
    let shown = Deployment::new().file(issuer).load().unwrap().redacted_toml().unwrap();
    assert_eq!(Deployment::new().file(&shown).load().unwrap().redacted_toml().unwrap(), shown);
}

use serde_json::json;

use super::super::example::EXAMPLE;
use super::*;

const NOW: i64 = 1_800_000_000;

fn rules() -> ClaimRules {
    ClaimRules {
        issuer: "https://issuer.example.org".into(),
        audiences: vec!["holdfast".into()],
        longest_lifetime: 86_400,
        longest_api_key_seconds: 0,
        pointers: ClaimPointers::default(),
        subjects: Subjects::default(),
        roles_map: BTreeMap::new(),
        roles_as_named: true,
        organizations_map: BTreeMap::new(),
        organizations_as_named: true,
        refuse_unknown_scopes: false,
        local: false,
        policy: EXAMPLE,
    }
}

fn sound() -> Map<String, Value> {
    let claims = json!({
        "iss": "https://issuer.example.org", "aud": "holdfast", "sub": "ana", "org": "acme",
        "roles": ["auditor"], "iat": NOW, "exp": NOW + 3600,
    });
    claims.as_object().unwrap().clone()
}

fn result_with(claim: &str, value: Value) -> Result<Identity, Rejection> {
    let mut claims = sound();
    claims.insert(claim.to_owned(), value);
    rules().identity(&claims, NOW)
}

#[test]
fn sound_claims_become_an_identity() {
    let identity = rules().identity(&sound(), NOW).unwrap();
    let expected = Identity {
        subject: "ana".into(),
        case_sensitive: false,
        organization: "acme".into(),
        roles: vec![Role::Auditor],
        scopes: None,
        local: false,
        expires_at: NOW + 3600,
        api_key: None,
        longest_api_key_seconds: 0,
        policy: EXAMPLE,
        hidden: std::sync::OnceLock::new(),
    };
    assert_eq!(identity, expected);
}

#[test]
fn the_four_required_claims_and_the_organisation_must_be_there() {
    for claim in ["iss", "aud", "sub", "exp", "org"] {
        let mut claims = sound();
        claims.remove(claim);
        assert!(rules().identity(&claims, NOW).is_err(), "{claim}");
    }
}

#[test]
fn dates_are_seconds_within_reason_and_nothing_else() {
    for whole_or_not in [1_800_003_600.0, 1_800_003_600.75] {
        assert_eq!(result_with("exp", json!(whole_or_not)).map(|identity| identity.expires_at), Ok(1_800_003_600));
    }
    for claim in ["nbf", "iat"] {
        assert!(result_with(claim, json!(1_799_999_999.5)).is_ok());
        assert_eq!(result_with(claim, json!(1_800_000_031.5)), Err(Rejection::NotYetValid));
    }
    for value in [
        json!("1800003600"),
        json!(-1),
        json!(-0.5),
        json!(1e18),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(LATEST + 1),
        json!(null),
        json!([NOW]),
        json!(true),
    ] {
        for claim in ["exp", "nbf", "iat"] {
            let result = result_with(claim, value.clone());
            assert_eq!(result, Err(Rejection::Claims), "{claim} {value}");
        }
    }
}

#[test]
fn the_ends_of_a_lifetime_are_exact_to_the_second() {
    let exp = |offset: i64| {
        let mut claims = sound();
        claims.insert("iat".into(), json!(NOW - 100));
        claims.insert("exp".into(), json!(NOW + offset));
        rules().identity(&claims, NOW).map(|identity| identity.expires_at)
    };
    assert_eq!(exp(-29), Ok(NOW - 29));
    assert_eq!(exp(-30), Err(Rejection::Expired));
    for claim in ["nbf", "iat"] {
        assert!(result_with(claim, json!(NOW + 30)).is_ok());
        assert_eq!(result_with(claim, json!(NOW + 31)), Err(Rejection::NotYetValid));
    }
    assert!(result_with("exp", json!(NOW + 86_400)).is_ok());
    assert_eq!(result_with("exp", json!(NOW + 86_401)), Err(Rejection::LivesTooLong));
    let mut undated = sound();
    undated.remove("iat");
    undated.insert("exp".into(), json!(NOW + 86_401));
    assert_eq!(rules().identity(&undated, NOW), Err(Rejection::LivesTooLong));
}

#[test]
fn the_audience_is_ours_alone_or_in_a_list_of_texts() {
    assert!(result_with("aud", json!(["account", "holdfast"])).is_ok());
    for value in [json!("Holdfast"), json!("holdfast "), json!(""), json!([]), json!(["account"])] {
        assert_eq!(result_with("aud", value.clone()), Err(Rejection::Audience), "{value}");
    }
    for value in [json!(null), json!(7), json!({"holdfast": 1}), json!(["holdfast", 7])] {
        assert_eq!(result_with("aud", value.clone()), Err(Rejection::Claims), "{value}");
    }
}

#[test]
fn the_issuer_is_one_text_equal_to_the_letter() {
    for value in [
        json!("https://issuer.example.org/"),
        json!("HTTPS://issuer.example.org"),
        json!(["https://issuer.example.org"]),
        json!(null),
    ] {
        assert_eq!(result_with("iss", value.clone()), Err(Rejection::UnknownIssuer), "{value}");
    }
}

#[test]
fn a_subject_is_a_name_of_bounded_length_without_control_characters() {
    assert!(result_with("sub", json!("é".repeat(255))).is_ok());
    for value in [
        json!(""),
        json!("  "),
        json!("a".repeat(256)),
        json!("a\nb"),
        json!("a\u{0}"),
        json!("a\u{85}"),
        json!(7),
        json!(null),
        json!(["ana"]),
    ] {
        assert_eq!(result_with("sub", value.clone()), Err(Rejection::Claims), "{value}");
    }
}

#[test]
fn an_organisation_is_a_key() {
    for value in [
        json!(""),
        json!("-a"),
        json!("a b"),
        json!("a/b"),
        json!("a".repeat(65)),
        json!("018f6c2e-0000-7000-8000-000000000000"),
        json!(["acme"]),
        json!(1),
    ] {
        assert_eq!(result_with("org", value.clone()), Err(Rejection::Organization), "{value}");
    }
}

#[test]
fn roles_come_as_list_or_words_and_unknown_ones_grant_nothing() {
    let roles = |value: Value| result_with("roles", value).map(|identity| identity.roles);
    assert_eq!(roles(json!("user auditor user root")), Ok(vec![Role::User, Role::Auditor]));
    assert_eq!(roles(json!(["offline_access"])), Ok(vec![]));
    assert_eq!(roles(json!(null)), Ok(vec![]));
    for value in [json!(1), json!({"administrator": true}), json!([["administrator"]])] {
        assert_eq!(roles(value), Err(Rejection::Claims));
    }
}

#[test]
fn scopes_come_as_list_or_words_and_foreign_ones_do_not_narrow() {
    let scopes = |value: Value| result_with("scope", value).map(|identity| identity.scopes);
    assert_eq!(scopes(json!("openid services:read")), Ok(Some(vec!["services:read".into()])));
    assert_eq!(scopes(json!(["batch:write"])), Ok(Some(vec!["batch:write".into()])));
    assert_eq!(scopes(json!("openid email")), Ok(None));
}

#[test]
fn pointers_and_maps_read_the_tokens_of_others() {
    let mut rules = rules();
    rules.pointers = ClaimPointers {
        subject: "/preferred_username".into(),
        organization: "/https:~1~1example.org~1tenant".into(),
        roles: "/resource_access/holdfast/roles".into(),
        scopes: "/scp".into(),
    };
    rules.roles_map = BTreeMap::from([("continuity".into(), Role::ItServiceContinuityManager)]);
    rules.organizations_map = BTreeMap::from([("tenant 7".into(), "acme".into())]);
    (rules.roles_as_named, rules.organizations_as_named) = (false, false);
    let mut claims = sound();
    let more = json!({
        "sub": "6f0c", "preferred_username": "ana", "https://example.org/tenant": "tenant 7",
        "resource_access": {"holdfast": {"roles": ["continuity", "administrator"]}}, "scp": "sites:read",
    });
    claims.extend(more.as_object().unwrap().clone());
    let identity = rules.identity(&claims, NOW).unwrap();
    assert_eq!((&*identity.subject, &*identity.organization), ("ana", "acme"));
    assert_eq!(identity.roles, [Role::ItServiceContinuityManager], "a map is exhaustive");
    assert_eq!(identity.scopes, Some(vec!["sites:read".into()]));
    claims.insert("https://example.org/tenant".into(), json!("acme"));
    assert_eq!(rules.identity(&claims, NOW), Err(Rejection::Organization), "a map is exhaustive");
}

#[test]
fn empty_maps_grant_nothing() {
    let closed = ClaimRules { roles_as_named: false, ..rules() };
    assert_eq!(closed.identity(&sound(), NOW).map(|identity| identity.roles), Ok(vec![]));
    let closed = ClaimRules { organizations_as_named: false, ..rules() };
    assert_eq!(closed.identity(&sound(), NOW), Err(Rejection::Organization));
}

#[test]
fn administrator_of_another_issuer_is_granted_by_an_entry_only() {
    let mut claims = sound();
    claims.insert("roles".into(), json!(["administrator", "operator", "auditor"]));
    let roles = |rules: ClaimRules| rules.identity(&claims, NOW).map(|identity| identity.roles);
    assert_eq!(roles(rules()), Ok(vec![Role::Auditor]));
    assert_eq!(roles(ClaimRules { local: true, ..rules() }), Ok(vec![Role::Auditor, Role::Administrator]));
    let roles_map = BTreeMap::from([("operator".into(), Role::Administrator)]);
    assert_eq!(roles(ClaimRules { roles_map, ..rules() }), Ok(vec![Role::Auditor, Role::Administrator]));
}

#[test]
fn unknown_scopes_are_refused_where_the_settings_say_so() {
    let strict = |scope: Value| {
        let mut claims = sound();
        claims.insert("scope".into(), scope);
        ClaimRules { refuse_unknown_scopes: true, ..rules() }.identity(&claims, NOW).map(|identity| identity.scopes)
    };
    assert_eq!(strict(json!("services:read openid")), Err(Rejection::Scope));
    assert_eq!(strict(json!(["services:reed"])), Err(Rejection::Scope));
    assert_eq!(strict(json!("services:read")), Ok(Some(vec!["services:read".into()])));
    assert_eq!(strict(json!("")), Ok(None));
}

#[test]
fn a_subject_is_trimmed_composed_and_told_from_those_of_other_issuers() {
    let subject = |subjects: Subjects, sub: &str| {
        let mut claims = sound();
        claims.insert("sub".into(), json!(sub));
        ClaimRules { subjects, ..rules() }.identity(&claims, NOW).map(|identity| identity.subject)
    };
    assert_eq!(subject(Subjects::default(), " ju\u{308}rgen "), Ok("j\u{fc}rgen".into()));
    let second = Subjects { prefix: "b#".into(), ..Subjects::default() };
    assert_eq!(subject(second.clone(), " ana"), Ok("b#ana".into()));
    assert_eq!(subject(second, &"a".repeat(254)), Err(Rejection::Claims), "with its prefix it is too long");
    let first = Subjects { foreign: vec!["b#".into()], ..Subjects::default() };
    assert_eq!(subject(first.clone(), "b-ana"), Ok("b-ana".into()));
    assert_eq!(subject(first, " B#ana"), Err(Rejection::Claims));
}

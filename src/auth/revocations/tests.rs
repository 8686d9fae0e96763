use std::fs;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::super::scratch::Scratch;
use super::*;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

fn token(claims: Value) -> String {
    format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn add(scratch: &Scratch, text: &str, now: i64) -> bool {
    Revocations::add(scratch.path(), Revocation::of(text, None, DAY, now).unwrap(), now).unwrap()
}

fn ends(list: &Revocations, text: &str) -> bool {
    let token = Unverified::parse(text).unwrap();
    list.contains(&token, token.issuer().unwrap(), token.hearsay())
}

#[test]
fn a_token_is_ended_by_its_name_by_itself_or_by_what_it_says() {
    let scratch = Scratch::new();
    let named = token(json!({"iss": "a", "jti": "one", "exp": NOW + 60}));
    let elsewhere = token(json!({"iss": "b", "jti": "one", "exp": NOW + 60}));
    let nameless = token(json!({"iss": "a", "sub": "ana", "exp": NOW + 60}));
    let other = token(json!({"iss": "a", "sub": "bob", "exp": NOW + 60}));
    assert!(add(&scratch, &named, NOW) && !add(&scratch, &named, NOW), "the second time it is there already");
    assert!(add(&scratch, &nameless, NOW));
    let list = Revocations::load(scratch.path()).unwrap();
    assert_eq!([&named, &elsewhere, &nameless, &other].map(|text| ends(&list, text)), [true, false, true, false]);
    let respelled = nameless.replace(".AAAA", ".BBBB");
    assert!(ends(&list, &respelled), "another spelling of the signature is the same token");
    assert!(add(&scratch, "one", NOW));
    let list = Revocations::load(scratch.path()).unwrap();
    assert!(ends(&list, &elsewhere), "a name alone is that of any issuer");
    assert_eq!(list.entries.len(), 2, "what is covered is not kept beside it");
}

#[test]
fn what_has_ended_by_itself_goes_when_another_comes() {
    let scratch = Scratch::new();
    add(&scratch, &token(json!({"iss": "a", "jti": "short", "exp": NOW + 60})), NOW);
    add(&scratch, "long", NOW);
    add(&scratch, "late", NOW + 91);
    let left: Vec<_> = Revocations::load(scratch.path()).unwrap().entries.into_iter().filter_map(|one| one.jti).collect();
    assert_eq!(left, ["long", "late"]);
}

#[test]
fn what_is_no_token_and_no_name_is_refused() {
    let broken = token(json!({"iss": "a"})).replace(".AAAA", ".A");
    let whole = token(json!({"iss": "a"}));
    let (bearer, part) = (format!("Bearer {whole}"), whole.rsplit_once('.').unwrap().0);
    let long = format!("eyJ{}", "a".repeat(62));
    for text in ["", " a", "a\n", "a b", &"a".repeat(256), &broken, &token(json!({"jti": "no issuer"})), &bearer, part, &long] {
        assert!(Revocation::of(text, None, DAY, NOW).is_err(), "{text:?}");
    }
    assert!(Revocation::of("eyJjYWxsZWQ", None, DAY, NOW).is_ok());
    assert!(Revocation::of("a", Some(&"r".repeat(201)), DAY, NOW).is_err());
    assert!(Revocation::of("a", Some("left\nus"), DAY, NOW).is_err());
}

#[test]
fn a_list_that_was_cut_or_cannot_be_understood_is_refused_and_not_replaced() {
    let scratch = Scratch::new();
    let path = Revocations::path(scratch.path());
    assert!(Revocations::load(scratch.path()).unwrap().entries.is_empty(), "no list is an empty one");
    add(&scratch, "one", NOW);
    add(&scratch, "two", NOW);
    let whole = fs::read_to_string(&path).unwrap();
    let one = whole.lines().nth(1).unwrap();
    let headless = whole.lines().skip(1).collect::<Vec<_>>().join("\n");
    let foreign = whole.replace("\"jti\"", "\"name\"");
    for damaged in ["", "x", &headless, &whole[..whole.len() - 20], &format!("{{\"revoked_tokens\":2}}\n{one}\n"), &foreign] {
        fs::write(&path, damaged).unwrap();
        assert!(Revocations::load(scratch.path()).is_err(), "{damaged}");
        let new = Revocation::of("three", None, DAY, NOW).unwrap();
        assert!(Revocations::add(scratch.path(), new, NOW).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
    }
    fs::write(&path, whole).unwrap();
    let before = Revocations::load(scratch.path()).unwrap();
    fs::remove_file(&path).unwrap();
    assert!(Revocations::load_again(scratch.path(), &before).unwrap_err().contains("is gone"));
}

#[test]
fn of_commands_at_once_none_is_lost() {
    let scratch = Scratch::new();
    std::thread::scope(|scope| {
        (0..16).for_each(|number| {
            let scratch = &scratch;
            scope.spawn(move || assert!(add(scratch, &format!("token-{number}"), NOW)));
        });
    });
    assert_eq!(Revocations::load(scratch.path()).unwrap().entries.len(), 16);
}

#[test]
fn the_list_has_an_end_and_is_for_its_owner_only() {
    let scratch = Scratch::new();
    let of = |number: usize| Revocation::of(&format!("token-{number}"), None, DAY, NOW).unwrap();
    let full = Revocations::of((0..MOST).map(of).collect());
    files::replace(&Revocations::path(scratch.path()), full.text().unwrap().as_bytes()).unwrap();
    assert!(Revocations::add(scratch.path(), of(MOST), NOW).unwrap_err().contains("--rotate-key"));
    assert!(Revocations::add(scratch.path(), of(MOST), NOW + 2 * DAY).is_ok(), "those of before have ended");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let path = Revocations::path(scratch.path());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Revocations::load(scratch.path()).unwrap_err().contains("0644"));
    }
}

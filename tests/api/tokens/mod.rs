//! Nobody gets in: every wrong token against a protected route, and the right ones beside them.

mod attacks;
mod ends;
mod issuers;

use crate::both;
use crate::support::token::{ALL_POWERFUL, claims, header, now, sign};
use crate::support::{Api, fresh};
use attacks::{attacks, merged};
use serde_json::json;
use std::net::TcpListener;

fn ask(api: &Api, header: &[u8]) -> (u16, String) {
    let answer = api.call("GET", "/sites").header("Authorization", header.to_vec()).send();
    (answer.status(), answer.code())
}

both! {
    fn no_wrong_token_opens_a_protected_route(server) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of the attacker");
        listener.set_nonblocking(true).expect("a listener");
        let keys_url = format!("http://{}/keys.json", listener.local_addr().expect("an address"));
        let organization = format!("org-{}", fresh());
        let attacks = attacks(server, &organization, &keys_url);
        assert!(attacks.len() >= 150, "only {} attacks", attacks.len());
        let stranger = server.stranger();
        let let_in: Vec<String> = attacks
            .iter()
            .map(|attack| (&attack.name, ask(&stranger, &attack.header)))
            .filter(|(_, answer)| *answer != (401, "unauthenticated".to_owned()))
            .map(|(name, answer)| format!("{name}: {answer:?}"))
            .collect();
        assert!(let_in.is_empty(), "{} of {} attacks: {let_in:#?}", let_in.len(), attacks.len());
        assert!(listener.accept().is_err(), "the service called the attacker");
    }

    fn the_same_token_without_a_fault_opens_it(server) {
        let base = claims(&format!("org-{}", fresh()), "ana", &ALL_POWERFUL);
        let good = [
            merged(base.clone(), json!({})),
            merged(base.clone(), json!({"nbf": now() - 10})),
            merged(base.clone(), json!({"aud": ["other", "holdfast"]})),
            merged(base.clone(), json!({"extra": {"a": [1, 2]}})),
            merged(base.clone(), json!({"exp": now() + 86_000})),
            merged(base.clone(), json!({"exp": (now() + 600) as f64, "iat": now() as f64 - 0.5, "nbf": now() as f64})),
            merged(base.clone(), json!({"exp": now() as f64 + 600.25})),
        ];
        for claims in good {
            server.with_token("", &sign(server.key(), &header(), &claims)).get("/sites").expect(200);
        }
        for typ in [json!({"typ": "at+jwt"}), json!({"typ": null})] {
            server.with_token("", &sign(server.key(), &merged(header(), typ), &base)).get("/sites").expect(200);
        }
        let scheme = format!("bearer {}", sign(server.key(), &header(), &base));
        server.stranger().call("GET", "/sites").header("Authorization", scheme).send().expect(200);
    }

    fn roles_that_are_no_list_of_names_give_nothing(server) {
        let base = claims(&format!("org-{}", fresh()), "ana", &[]);
        for roles in [json!(7), json!({"administrator": true}), json!([["administrator"]]), json!(true), json!(null)] {
            let token = server.token(&merged(base.clone(), json!({"roles": roles})));
            let answer = server.with_token("", &token).get("/sites");
            assert!(matches!(answer.status(), 401 | 403), "{roles}\n{}", answer.story());
        }
    }

    fn two_tokens_are_not_better_than_one(server) {
        let good = server.token(&claims(&format!("org-{}", fresh()), "ana", &ALL_POWERFUL));
        let api = server.with_token("", &good);
        let answer = api.call("GET", "/sites").header("Authorization", "Bearer x").send();
        assert!(matches!(answer.status(), 400 | 401), "{}", answer.story());
        server.stranger().get(&format!("/sites?access_token={good}")).refused(401, "unauthenticated");
        let stranger = server.stranger();
        let cookie = stranger.call("GET", "/sites").header("Cookie", format!("token={good}")).send();
        cookie.refused(401, "unauthenticated");
    }

    fn a_refusal_does_not_say_which_check_failed_in_detail(server) {
        let api = server.with_token("", "a.b.c");
        let text = api.get("/sites").expect(401).text();
        for word in ["a.b.c", "HMAC", "InvalidSignature", "jsonwebtoken"] {
            assert!(!text.contains(word), "{text}");
        }
    }

    fn a_token_is_good_only_until_it_runs_out(server) {
        let base = claims(&format!("org-{}", fresh()), "ana", &ALL_POWERFUL);
        let token = server.token(&merged(base, json!({"exp": now() - 28})));
        let api = server.with_token("", &token);
        // Within the leeway of 30 seconds it may still be taken; after it, cached or not, it is not.
        let first = api.get("/sites").status();
        assert!(matches!(first, 200 | 401), "{first}");
        std::thread::sleep(std::time::Duration::from_secs(4));
        api.get("/sites").refused(401, "unauthenticated");
    }

    fn an_organisation_has_no_key_that_looks_like_an_id(server) {
        let operator = server.client("default", "operator", &["administrator"]);
        let looks_alike = "018f6c2e-0000-7000-8000-00000000abcd";
        for key in [looks_alike.to_owned(), looks_alike.to_uppercase()] {
            operator.post("/organizations", &json!({"key": key, "name": "Acme"})).invalid(&[("/key", "not_allowed")]);
            operator.put(&format!("/organizations/key:{key}"), &json!({"name": "Acme"})).invalid(&[("/key", "not_allowed")]);
            // Nor is one made for a token.
            server.client(&key, "ana", &["administrator"]).get("/sites").refused(401, "unauthenticated");
            let minted = server.home.run("token", &["--organization", &key, "--subject", "ana", "--role", "user"]);
            assert!(!minted.status.success());
        }
        let made = operator.post("/organizations", &json!({"name": "Acme"})).expect(201).json();
        let path = format!("/organizations/{}", made["id"].as_str().expect("an id"));
        operator.patch(&path, &json!({"key": looks_alike})).invalid(&[("/key", "not_allowed")]);
        server.client(made["id"].as_str().expect("an id"), "ana", &["administrator"]).get("/sites").refused(401, "unauthenticated");
    }

    fn the_command_line_mints_tokens_that_are_good(server) {
        let arguments = ["--organization", "minted", "--subject", "cli", "--role", "auditor", "--role", "user", "--ttl", "60"];
        let output = server.home.run("token", &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(printed.lines().count(), 1, "only the token is printed");
        let api = server.with_token("minted", printed.trim());
        let me = api.get("/me").expect(200).text();
        assert!(me.contains("cli") && me.contains("auditor"), "{me}");
        api.post("/sites", &json!({"name": "x", "kind": "office"})).refused(403, "forbidden");
        let scoped = server.home.run("token", &[&arguments[..], &["--scope", "services:read"]].concat());
        let printed = String::from_utf8(scoped.stdout).expect("UTF-8");
        server.with_token("minted", printed.trim()).get("/sites").refused(403, "forbidden");
    }
}

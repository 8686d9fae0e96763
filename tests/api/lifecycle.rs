//! Moves between states: every status, every move and every role, and no other way in.

mod guards;
mod machine;
mod practice;
mod rfc;

use crate::both;
use crate::support::token::ROLES;
use crate::support::{Answer, Api};
use machine::{MACHINES, Machine};
use serde_json::{Value, json};

/// Every kind that has states.
fn machines() -> impl Iterator<Item = &'static Machine> {
    MACHINES.iter().chain(practice::MACHINES)
}

/// Tries a move without keeping it.
fn rehearsed(api: &Api, path: &str, body: &Value) -> Answer {
    api.call("POST", &format!("{path}/transitions")).header("Prefer", "tx=rollback").json(body).send()
}

/// What a move must answer to a caller with one role, where nothing else is missing.
fn expected(machine: &Machine, role: &str, from: &str, to: &str, commissioned: bool) -> u16 {
    let may = |permission: &str| machine.may(role, permission);
    let leads: Vec<&str> = machine.moves.iter().filter(|one| one.to == to).map(|one| one.permission).collect();
    let way = machine.moves.iter().find(|one| one.to == to && one.from.contains(&from));
    let any = may("write") || machine.moves.iter().any(|one| may(one.permission));
    let alike = leads.iter().all(|permission| *permission == leads[0]);
    match way {
        _ if !any => 403,
        _ if alike && !leads.is_empty() && !may(leads[0]) => 403,
        Some(way) if !may(way.permission) => 403,
        _ if machine.is_limited(role) && !commissioned => 403,
        Some(way) if way.wanting => 409,
        Some(_) => 200,
        None => 409,
    }
}

both! {
    fn every_status_move_and_role_answers_as_the_contract_says(server) {
        for machine in machines() {
            for from in machine.statuses {
                let admin = server.fresh_organization();
                let object = machine.bring(&admin, from);
                let path = machine.path(&object);
                for role in ROLES {
                    let api = server.client(&admin.organization, role, &[role]);
                    for to in machine.statuses {
                        let answer = rehearsed(&api, &path, &machine.order(to));
                        let commissioned = machine.is_commissioned(role, from);
                        let wanted = expected(machine, role, from, to, commissioned);
                        assert_eq!(answer.status(), wanted, "{}: {role}, {from} to {to}\n{}", machine.collection, answer.story());
                        if wanted == 409 {
                            answer.refused(409, "transition_closed");
                        }
                    }
                }
                assert_eq!(admin.get(&path).expect(200).json(), object, "a rehearsal left a trace");
            }
        }
    }

    fn the_moves_told_are_those_that_can_be_made(server) {
        for machine in machines() {
            for from in machine.statuses {
                let admin = server.fresh_organization();
                let object = machine.bring(&admin, from);
                let path = machine.path(&object);
                for role in ROLES.into_iter().filter(|role| *role != "user") {
                    let api = server.client(&admin.organization, role, &[role]);
                    let told = api.get(&format!("{path}/transitions")).expect(200).json();
                    assert_eq!((&told["status"], &told["version"]), (&json!(from), &object["version"]));
                    let moves = told["transitions"].as_array().expect("a list");
                    assert_eq!(moves.len(), machine.statuses.len() - 1, "{told}");
                    for one in moves {
                        let to = one["to"].as_str().expect("a status");
                        let made = rehearsed(&api, &path, &machine.order(to)).status() == 200;
                        assert_eq!(one["allowed"], json!(made), "{}: {role}, {from} to {to}: {one}", machine.collection);
                        let known = machine.moves.iter().find(|known| known.to == to && known.from.contains(from));
                        let open = known.is_some_and(|known| !known.wanting);
                        assert_eq!(one["open"], json!(open), "{one}");
                        let permission = known.map(|known| format!("{}:{}", machine.collection, known.permission));
                        assert_eq!(one["permission"], json!(permission), "{one}");
                        let permitted = known.is_some_and(|known| machine.may(role, known.permission));
                        let elsewhere = machine.is_limited(role) && permitted && !machine.is_commissioned(role, from);
                        assert_eq!(one["reasons"] == json!([]), open && !elsewhere, "{role}: {one}");
                    }
                }
            }
        }
    }

    fn a_status_changes_by_a_move_and_in_no_other_way(server) {
        for machine in machines() {
            let api = server.fresh_organization();
            let object = machine.bring(&api, machine.statuses[0]);
            let path = machine.path(&object);
            let other = machine.statuses[1];
            api.patch(&path, &json!({"status": other})).invalid(&[("/status", "read_only")]);
            if machine.collection == "change-requests" {
                continue;
            }
            let mut draft = machine.draft(&api);
            draft["status"] = json!(other);
            if machine.collection != "run-steps" {
                api.post(&format!("/{}", machine.collection), &draft).invalid(&[("/status", "read_only")]);
                api.put(&path, &draft).invalid(&[("/status", "read_only")]);
            }
            for op in ["upsert", "merge"] {
                let row = json!({"op": op, "kind": machine.kind, "id": object["id"], "data": draft});
                api.post("/batch", &json!({"rows": [row]})).refused(422, "invalid");
            }
            assert_eq!(api.get(&path).expect(200).json(), object);
        }
    }

    fn a_move_is_a_version_with_its_comment_and_its_maker(server) {
        for machine in machines() {
            let api = server.fresh_organization();
            let object = machine.bring(&api, machine.statuses[0]);
            let path = machine.path(&object);
            let mut order = machine.order(machine.first);
            order["comment"] = json!("Because it is time");
            let moved = api.post(&format!("{path}/transitions"), &order).expect(200);
            let now = moved.json();
            assert_eq!((&now["status"], &now["status_reason"]), (&json!(machine.first), &json!("Because it is time")));
            assert_eq!(now["version"], json!(object["version"].as_i64().expect("a version") + 1));
            assert!(now["status_changed_at"].as_str() > object["status_changed_at"].as_str(), "{now}");
            let seen = api.get(&path).expect(200);
            assert_eq!((seen.json(), seen.etag()), (now.clone(), moved.etag()));
            let newest = api.get(&format!("{path}/history?limit=1")).expect(200).items().remove(0);
            assert_eq!((&newest["by"], &newest["reason"]), (&json!("ana"), &json!("Because it is time")));
            assert_eq!(newest["changes"]["status"], json!({"from": object["status"], "to": now["status"]}));
            assert!(api.get(&path.replace(now["id"].as_str().expect("an id"), "018f6c2e-0000-7000-8000-000000000000")).status() == 404);
        }
    }

    fn a_move_honours_version_key_and_form(server) {
        for machine in machines() {
            let api = server.fresh_organization();
            let object = machine.bring(&api, machine.statuses[0]);
            let path = format!("{}/transitions", machine.path(&object));
            let order = machine.order(machine.first);
            let stale = api.call("POST", &path).header("If-Match", "\"99\"").json(&order).send();
            stale.refused(412, "precondition_failed");
            let wrong = json!({"to": "nonsense", "comment": 7, "nonsense": 1});
            let faults = [("/to", "not_allowed"), ("/comment", "wrong_type"), ("/nonsense", "unknown_field")];
            api.post(&path, &wrong).invalid(&faults);
            api.post(&path, &json!({})).invalid(&[("/to", "required")]);
            api.post(&path, &json!({"to": machine.first, "comment": "x".repeat(501)})).invalid(&[("/comment", "too_long")]);
            api.post(&format!("{path}?nonsense=1"), &order).refused(400, "unknown_parameter");
            api.call("POST", &path).body("text/plain", "x").send().refused(415, "unsupported_media_type");
            let version = format!("\"{}\"", object["version"]);
            let keyed = || api.call("POST", &path).header("Idempotency-Key", "once").header("If-Match", version.as_str()).json(&order).send();
            let first = keyed().expect(200);
            let again = keyed().expect(200);
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            assert_eq!(first.json(), again.json());
        }
    }

    fn of_two_who_press_the_same_button_one_wins(server) {
        let machine = &MACHINES[2];
        let api = server.fresh_organization();
        let object = machine.bring(&api, "open");
        let path = format!("{}/transitions", machine.path(&object));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let press = || api.post(&path, &json!({"to": "done"})).status();
            let pressed: Vec<_> = (0..6).map(|_| scope.spawn(press)).collect();
            pressed.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 5, "{statuses:?}");
    }
}

//! Disruptions: from the report of a user to the end of the last run.

use super::stage::{active_plan, done, go, id, moment, second, step, went, with};
use crate::both;
use crate::support::Api;
use serde_json::{Value, json};

/// A process that needs a service, which stands on two servers of which one is enough, both at one site.
struct Landscape {
    site: Value,
    servers: [Value; 2],
    service: Value,
    process: Value,
}

impl Landscape {
    fn create(api: &Api) -> Landscape {
        let site = api.create("sites", &json!({"name": "North", "kind": "data_centre"}));
        let server = |name: &str| api.create("components", &json!({"name": name, "kind": "server", "site": site["id"]}));
        let servers = [server("Server 1"), server("Server 2")];
        let service = api.create("services", &json!({"name": "Payroll", "rto_seconds": 14_400}));
        let process = api.create("business-processes", &json!({"name": "Pay", "rto_seconds": 28_800}));
        for server in &servers {
            let group = json!({"dependent": service["id"], "provider": server["id"], "redundancy_group": "pair", "required": 1});
            api.create("mappings", &group);
        }
        api.create("mappings", &json!({"dependent": process["id"], "provider": service["id"]}));
        Landscape { site, servers, service, process }
    }
}

fn affected(disruption: &Value) -> (Vec<Value>, Vec<Value>) {
    let ids = |list: &Value| list.as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    (ids(&disruption["affected_services"]), ids(&disruption["affected_processes"]))
}

fn states(situation: &Value) -> Vec<(Value, Value)> {
    let all = ["services", "business_processes"].into_iter().flat_map(|list| situation[list].as_array().expect("a list"));
    all.map(|one| (one["object"]["id"].clone(), one["state"].clone())).collect()
}

/// A plan that brings the service back by one step.
fn plan(api: &Api, service: &Value) -> Value {
    let restore = with(step("restore", &[], 60), json!({"recovers": [service["id"]]}));
    active_plan(api, &[service], &json!([]), &[restore, step("tell", &["restore"], 60)])
}

both! {
    fn a_user_amends_their_own_report_until_somebody_takes_it_up(server) {
        let api = server.fresh_organization();
        let things = Landscape::create(&api);
        let user = |name: &str| server.client(&api.organization, name, &["user"]);
        let (una, udo) = (user("una"), user("udo"));
        let draft = json!({"title": "Payroll is gone", "services": [things.service["id"]]});
        let report = una.create("disruptions", &draft);
        let path = format!("/disruptions/{}", id(&report));
        assert_eq!((&report["status"], &report["created_by"]), (&json!("reported"), &json!("una")));
        assert_eq!((&report["occurred_at"], &report["detected_at"]), (&report["created_at"], &report["created_at"]));
        una.patch(&path, &json!({"severity": "critical"})).expect(200);
        udo.patch(&path, &json!({"severity": "minor"})).refused(403, "forbidden");
        for to in ["assessed", "declared", "dismissed"] {
            go(&una, "disruptions", &report, &json!({"to": to, "comment": "I think so"})).refused(403, "forbidden");
        }
        una.patch(&path, &json!({"detected_at": moment(3600)})).invalid(&[("/detected_at", "out_of_range")]);
        una.patch(&path, &json!({"occurred_at": moment(3600)})).invalid(&[("/detected_at", "inconsistent")]);
        una.post("/disruptions", &json!({"title": "Nothing"})).invalid(&[("/services", "required")]);
        went(&api, "disruptions", &report, &["assessed"]);
        una.patch(&path, &json!({"severity": "minor"})).refused(403, "forbidden");
        api.patch(&path, &json!({"severity": "major"})).expect(200);
    }

    fn what_is_affected_respects_redundancy_and_places(server) {
        let api = server.fresh_organization();
        let things = Landscape::create(&api);
        let [one, two] = &things.servers;
        let lost = |what: Value| {
            let mut draft = json!({"title": "Water"});
            for (list, ids) in what.as_object().expect("lists") {
                draft[list] = ids.clone();
            }
            let disruption = api.create("disruptions", &draft);
            let situation = api.get(&format!("/disruptions/{}/situation", id(&disruption))).expect(200).json();
            (affected(&disruption), states(&situation))
        };
        let nothing = (Vec::new(), Vec::new());
        let all = (vec![things.service["id"].clone()], vec![things.process["id"].clone()]);
        let down = vec![(things.service["id"].clone(), json!("down")), (things.process["id"].clone(), json!("down"))];
        assert_eq!(lost(json!({"components": [one["id"]]})), (nothing.clone(), Vec::new()));
        assert_eq!(lost(json!({"components": [two["id"]]})), (nothing, Vec::new()));
        assert_eq!(lost(json!({"components": [one["id"], two["id"]]})), (all.clone(), down.clone()));
        assert_eq!(lost(json!({"sites": [things.site["id"]]})), (all.clone(), down.clone()));
        assert_eq!(lost(json!({"services": [things.service["id"]]})), (all, down));
    }

    fn a_disruption_is_declared_recovered_from_and_closed_when_its_runs_are_over(server) {
        let api = server.fresh_organization();
        let things = Landscape::create(&api);
        let other = api.create("services", &json!({"name": "Portal", "rto_seconds": 60}));
        let (first, second_plan) = (plan(&api, &things.service), plan(&api, &other));
        let draft = json!({
            "title": "Water", "sites": [things.site["id"]], "services": [other["id"]],
            "occurred_at": moment(-3600), "detected_at": moment(-3000)
        });
        let disruption = api.create("disruptions", &draft);
        assert_eq!(disruption["detection_seconds"], json!(600));
        let path = format!("/disruptions/{}", id(&disruption));
        let invoke = |plan: &Value| api.post("/runs", &json!({"plan": plan["id"], "disruption": disruption["id"]}));
        invoke(&first).invalid(&[("/disruption", "not_declared")]);
        go(&api, "disruptions", &disruption, &json!({"to": "declared", "at": moment(60)})).invalid(&[("/at", "out_of_range")]);
        go(&api, "disruptions", &disruption, &json!({"to": "declared", "at": moment(-7200)})).invalid(&[("/at", "out_of_range")]);
        let declared = go(&api, "disruptions", &disruption, &json!({"to": "declared", "at": moment(-1800)})).expect(200).json();
        let declaration = declared["declaration_seconds"].as_i64().expect("a figure");
        assert!((1200..1300).contains(&declaration), "{declaration}");
        let runs = [invoke(&first).expect(201).json(), invoke(&second_plan).expect(201).json()];
        let now = api.get(&path).expect(200).json();
        assert_eq!(now["status"], json!("recovering"));
        let started = second(&runs[0]["started_at"]) - second(&declared["declared_at"]);
        assert_eq!(now["activation_seconds"], json!(started));
        let situation = || api.get(&format!("{path}/situation")).expect(200).json();
        let before = situation();
        assert_eq!(before["runs"].as_array().map(Vec::len), Some(2));
        assert_eq!(states(&before).iter().filter(|(_, state)| state == "down").count(), 3, "{before}");
        let broken: Vec<&Value> = before["services"].as_array().expect("a list").iter().map(|one| &one["rto"]["broken"]).collect();
        assert_eq!(broken, [&json!(false), &json!(true)], "{before}");
        done(&api, &runs[0], "restore");
        let after = situation();
        let now: Vec<&Value> = after["services"].as_array().expect("a list").iter().map(|one| &one["state"]).collect();
        assert_eq!(now, [&json!("up"), &json!("down")], "{after}");
        let restored = go(&api, "disruptions", &disruption, &json!({"to": "restored"})).expect(200).json();
        let took = second(&restored["restored_at"]) - second(&restored["occurred_at"]);
        assert_eq!(restored["restoration_seconds"], json!(took));
        assert!(states(&situation()).iter().all(|(_, state)| state == "up"));
        go(&api, "disruptions", &disruption, &json!({"to": "closed"})).refused(409, "transition_closed");
        done(&api, &runs[0], "tell");
        went(&api, "runs", &runs[0], &["completed"]);
        let refused = go(&api, "disruptions", &disruption, &json!({"to": "closed"}));
        refused.refused(409, "transition_closed");
        assert_eq!(refused.faults(), [("/to".to_owned(), "runs_go_on".to_owned())]);
        go(&api, "runs", &runs[1], &json!({"to": "completed"})).refused(409, "transition_closed");
        go(&api, "runs", &runs[1], &json!({"to": "aborted"})).invalid(&[("/comment", "required")]);
        go(&api, "runs", &runs[1], &json!({"to": "aborted", "comment": "The portal was never lost"})).expect(200);
        went(&api, "disruptions", &disruption, &["closed"]);
        api.patch(&path, &json!({"severity": "critical"})).refused(409, "content_fixed");
        invoke(&first).invalid(&[("/disruption", "not_declared")]);
    }
}

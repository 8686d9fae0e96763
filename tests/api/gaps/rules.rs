//! Each rule: a situation in which its gap stands, and one in which it is gone.

use super::{gone, id, keys, needs, of, stands};
use crate::both;
use crate::practice::stage::{active_plan, go, step, went};
use crate::support::Api;
use serde_json::{Value, json};

fn process(api: &Api, vital: bool) -> Value {
    api.create("business-processes", &json!({"name": "Pay", "vital": vital}))
}
fn service(api: &Api, more: &Value) -> Value {
    let mut draft = json!({"name": "Shop"});
    draft.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    api.create("services", &draft)
}
fn set(api: &Api, collection: &str, object: &Value, change: Value) {
    api.patch(&format!("/{collection}/{}", id(object)), &change).expect(200);
}
fn rated(api: &Api, likelihood: i64, impact: i64) -> Value {
    let risk = api.create("risks", &json!({"title": "Flood"}));
    api.create("risk-assessments", &json!({"risk": risk["id"], "likelihood": likelihood, "impact": impact}));
    risk
}
fn measure(api: &Api, more: &Value) -> Value {
    let mut draft = json!({"title": "Raise it", "nature": "organisational", "purpose": "preventive"});
    draft.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    api.create("measures", &draft)
}

both! {
    fn a_vital_function_is_mapped_to_a_service(server) {
        let api = server.fresh_organization();
        let (pay, plain, shop) = (process(&api, true), process(&api, false), service(&api, &json!({})));
        let first = stands(&api, "vital_function_unmapped", &pay);
        assert_eq!(first["severity"], json!("critical"));
        gone(&api, "vital_function_unmapped", &plain);
        let mapping = needs(&api, &pay, &shop);
        gone(&api, "vital_function_unmapped", &pay);
        api.delete(&format!("/mappings/{}", id(&mapping))).expect(204);
        assert_eq!(stands(&api, "vital_function_unmapped", &pay)["id"], first["id"]);
    }

    fn a_live_service_has_an_rto_of_its_own_or_from_above(server) {
        let api = server.fresh_organization();
        let shop = service(&api, &json!({}));
        let first = stands(&api, "rto_missing", &shop);
        assert_eq!(first["severity"], json!("minor"));
        set(&api, "services", &shop, json!({"rto_seconds": 0}));
        gone(&api, "rto_missing", &shop);
        set(&api, "services", &shop, json!({"rto_seconds": null, "criticality": "critical"}));
        let again = stands(&api, "rto_missing", &shop);
        assert_eq!((&again["id"], &again["severity"]), (&first["id"], &json!("major")));
        let pay = api.create("business-processes", &json!({"name": "Pay", "rto_seconds": 3600}));
        needs(&api, &pay, &shop);
        gone(&api, "rto_missing", &shop);
    }

    fn what_is_critical_has_a_plan_in_force(server) {
        let api = server.fresh_organization();
        let (shop, plain) = (service(&api, &json!({"criticality": "critical"})), service(&api, &json!({})));
        let first = stands(&api, "plan_missing", &shop);
        assert_eq!(first["severity"], json!("major"));
        gone(&api, "plan_missing", &plain);
        needs(&api, &process(&api, true), &plain);
        assert_eq!(stands(&api, "plan_missing", &plain)["severity"], json!("critical"));
        // Named by the plan, or only by one of its steps.
        let draft = api.create("plans", &json!({"title": "Draft", "kind": "crisis", "services": [shop["id"]]}));
        api.create("plan-versions", &json!({"plan": draft["id"]}));
        gone(&api, "plan_never_exercised", &draft);
        assert_eq!(stands(&api, "plan_missing", &shop)["id"], first["id"]);
        let mut restore = step("restore", &[], 60);
        restore["recovers"] = json!([plain["id"]]);
        active_plan(&api, &[&shop], &json!([]), &[restore]);
        gone(&api, "plan_missing", &shop);
        gone(&api, "plan_missing", &plain);
    }

    fn a_plan_in_force_is_reviewed_and_exercised(server) {
        let api = server.fresh_organization();
        let plan = active_plan(&api, &[], &json!([]), &[step("a", &[], 60)]);
        gone(&api, "plan_review_overdue", &plan);
        set(&api, "plans", &plan, json!({"review_due": "2020-01-01"}));
        let late = stands(&api, "plan_review_overdue", &plan);
        assert_eq!((&late["due"], &late["severity"]), (&json!("2020-01-01"), &json!("major")));
        set(&api, "plans", &plan, json!({"review_due": "2999-01-01"}));
        gone(&api, "plan_review_overdue", &plan);

        stands(&api, "plan_never_exercised", &plan);
        let exercise = json!({
            "title": "Try it", "kind": "tabletop", "category": "organisational", "plans": [plan["id"]],
            "scheduled_start": "2026-01-01T08:00:00Z", "scheduled_end": "2026-01-01T09:00:00Z"
        });
        let exercise = api.create("exercises", &exercise);
        went(&api, "exercises", &exercise, &["approved", "in_progress"]);
        stands(&api, "plan_never_exercised", &plan);
        went(&api, "exercises", &exercise, &["completed"]);
        gone(&api, "plan_never_exercised", &plan);
        went(&api, "exercises", &exercise, &["reported", "closed"]);
        gone(&api, "plan_never_exercised", &plan);
    }

    fn a_high_risk_is_treated_or_borne(server) {
        let api = server.fresh_organization();
        let (high, extreme, low) = (rated(&api, 4, 4), rated(&api, 5, 5), rated(&api, 1, 1));
        let first = stands(&api, "risk_untreated", &high);
        assert_eq!(first["severity"], json!("major"));
        assert_eq!(stands(&api, "risk_untreated", &extreme)["severity"], json!("critical"));
        gone(&api, "risk_untreated", &low);
        let treating = measure(&api, &json!({"risks": [high["id"]]}));
        gone(&api, "risk_untreated", &high);
        go(&api, "measures", &treating, &json!({"to": "cancelled"})).expect(200);
        assert_eq!(stands(&api, "risk_untreated", &high)["id"], first["id"]);
        go(&api, "risks", &extreme, &json!({"to": "closed"})).expect(200);
        gone(&api, "risk_untreated", &extreme);
    }

    fn an_acceptance_runs_out(server) {
        let api = server.fresh_organization();
        let (risk, ana) = (rated(&api, 4, 4), api.create("contacts", &json!({"name": "Ana", "subject": "ana"})));
        let accepted = json!({"to": "accepted", "approver": ana["id"], "accepted_until": "2998-12-31", "comment": "It is cheap"});
        went(&api, "risks", &risk, &["assessed"]);
        go(&api, "risks", &risk, &accepted).expect(200);
        gone(&api, "risk_untreated", &risk);
        gone(&api, "acceptance_expired", &risk);
        let later = "&as_of=2999-01-01T00:00:00Z";
        let expired = of(&api, "acceptance_expired", &risk, later).expect("a gap");
        assert_eq!((&expired["due"], &expired["severity"]), (&json!("2998-12-31"), &json!("major")));
        assert!(of(&api, "risk_untreated", &risk, later).is_some());
        assert_eq!(of(&api, "acceptance_expired", &risk, "&as_of=2998-12-31T23:00:00Z"), None);
    }

    fn what_is_committed_supports_what_is_needed(server) {
        let api = server.fresh_organization();
        let (pay, shop) = (process(&api, true), service(&api, &json!({"rto_seconds": 3600})));
        let supplier = api.create("suppliers", &json!({"name": "Carrier"}));
        let draft = json!({"name": "Lines", "kind": "underpinning_contract", "supplier": supplier["id"], "services": [shop["id"]]});
        let lines = api.create("agreements", &draft);
        // Nothing is committed; then too little; then enough.
        let first = stands(&api, "agreement_insufficient", &lines);
        assert_eq!((&first["severity"], keys(&first["details"])), (&json!("minor"), vec![shop["key"].as_str().expect("a key")]));
        set(&api, "agreements", &lines, json!({"rto_seconds": 7200}));
        let late = stands(&api, "agreement_insufficient", &lines);
        assert_eq!((&late["id"], &late["severity"]), (&first["id"], &json!("major")));
        assert_eq!(late["explanation"], json!("An RTO of 2 h is committed, and 1 h is needed."));
        needs(&api, &pay, &shop);
        assert_eq!(stands(&api, "agreement_insufficient", &lines)["severity"], json!("critical"));
        set(&api, "agreements", &lines, json!({"rto_seconds": 3600}));
        gone(&api, "agreement_insufficient", &lines);
        // Objectives from above count, and of both kinds.
        set(&api, "business-processes", &pay, json!({"rpo_seconds": 60}));
        set(&api, "agreements", &lines, json!({"rpo_seconds": 61}));
        let lost = stands(&api, "agreement_insufficient", &lines);
        assert_eq!(lost["explanation"], json!("An RPO of 1 min 1 s is committed, and 1 min is needed."));
        set(&api, "agreements", &lines, json!({"valid_from": "2999-01-01"}));
        gone(&api, "agreement_insufficient", &lines);
    }

    fn an_agreement_runs_out_unless_another_follows(server) {
        let api = server.fresh_organization();
        let (shop, mail) = (service(&api, &json!({"criticality": "critical"})), service(&api, &json!({})));
        let draft = json!({"name": "Desk", "kind": "ola", "services": [shop["id"], mail["id"]], "valid_to": "2998-12-31"});
        let desk = api.create("agreements", &draft);
        gone(&api, "agreement_expired", &desk);
        let expired = |at: &str| of(&api, "agreement_expired", &desk, &format!("&as_of={at}"));
        assert_eq!(expired("2998-12-31T23:00:00Z"), None);
        let gap = expired("2999-01-01T00:00:00Z").expect("a gap");
        assert_eq!((&gap["due"], &gap["severity"]), (&json!("2998-12-31"), &json!("major")));
        let next = |kind: &str, services: &[&Value]| {
            let services: Vec<&Value> = services.iter().map(|one| &one["id"]).collect();
            api.create("agreements", &json!({"name": "Next", "kind": kind, "services": services}))
        };
        next("sla", &[&shop, &mail]);
        next("ola", &[&shop]);
        let rest = expired("2999-01-01T00:00:00Z").expect("a gap");
        assert_eq!((&rest["severity"], keys(&rest["details"])), (&json!("minor"), vec![mail["key"].as_str().expect("a key")]));
        next("ola", &[&mail]);
        assert_eq!(expired("2999-01-01T00:00:00Z"), None);
    }

    fn measures_and_findings_are_done_in_time(server) {
        let api = server.fresh_organization();
        let risk = rated(&api, 1, 1);
        let late = measure(&api, &json!({"due_on": "2020-01-01", "risks": [risk["id"]]}));
        let gap = stands(&api, "measure_overdue", &late);
        assert_eq!((&gap["due"], keys(&gap["details"])), (&json!("2020-01-01"), vec![risk["key"].as_str().expect("a key")]));
        set(&api, "measures", &late, json!({"due_on": "2999-01-01"}));
        gone(&api, "measure_overdue", &late);
        set(&api, "measures", &late, json!({"due_on": "2020-01-02"}));
        assert_eq!(stands(&api, "measure_overdue", &late)["id"], gap["id"]);
        go(&api, "measures", &late, &json!({"to": "cancelled"})).expect(200);
        gone(&api, "measure_overdue", &late);

        let finding = api.create("findings", &json!({"title": "No key", "severity": "major", "source": "audit", "due_on": "2020-01-01"}));
        assert_eq!(stands(&api, "finding_overdue", &finding)["severity"], json!("major"));
        go(&api, "findings", &finding, &json!({"to": "resolved"})).expect(200);
        gone(&api, "finding_overdue", &finding);
        go(&api, "findings", &finding, &json!({"to": "in_progress"})).expect(200);
        stands(&api, "finding_overdue", &finding);
    }

    fn objectives_are_achievable(server) {
        let api = server.fresh_organization();
        let shop = service(&api, &json!({"rto_seconds": 3600, "rpo_seconds": 60}));
        let gap = stands(&api, "recovery_time_unknown", &shop);
        assert_eq!((&gap["severity"], keys(&gap["details"])), (&json!("minor"), vec![shop["key"].as_str().expect("a key")]));
        set(&api, "services", &shop, json!({"recovery_time_seconds": 7200, "data_loss_seconds": 600}));
        gone(&api, "recovery_time_unknown", &shop);
        let missed = stands(&api, "rto_missed", &shop);
        let words = missed["explanation"].as_str().expect("a text");
        assert!(words.contains("2 h") && words.contains("1 h"), "{words}");
        assert_eq!(missed["severity"], json!("major"));
        stands(&api, "rpo_missed", &shop);
        needs(&api, &process(&api, true), &shop);
        let graver = stands(&api, "rto_missed", &shop);
        assert_eq!((&graver["severity"], &graver["id"]), (&json!("critical"), &missed["id"]));
        set(&api, "services", &shop, json!({"recovery_time_seconds": 1800, "data_loss_seconds": 30}));
        gone(&api, "rto_missed", &shop);
        gone(&api, "rpo_missed", &shop);
    }

    fn no_single_component_takes_a_vital_function_down(server) {
        let api = server.fresh_organization();
        let (pay, shop) = (process(&api, true), service(&api, &json!({})));
        let disk = |name: &str| api.create("components", &json!({"name": name, "kind": "storage"}));
        let (one, two) = (disk("One"), disk("Two"));
        needs(&api, &pay, &shop);
        let mapping = needs(&api, &shop, &one);
        let gap = stands(&api, "single_point_of_failure", &one);
        assert_eq!(keys(&gap["details"]), [pay["key"].as_str().expect("a key")]);
        gone(&api, "single_point_of_failure", &shop);
        gone(&api, "single_point_of_failure", &two);
        let mate = json!({"dependent": shop["id"], "provider": two["id"], "redundancy_group": "disks", "required": 1});
        api.create("mappings", &mate);
        set(&api, "mappings", &mapping, json!({"redundancy_group": "disks", "required": 1}));
        gone(&api, "single_point_of_failure", &one);
        gone(&api, "single_point_of_failure", &two);
        set(&api, "mappings", &mapping, json!({"redundancy_group": null, "required": null}));
        assert_eq!(stands(&api, "single_point_of_failure", &one)["id"], gap["id"]);
    }

    fn a_redundancy_group_has_as_many_members_as_must_be_up(server) {
        let api = server.fresh_organization();
        let shop = service(&api, &json!({}));
        let disk = |name: &str| api.create("components", &json!({"name": name, "kind": "storage"}));
        let (one, two) = (disk("One"), disk("Two"));
        let member = |disk: &Value, relation: &str| {
            let draft = json!({"dependent": shop["id"], "provider": disk["id"], "relation": relation, "redundancy_group": "disks", "required": 2});
            api.create("mappings", &draft)
        };
        member(&one, "reads_from");
        // The same provider by another relation is no further member.
        member(&one, "writes_to");
        let gap = stands(&api, "redundancy_insufficient", &shop);
        assert_eq!((&gap["severity"], keys(&gap["details"])), (&json!("major"), vec![one["key"].as_str().expect("a key")]));
        let second = member(&two, "reads_from");
        gone(&api, "redundancy_insufficient", &shop);
        api.delete(&format!("/mappings/{}", id(&second))).expect(204);
        assert_eq!(stands(&api, "redundancy_insufficient", &shop)["id"], gap["id"]);
    }

    fn nothing_waits_for_itself_to_start(server) {
        let api = server.fresh_organization();
        let (one, two) = (service(&api, &json!({"rto_seconds": 60})), service(&api, &json!({})));
        needs(&api, &two, &one);
        let back = needs(&api, &one, &two);
        let gap = stands(&api, "startup_deadlock", &one);
        assert_eq!(keys(&gap["details"]), [one["key"].as_str().expect("a key"), two["key"].as_str().expect("a key")]);
        assert_eq!(gap["severity"], json!("critical"));
        gone(&api, "startup_deadlock", &two);
        assert!(stands(&api, "rto_missed", &one)["explanation"].as_str().is_some_and(|text| text.contains("never starts")));
        set(&api, "mappings", &back, json!({"needed_to_start": false}));
        gone(&api, "startup_deadlock", &one);
        gone(&api, "rto_missed", &one);
        set(&api, "mappings", &back, json!({"needed_to_start": true}));
        assert_eq!(stands(&api, "startup_deadlock", &one)["id"], gap["id"]);
    }

    fn every_process_has_an_approved_impact_assessment(server) {
        let api = server.fresh_organization();
        let (vital, plain) = (process(&api, true), process(&api, false));
        assert_eq!(stands(&api, "impact_assessment_missing", &plain)["severity"], json!("minor"));
        assert_eq!(stands(&api, "impact_assessment_missing", &vital)["severity"], json!("major"));
        let draft = json!({
            "business_process": vital["id"], "assessed_on": "2026-01-01",
            "ratings": [{"category": "financial", "after_seconds": 3600, "level": 3}]
        });
        let assessment = api.create("impact-assessments", &draft);
        went(&api, "impact-assessments", &assessment, &["in_review"]);
        stands(&api, "impact_assessment_missing", &vital);
        went(&api, "impact-assessments", &assessment, &["approved"]);
        gone(&api, "impact_assessment_missing", &vital);
        stands(&api, "impact_assessment_missing", &plain);
    }
}

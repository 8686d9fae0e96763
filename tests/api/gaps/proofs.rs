//! What was never measured, and what was measured and has changed since; now and in the past.

use super::{gone, id, keys, needs, of, stands};
use crate::both;
use crate::support::Api;
use serde_json::{Value, json};

fn measured(api: &Api, subject: &Value) -> Value {
    api.create("measurements", &json!({"subject": subject["id"], "source": "restore_test", "restoration_seconds": 60}))
}

/// A vital function on a service on a disk at a site.
fn shop(api: &Api) -> [Value; 4] {
    let site = api.create("sites", &json!({"name": "North", "kind": "data_centre"}));
    let pay = api.create("business-processes", &json!({"name": "Pay", "vital": true}));
    let shop = api.create("services", &json!({"name": "Shop"}));
    let disk = api.create("components", &json!({"name": "Disk", "kind": "storage", "site": site["id"]}));
    needs(api, &pay, &shop);
    needs(api, &shop, &disk);
    [pay, shop, disk, site]
}

both! {
    fn what_a_vital_function_depends_on_has_been_measured(server) {
        let api = server.fresh_organization();
        let [_, shop, _, _] = shop(&api);
        stands(&api, "proof_missing", &shop);
        measured(&api, &shop);
        gone(&api, "proof_missing", &shop);
        gone(&api, "proof_stale", &shop);
    }

    fn a_proof_is_stale_when_something_beneath_has_changed(server) {
        let api = server.fresh_organization();
        let [_, shop, disk, site] = shop(&api);
        let then = |seq: u64| of(&api, "proof_stale", &shop, &format!("&as_of={seq}"));
        measured(&api, &shop);
        gone(&api, "proof_stale", &shop);
        let fresh = api.seq();
        api.patch(&format!("/components/{}", id(&disk)), &json!({"recovery_option": "fast"})).expect(200);
        let gap = stands(&api, "proof_stale", &shop);
        assert_eq!((&gap["severity"], keys(&gap["details"])), (&json!("major"), vec![disk["key"].as_str().expect("a key")]));
        let stale = api.seq();
        measured(&api, &shop);
        gone(&api, "proof_stale", &shop);
        let measured_again = api.seq();
        // Another thing beneath, and another place.
        let pump = api.create("components", &json!({"name": "Pump", "kind": "power"}));
        let mapping = needs(&api, &disk, &pump);
        assert_eq!(stands(&api, "proof_stale", &shop)["id"], gap["id"]);
        api.delete(&format!("/mappings/{}", id(&mapping))).expect(204);
        gone(&api, "proof_stale", &shop);
        let south = api.create("sites", &json!({"name": "South", "kind": "data_centre"}));
        api.patch(&format!("/sites/{}", id(&site)), &json!({"parent": south["id"]})).expect(200);
        let last = stands(&api, "proof_stale", &shop);
        let details = keys(&last["details"]);
        assert!(details.contains(&south["key"].as_str().expect("a key")), "{last}");
        assert_eq!((then(fresh), then(measured_again)), (None, None));
        assert_eq!(then(stale).map(|gap| gap["id"].clone()), Some(gap["id"].clone()));
    }

    fn a_proof_is_stale_when_a_change_has_touched_what_lies_beneath(server) {
        let api = server.fresh_organization();
        let [_, shop, disk, _] = shop(&api);
        measured(&api, &disk);
        measured(&api, &shop);
        let before = api.seq();
        let change = api.create("change-requests", &json!({"title": "New firmware", "components": [disk["id"]], "status": "approved"}));
        gone(&api, "proof_stale", &shop);
        let told = json!({"title": "New firmware", "components": [disk["id"]], "status": "implemented"});
        api.put(&format!("/change-requests/{}", id(&change)), &told).expect(200);
        let gap = stands(&api, "proof_stale", &shop);
        assert_eq!(keys(&gap["details"]), [change["key"].as_str().expect("a key")]);
        stands(&api, "proof_stale", &disk);
        let stale = api.seq();
        measured(&api, &shop);
        gone(&api, "proof_stale", &shop);
        stands(&api, "proof_stale", &disk);
        // It is closed: nothing more has been done.
        let told = json!({"title": "New firmware", "components": [disk["id"]], "status": "closed"});
        api.put(&format!("/change-requests/{}", id(&change)), &told).expect(200);
        gone(&api, "proof_stale", &shop);
        assert_eq!(of(&api, "proof_stale", &shop, &format!("&as_of={before}")), None);
        assert!(of(&api, "proof_stale", &shop, &format!("&as_of={stale}")).is_some());
        // The list says what the proof of one service says.
        let proof = api.get(&format!("/services/{}/proof", id(&shop))).expect(200).json();
        assert_eq!(proof["restoration"]["stale"], json!(false));
        let proof = api.get(&format!("/components/{}/proof", id(&disk))).expect(200).json();
        assert_eq!(proof["restoration"]["stale"], json!(true));
    }
}

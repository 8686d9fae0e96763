//! What a service stands on, and what stands on it, as data and as text for a picture.

use crate::both;
use crate::support::{Answer, Api};
use serde_json::{Value, json};

/// A chain Pay → Web → Base → Disk; gives the path of Base and the names' ids.
fn chain(api: &Api) -> String {
    let process = api.create("business-processes", &json!({"name": "Pay<script>\"process\""}));
    let web = api.create("services", &json!({"name": "Web front"}));
    let base = api.create("services", &json!({"name": "Base layer"}));
    let disk = api.create("components", &json!({"name": "Disk array", "kind": "storage"}));
    let far = api.create("components", &json!({"name": "Far power", "kind": "power"}));
    for (dependent, provider) in [(&process, &web), (&web, &base), (&base, &disk), (&disk, &far)] {
        api.create("mappings", &json!({"dependent": dependent["id"], "provider": provider["id"]}));
    }
    format!("/services/{}/dependencies", base["id"].as_str().expect("an id"))
}

fn names(answer: &Answer) -> Vec<&'static str> {
    let text = answer.text();
    ["Pay", "Web front", "Base layer", "Disk array", "Far power"].into_iter().filter(|name| text.contains(name)).collect()
}

both! {
    fn dependencies_are_followed_in_the_direction_and_depth_asked_for(server) {
        let api = server.fresh_organization();
        let path = chain(&api);
        let down = api.get(&format!("{path}?direction=down")).expect(200);
        assert_eq!(names(&down), ["Base layer", "Disk array", "Far power"], "{}", down.story());
        let up = api.get(&format!("{path}?direction=up")).expect(200);
        assert_eq!(names(&up), ["Pay", "Web front", "Base layer"], "{}", up.story());
        let near = api.get(&format!("{path}?direction=down&depth=1")).expect(200);
        assert_eq!(names(&near), ["Base layer", "Disk array"], "{}", near.story());
        for query in ["depth=0", "depth=33", "depth=x", "direction=sideways", "format=png", "nonsense=1"] {
            assert_eq!(api.get(&format!("{path}?{query}")).status(), 400, "{query}");
        }
        api.get(&format!("{path}?depth=32")).expect(200);
        api.get("/services/key:NOBODY/dependencies").refused(404, "not_found");
    }

    fn dependencies_are_drawn_as_dot_and_mermaid(server) {
        let api = server.fresh_organization();
        let path = chain(&api);
        for (format, media, word) in [("dot", "text/vnd.graphviz", "digraph"), ("mermaid", "text/vnd.mermaid", "flowchart")] {
            let asked = api.get(&format!("{path}?direction=up&format={format}")).expect(200);
            let accepted = api.call("GET", &format!("{path}?direction=up")).header("Accept", media).send().expect(200);
            assert_eq!(asked.text(), accepted.text());
            assert!(asked.needed_header("content-type").starts_with(media), "{}", asked.story());
            let text = asked.text();
            assert!(text.contains(word) || text.contains("graph"), "{text}");
            assert_eq!(names(&asked), ["Pay", "Web front", "Base layer"], "{text}");
            assert!(!text.contains("\"process\""), "a quote was not escaped: {text}");
        }
        let dot = api.get(&format!("{path}?format=dot")).expect(200).text();
        assert_eq!(dot.matches('{').count(), dot.matches('}').count(), "{dot}");
    }

    fn everything_that_stands_in_mappings_tells_its_dependencies(server) {
        let api = server.fresh_organization();
        let (campus, hall) = ("DC-CAMPUS", "DC-HALL");
        api.create("sites", &json!({"name": "Campus", "kind": "data_centre", "key": campus}));
        api.create("sites", &json!({"name": "Hall", "kind": "data_centre", "key": hall, "parent": "key:DC-CAMPUS"}));
        api.create("suppliers", &json!({"name": "Carrier", "key": "CARRIER"}));
        api.create("components", &json!({"name": "Router", "kind": "network", "key": "ROUTER", "site": "key:DC-HALL"}));
        api.create("business-processes", &json!({"name": "Pay", "key": "PAY"}));
        for provider in [json!({"id": "key:ROUTER", "kind": "component"}), json!({"id": "key:CARRIER", "kind": "supplier"})] {
            api.create("mappings", &json!({"dependent": {"id": "key:PAY", "kind": "business_process"}, "provider": provider}));
        }
        let keys = |path: &str| {
            let body = api.get(path).expect(200).json();
            let mut keys: Vec<String> =
                body["nodes"].as_array().expect("nodes").iter().map(|node| node["key"].as_str().expect("a key").to_owned()).collect();
            keys.sort();
            keys
        };
        assert_eq!(keys("/business-processes/key:PAY/dependencies"), ["CARRIER", "DC-CAMPUS", "DC-HALL", "PAY", "ROUTER"]);
        assert_eq!(keys("/components/key:ROUTER/dependencies?depth=1"), ["DC-HALL", "ROUTER"]);
        assert_eq!(keys("/sites/key:DC-CAMPUS/dependencies?direction=up"), ["DC-CAMPUS", "DC-HALL", "PAY", "ROUTER"]);
        assert_eq!(keys("/suppliers/key:CARRIER/dependencies?direction=up"), ["CARRIER", "PAY"]);
        assert_eq!(keys("/suppliers/key:CARRIER/dependencies"), ["CARRIER"]);
    }

    fn a_circle_of_dependencies_comes_to_an_end(server) {
        let api = server.fresh_organization();
        let [a, b] = ["Alpha", "Beta"].map(|name| api.create("services", &json!({"name": name})));
        for (dependent, provider) in [(&a, &b), (&b, &a)] {
            api.create("mappings", &json!({"dependent": dependent["id"], "provider": provider["id"]}));
        }
        let path = format!("/services/{}/dependencies", a["id"].as_str().expect("an id"));
        let body: Value = api.get(&format!("{path}?depth=32")).expect(200).json();
        assert!(body.to_string().contains("Beta"), "{body}");
    }
}

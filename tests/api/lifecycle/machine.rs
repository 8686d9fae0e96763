//! The state machines as the contract describes them, written down once more, and how to bring an object into a status.

use super::practice;
use crate::prepared::colleague;
use crate::support::token::{ALL_POWERFUL, ROLES};
use crate::support::{Api, fresh};
use serde_json::{Value, json};

pub struct Way {
    pub from: &'static [&'static str],
    pub to: &'static str,
    /// What one must be permitted in the collection.
    pub permission: &'static str,
    /// Whether something is always wanting in these tests: a technical measure is approved by its request for change,
    /// and by nothing else.
    pub wanting: bool,
}

pub struct Machine {
    pub collection: &'static str,
    pub kind: &'static str,
    /// The first is that of a new object.
    pub statuses: &'static [&'static str],
    /// A move out of the first status for which nothing is wanting.
    pub first: &'static str,
    pub moves: &'static [Way],
    pub writers: &'static [&'static str],
    pub deciders: &'static [&'static str],
    pub limited: &'static [&'static str],
}

pub const fn way(from: &'static [&'static str], to: &'static str, permission: &'static str) -> Way {
    Way { from, to, permission, wanting: false }
}

pub const SCM: &str = "it_service_continuity_manager";
pub const OWN: &str = "process_owner";
pub const APP: &str = "application_manager";
pub const ICT: &str = "ict_infrastructure_manager";
pub const INT: &str = "integration";
pub const ADM: &str = "administrator";

const UNFINISHED: &[&str] = &["proposed", "rfc_raised", "approved", "commissioned", "in_progress"];

pub static MACHINES: &[Machine] = &[
    Machine {
        collection: "risks",
        kind: "risk",
        statuses: &["identified", "assessed", "in_treatment", "monitored", "accepted", "closed"],
        first: "closed",
        moves: &[
            way(&["identified", "in_treatment", "monitored", "accepted"], "assessed", "write"),
            way(&["assessed", "monitored", "accepted"], "in_treatment", "write"),
            way(&["assessed", "in_treatment", "accepted"], "monitored", "write"),
            way(&["assessed", "in_treatment", "monitored", "accepted"], "accepted", "accept"),
            way(&["identified", "assessed", "in_treatment", "monitored", "accepted"], "closed", "write"),
        ],
        writers: &[SCM, INT, ADM],
        deciders: &[SCM, OWN, ADM],
        limited: &[],
    },
    Machine {
        collection: "measures",
        kind: "measure",
        statuses: &[
            "proposed",
            "rfc_raised",
            "approved",
            "commissioned",
            "in_progress",
            "implemented",
            "verified_effective",
            "verified_ineffective",
            "rejected",
            "cancelled",
        ],
        first: "rfc_raised",
        moves: &[
            way(&["proposed"], "rfc_raised", "write"),
            Way { from: &["proposed", "rfc_raised"], to: "approved", permission: "approve", wanting: true },
            way(&["rfc_raised"], "proposed", "write"),
            way(&["approved"], "commissioned", "write"),
            way(&["commissioned"], "in_progress", "write"),
            way(&["in_progress"], "implemented", "write"),
            way(&["implemented"], "verified_effective", "approve"),
            way(&["implemented"], "verified_ineffective", "approve"),
            way(UNFINISHED, "rejected", "approve"),
            way(UNFINISHED, "cancelled", "write"),
        ],
        writers: &[SCM, APP, ICT, INT, ADM],
        deciders: &[SCM, OWN, ADM],
        limited: &[APP, ICT],
    },
    Machine {
        collection: "measure-tasks",
        kind: "measure_task",
        statuses: &["open", "in_progress", "done", "cancelled"],
        first: "in_progress",
        moves: &[
            way(&["open", "done"], "in_progress", "write"),
            way(&["open", "in_progress"], "done", "write"),
            way(&["open", "in_progress"], "cancelled", "write"),
        ],
        writers: &[SCM, APP, ICT, INT, ADM],
        deciders: &[],
        limited: &[APP, ICT],
    },
    Machine {
        collection: "change-requests",
        kind: "change_request",
        statuses: &[
            "draft",
            "submitted",
            "under_review",
            "approved",
            "rejected",
            "scheduled",
            "implemented",
            "verified",
            "closed",
            "cancelled",
        ],
        first: "submitted",
        moves: &[
            way(&["draft"], "submitted", "write"),
            way(&["submitted"], "under_review", "write"),
            way(&["submitted", "under_review"], "approved", "approve"),
            way(&["submitted", "under_review"], "rejected", "approve"),
            way(&["approved"], "scheduled", "write"),
            way(&["approved", "scheduled"], "implemented", "write"),
            way(&["implemented"], "verified", "write"),
            way(&["implemented", "verified"], "closed", "write"),
            way(&["draft", "submitted", "under_review", "approved", "scheduled"], "cancelled", "write"),
        ],
        writers: &[SCM, INT, ADM],
        deciders: &[SCM, ADM],
        limited: &[],
    },
    Machine {
        collection: "impact-assessments",
        kind: "impact_assessment",
        statuses: &["draft", "in_review", "approved", "superseded"],
        first: "in_review",
        moves: &[
            way(&["draft"], "in_review", "write"),
            way(&["in_review"], "draft", "write"),
            way(&["in_review"], "approved", "approve"),
        ],
        writers: &[SCM, OWN, INT, ADM],
        deciders: &[SCM, OWN, ADM],
        limited: &[],
    },
];

impl Machine {
    pub fn may(&self, role: &str, permission: &str) -> bool {
        let roles = if permission == "write" { self.writers } else { self.deciders };
        roles.contains(&role)
    }

    pub fn is_limited(&self, role: &str) -> bool {
        self.limited.contains(&role)
    }

    /// Whether the measures of these tests are given to the role to carry out.
    pub fn is_commissioned(&self, role: &str, status: &str) -> bool {
        let given = self.collection == "measure-tasks" || ["commissioned", "in_progress", "implemented"].contains(&status);
        role == ICT && given
    }

    pub fn path(&self, object: &Value) -> String {
        format!("/{}/{}", self.collection, object["id"].as_str().expect("an id"))
    }

    /// The body of a move, with what the status demands.
    pub fn order(&self, to: &str) -> Value {
        if self.collection == "risks" && to == "accepted" {
            return json!({"to": to, "comment": "Cheaper to bear", "accepted_until": "2099-12-31"});
        }
        practice::order(self.collection, to).unwrap_or_else(|| json!({"to": to}))
    }

    pub fn draft(&self, api: &Api) -> Value {
        match self.collection {
            "risks" => json!({"title": "Flood", "treatment": "reduce"}),
            "measures" => json!({
                "title": "Raise the array", "nature": "technical", "purpose": "preventive",
                "implementer": "infrastructure_management"
            }),
            "measure-tasks" => {
                let measure = MACHINES[1].bring(api, "commissioned");
                json!({"title": "Order the floor", "measure": measure["id"]})
            }
            "change-requests" => json!({"title": "Raise the array"}),
            practised if practice::knows(practised) => practice::draft(api, practised),
            _ => {
                let process = api.create("business-processes", &json!({"name": "Payroll"}));
                let ratings = json!([{"category": "financial", "after_seconds": 3600, "level": 3}]);
                json!({"business_process": process["id"], "assessed_on": "2026-11-01", "ratings": ratings})
            }
        }
    }

    /// A new object, brought into a status with all that the moves out of it want.
    /// Another one than the caller writes it, for whoever has written something does not decide on it.
    pub fn bring(&self, api: &Api, status: &'static str) -> Value {
        let author = colleague(api, "author", &ALL_POWERFUL);
        let object = match self.collection {
            "run-steps" => practice::step(api, status),
            _ => author.create(self.collection, &self.draft(api)),
        };
        let path = self.path(&object);
        self.furnish(api, &object, status);
        for step in self.way_to(status) {
            practice::before(api, self.collection, &object, step);
            let decides = self.moves.iter().any(|one| one.to == step && one.permission != "write");
            let mover = if decides { api } else { &author };
            mover.post(&format!("{path}/transitions"), &self.order(step)).expect(200);
        }
        practice::after(api, self.collection, &object, status);
        if status == "superseded" && self.collection == "impact-assessments" {
            // The approval of another does it.
            let mut draft = self.draft(api);
            draft["business_process"] = object["business_process"]["id"].clone();
            let other = self.path(&author.create(self.collection, &draft));
            for step in ["in_review", "approved"] {
                api.post(&format!("{other}/transitions"), &json!({"to": step})).expect(200);
            }
        }
        let object = api.get(&path).expect(200).json();
        assert_eq!(object["status"], json!(status));
        object
    }

    /// What the conditions of moves look at, without moving anything by itself.
    fn furnish(&self, api: &Api, object: &Value, status: &str) {
        match self.collection {
            "risks" => {
                // Whoever accepts is a contact.
                for subject in ROLES.into_iter().chain(["ana"]) {
                    api.put(&format!("/contacts/key:{subject}"), &json!({"name": subject, "subject": subject}));
                }
                api.create("risk-assessments", &json!({"risk": object["id"], "likelihood": 2, "impact": 3}));
            }
            "measures" => {
                let task = json!({"title": "Do it", "measure": object["id"], "assignee": "key:DOER", "due_on": "2027-01-31"});
                api.put("/contacts/key:DOER", &json!({"name": "Doer"}));
                let task = api.create("measure-tasks", &task);
                let done = format!("/measure-tasks/{}/transitions", task["id"].as_str().expect("an id"));
                api.post(&done, &json!({"to": "done"})).expect(200);
                if status != "proposed" {
                    self.raise(api, object, status != "rfc_raised");
                }
            }
            _ => {}
        }
    }

    /// A request for change for the measure, cleared or about to be: then the measure is approved without it.
    fn raise(&self, api: &Api, measure: &Value, cleared: bool) {
        let change = json!({"title": "RFC", "status": "submitted", "measures": [measure["id"]]});
        let reference = format!("/change-requests/ref%3Atool%3A{}", fresh());
        api.put(&reference, &change).expect(201);
        if cleared {
            api.put(&reference, &json!({"title": "RFC", "status": "approved", "measures": [measure["id"]]})).expect(200);
        } else {
            // Cleared behind the measure's back, so that what stands open is the move alone.
            let path = self.path(measure);
            api.put(&reference, &json!({"title": "RFC", "status": "rejected", "measures": [measure["id"]]})).expect(200);
            api.post(&format!("{path}/transitions"), &json!({"to": "rfc_raised"})).expect(200);
            let unlinked = json!({"title": "RFC", "status": "approved", "measures": []});
            api.put(&reference, &unlinked).expect(200);
        }
    }

    /// The moves from the first status, after what [`Machine::furnish`] has brought about.
    fn way_to(&self, status: &'static str) -> Vec<&'static str> {
        let along = |way: &[&'static str]| {
            let end = way.iter().position(|step| *step == status).unwrap_or_else(|| panic!("no way to {status}"));
            way[..=end].to_vec()
        };
        match (self.collection, status) {
            (_, status) if status == self.statuses[0] => Vec::new(),
            (practised, status) if practice::knows(practised) => practice::way_to(practised, status),
            ("risks", "closed") => vec!["closed"],
            ("risks", "accepted") => vec!["assessed", "accepted"],
            ("risks", _) => along(&["assessed", "in_treatment", "monitored"]),
            ("measures", "rfc_raised" | "approved") => Vec::new(),
            ("measures", "rejected") => vec!["rejected"],
            ("measures", "cancelled") => vec!["cancelled"],
            ("measures", "verified_ineffective") => vec!["commissioned", "in_progress", "implemented", "verified_ineffective"],
            ("measures", _) => along(&["commissioned", "in_progress", "implemented", "verified_effective"]),
            ("measure-tasks", "cancelled") => vec!["cancelled"],
            ("measure-tasks", _) => along(&["in_progress", "done"]),
            ("change-requests", "cancelled") => vec!["cancelled"],
            ("change-requests", "rejected") => vec!["submitted", "rejected"],
            ("change-requests", _) => {
                along(&["submitted", "under_review", "approved", "scheduled", "implemented", "verified", "closed"])
            }
            (_, "superseded") => vec!["in_review", "approved"],
            _ => along(&["in_review", "approved"]),
        }
    }
}

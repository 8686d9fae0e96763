//! The list of kinds.
use crate::string_enum;

/// Calls a macro with every kind, one line each: its name, which is also that of its type; its word in JSON and in the
/// ledger; its collection below `/api/v1`, which is also the name of its permissions; the prefix of the keys that the
/// service gives; and its folder in `resources/`. What else is to be said of a kind stands in that folder.
///
/// The order is that in which a batch writes: a kind comes after those it points to.
macro_rules! kinds {
    ($then:ident) => {
        $then! {
            Organization, "organization", "organizations", "ORG", organizations;
            Settings, "settings", "settings", "SET", settings;
            RiskMatrix, "risk_matrix", "risk-matrix", "RMX", risk_matrix;
            Contact, "contact", "contacts", "CON", contacts;
            Supplier, "supplier", "suppliers", "SUP", suppliers;
            Site, "site", "sites", "SIT", sites;
            RecoveryTier, "recovery_tier", "recovery-tiers", "TIR", recovery_tiers;
            BusinessProcess, "business_process", "business-processes", "BPR", business_processes;
            Service, "service", "services", "SVC", services;
            Component, "component", "components", "CMP", components;
            Mapping, "mapping", "mappings", "MAP", mappings;
            Agreement, "agreement", "agreements", "AGR", agreements;
            ImpactAssessment, "impact_assessment", "impact-assessments", "BIA", impact_assessments;
            Threat, "threat", "threats", "THR", threats;
            Vulnerability, "vulnerability", "vulnerabilities", "VUL", vulnerabilities;
            Risk, "risk", "risks", "RSK", risks;
            RiskAssessment, "risk_assessment", "risk-assessments", "RAS", risk_assessments;
            Measure, "measure", "measures", "MSR", measures;
            MeasureTask, "measure_task", "measure-tasks", "TSK", measure_tasks;
            ChangeRequest, "change_request", "change-requests", "CHG", change_requests;
            Plan, "plan", "plans", "PLN", plans;
            PlanVersion, "plan_version", "plan-versions", "PLV", plan_versions;
            Exercise, "exercise", "exercises", "EXE", exercises;
            Disruption, "disruption", "disruptions", "DIS", disruptions;
            Run, "run", "runs", "RUN", runs;
            RunStep, "run_step", "run-steps", "RST", run_steps;
            Measurement, "measurement", "measurements", "MEA", measurements;
            Finding, "finding", "findings", "FND", findings;
            ApiKey, "api_key", "api-keys", "KEY", api_keys;
        }
    };
}
pub(crate) use kinds;

macro_rules! declare {
    ($($name:ident, $word:literal, $collection:literal, $prefix:literal, $folder:ident;)*) => {
        string_enum! {
            /// The kind of an object, as it stands in references, batch rows and the ledger.
            pub enum Kind { $($name = $word,)* }
        }

        impl Kind {
            /// The path of the collection below `/api/v1`, which is also the name its permissions carry.
            pub const fn collection(self) -> &'static str {
                match self { $(Kind::$name => $collection,)* }
            }

            /// What a key numbered by the service begins with: `SVC-12`.
            pub const fn prefix(self) -> &'static str {
                match self { $(Kind::$name => $prefix,)* }
            }
        }
    };
}
kinds!(declare);

impl Kind {
    /// The number in a key of the service's own form, if it has that form.
    pub fn number_of(self, key: &str) -> Option<i64> {
        let digits = key.strip_prefix(self.prefix())?.strip_prefix('-')?;
        if digits.len() > 15 || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok()
    }
}

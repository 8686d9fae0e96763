use crate::string_enum;

string_enum! {
    /// The kind of an object, as it stands in references, batch rows and the ledger.
    pub enum Kind {
        Organization = "organization",
        Settings = "settings",
        RiskMatrix = "risk_matrix",
        Contact = "contact",
        Supplier = "supplier",
        Site = "site",
        BusinessProcess = "business_process",
        Service = "service",
        Component = "component",
        Mapping = "mapping",
        Agreement = "agreement",
        ImpactAssessment = "impact_assessment",
        Threat = "threat",
        Vulnerability = "vulnerability",
        Risk = "risk",
        RiskAssessment = "risk_assessment",
        Measure = "measure",
        MeasureTask = "measure_task",
        ChangeRequest = "change_request",
        Plan = "plan",
        PlanVersion = "plan_version",
        Exercise = "exercise",
        Disruption = "disruption",
        Run = "run",
        RunStep = "run_step",
        Measurement = "measurement",
        Finding = "finding",
    }
}

impl Kind {
    /// The kinds that make the dependency graph: what depends on each other, and the mappings that say so.
    pub const GRAPH: [Kind; 6] =
        [Kind::Mapping, Kind::BusinessProcess, Kind::Service, Kind::Component, Kind::Site, Kind::Supplier];

    /// Whether a batch may hold objects of this kind: not what stands above organisations or is one of a kind.
    pub const fn in_batch(self) -> bool {
        !matches!(self, Kind::Organization | Kind::Settings | Kind::RiskMatrix)
    }

    /// The path of the collection below `/api/v1`, which is also the name its permissions carry.
    pub const fn collection(self) -> &'static str {
        match self {
            Kind::Organization => "organizations",
            Kind::Contact => "contacts",
            Kind::Supplier => "suppliers",
            Kind::Site => "sites",
            Kind::BusinessProcess => "business-processes",
            Kind::Service => "services",
            Kind::Component => "components",
            Kind::Mapping => "mappings",
            Kind::Agreement => "agreements",
            Kind::Settings => "settings",
            Kind::RiskMatrix => "risk-matrix",
            Kind::ImpactAssessment => "impact-assessments",
            Kind::Threat => "threats",
            Kind::Vulnerability => "vulnerabilities",
            Kind::Risk => "risks",
            Kind::RiskAssessment => "risk-assessments",
            Kind::Measure => "measures",
            Kind::MeasureTask => "measure-tasks",
            Kind::ChangeRequest => "change-requests",
            Kind::Plan => "plans",
            Kind::PlanVersion => "plan-versions",
            Kind::Exercise => "exercises",
            Kind::Disruption => "disruptions",
            Kind::Run => "runs",
            Kind::RunStep => "run-steps",
            Kind::Measurement => "measurements",
            Kind::Finding => "findings",
        }
    }

    /// What a key numbered by the service begins with: `SVC-12`.
    pub const fn prefix(self) -> &'static str {
        match self {
            Kind::Organization => "ORG",
            Kind::Contact => "CON",
            Kind::Supplier => "SUP",
            Kind::Site => "SIT",
            Kind::BusinessProcess => "BPR",
            Kind::Service => "SVC",
            Kind::Component => "CMP",
            Kind::Mapping => "MAP",
            Kind::Agreement => "AGR",
            Kind::Settings => "SET",
            Kind::RiskMatrix => "RMX",
            Kind::ImpactAssessment => "BIA",
            Kind::Threat => "THR",
            Kind::Vulnerability => "VUL",
            Kind::Risk => "RSK",
            Kind::RiskAssessment => "RAS",
            Kind::Measure => "MSR",
            Kind::MeasureTask => "TSK",
            Kind::ChangeRequest => "CHG",
            Kind::Plan => "PLN",
            Kind::PlanVersion => "PLV",
            Kind::Exercise => "EXE",
            Kind::Disruption => "DIS",
            Kind::Run => "RUN",
            Kind::RunStep => "RST",
            Kind::Measurement => "MEA",
            Kind::Finding => "FND",
        }
    }

    /// The number in a key of the service's own form, if it has that form.
    pub fn number_of(self, key: &str) -> Option<i64> {
        let digits = key.strip_prefix(self.prefix())?.strip_prefix('-')?;
        if digits.len() > 15 || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok()
    }
}

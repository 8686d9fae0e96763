//! Measurements: how long it really took, and how much was really lost.
pub mod fingerprint;
pub mod store;

use crate::model::roles::{ADM, APP, ICT, INT, SCM, STAFF, TST};
use crate::model::{
    Faults, Field, FieldType, Kind, Link, NoDerived, Resource, Rights, Slot, Timestamp, VersionInput, enum_values, field,
};
use crate::string_enum;
pub use fingerprint::Fingerprint;
use serde::{Deserialize, Serialize};

string_enum! {
    /// Where a measurement was taken.
    pub enum MeasurementSource {
        Run = "run",
        RestoreTest = "restore_test",
        BackupReport = "backup_report",
    }
}

string_enum! {
    /// How much a figure is worth, rising.
    pub enum ProofLevel {
        Declared = "declared",
        Estimated = "estimated",
        Exercised = "exercised",
        Proven = "proven",
    }
}

/// What was measured of one service or component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Measurement {
    /// The service or component.
    pub subject: Link,
    pub source: MeasurementSource,
    /// The run it was taken in.
    #[serde(default)]
    pub run: Option<Link>,
    /// The exercise it was taken in.
    #[serde(default)]
    pub exercise: Option<Link>,
    /// From the beginning of the interruption until it was back.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub restoration_seconds: Option<i64>,
    /// How much time's worth of data was lost.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3153600000i64)]
    pub data_loss_seconds: Option<i64>,
    /// The moment of the record when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub measured_at: Option<Timestamp>,
    #[serde(default)]
    pub measured_by: Option<Link>,
    /// Where it can be seen.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub evidence: Option<String>,
    /// What it proves: `proven` when it was taken in earnest, else `exercised`.
    #[serde(default)]
    pub level: ProofLevel,
    /// What the subject depended on then.
    #[serde(default)]
    pub fingerprint: Fingerprint,
}

impl Resource for Measurement {
    const KIND: Kind = Kind::Measurement;
    const TABLE: &'static str = "measurements";
    const SCHEMA: &'static str = "Measurement";
    const RIGHTS: Rights = Rights::new(STAFF, &[SCM, APP, ICT, TST, INT, ADM]);
    const NAME_REQUIRED: bool = false;
    const READ_ONLY: &'static [&'static str] = &["level", "fingerprint"];
    const CLIENTS_UPDATE: bool = false;
    const CLIENTS_DELETE: bool = false;
    type Derived = NoDerived;
    const FIELDS: &'static [Field] = &[
        field("subject", "measurements.subject_id", "", FieldType::Link(&[Kind::Service, Kind::Component])),
        field("source", "measurements.source", "", FieldType::Word(enum_values::<MeasurementSource>)),
        field("level", "measurements.level", "", FieldType::Word(enum_values::<ProofLevel>)),
        field("run", "measurements.run_id", "", FieldType::Link(&[Kind::Run])),
        field("exercise", "measurements.exercise_id", "", FieldType::Link(&[Kind::Exercise])),
        field("measured_by", "measurements.measured_by_id", "", FieldType::Link(&[Kind::Contact])),
        field("measured_at", "measurements.measured_at", "measurements.measured_at", FieldType::Time),
        field("restoration_seconds", "measurements.restoration_seconds", "", FieldType::Integer),
        field("data_loss_seconds", "measurements.data_loss_seconds", "", FieldType::Integer),
    ];

    fn links(&mut self) -> Vec<Slot<'_>> {
        let kinds = &[Kind::Service, Kind::Component];
        let subject = Slot { pointer: "/subject".into(), kinds, link: &mut self.subject };
        [subject]
            .into_iter()
            .chain(Slot::of("run", &[Kind::Run], &mut self.run))
            .chain(Slot::of("exercise", &[Kind::Exercise], &mut self.exercise))
            .chain(Slot::of("measured_by", &[Kind::Contact], &mut self.measured_by))
            .collect()
    }
    fn check(&self, faults: &mut Faults) {
        if self.restoration_seconds.is_none() && self.data_loss_seconds.is_none() {
            faults.add("/restoration_seconds", "required", "restoration_seconds or data_loss_seconds is wanted");
        }
        if (self.source == MeasurementSource::Run) != self.run.is_some() {
            faults.add("/run", "inconsistent", "a run is named exactly where it is the source");
        }
    }
    fn fill_server_fields(mut self, input: &VersionInput<'_, Measurement>) -> Measurement {
        if let Some(old) = input.old {
            self.measured_at = self.measured_at.or(old.measured_at);
            self.exercise = self.exercise.or_else(|| old.exercise.clone());
            self.level = old.level;
            self.fingerprint = old.fingerprint.clone();
        }
        self.measured_at = self.measured_at.or(Some(input.now));
        self
    }
    fn example() -> serde_json::Value {
        serde_json::json!({
            "subject": "key:PAYROLL-APP", "source": "backup_report", "data_loss_seconds": 43200,
            "measured_at": "2026-11-21T22:15:00Z", "measured_by": "key:ben", "evidence": "https://backup.example.org/report/4711"
        })
    }
}

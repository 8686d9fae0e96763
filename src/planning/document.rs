//! A continuity plan as a document: what people hold in their hands when the systems are down.
mod html;
mod markdown;
mod outline;
mod prose;
mod spoken;
mod style;
#[cfg(test)]
mod tests;

pub use html::html;
pub use markdown::markdown;
pub use style::STYLE;

/// A version of a plan with everything that is printed. What is called Markdown is rendered; everything else is plain text.
#[derive(Clone, Debug, Default)]
pub struct Document {
    pub organization: String,
    /// The plan's key, such as `PLN-DC-NORTH`.
    pub key: String,
    pub title: String,
    pub kind: String,
    /// The number of the version.
    pub version: i64,
    /// Anything but `active` or `approved` is printed as not in force.
    pub status: String,
    /// Of the version's content, in hexadecimal digits.
    pub sha256: String,
    pub printed_at: String,
    /// Where the current version is.
    pub address: Option<String>,
    pub owner: Option<Person>,
    pub covers: Vec<Covered>,
    pub scenarios: Vec<String>,
    pub recovery_site: Option<String>,
    pub review_due: Option<String>,
    pub approvals: Vec<Approval>,
    /// Markdown, as are the next six.
    pub objectives: Option<String>,
    pub scope: Option<String>,
    pub assumptions: Option<String>,
    pub activation_criteria: Option<String>,
    pub deactivation_criteria: Option<String>,
    pub who_may_invoke: Option<String>,
    pub success_criteria: Option<String>,
    pub sections: Vec<Section>,
    /// In the order in which they are called.
    pub team: Vec<Member>,
    pub communications: Vec<Message>,
    /// In the order in which they are numbered; phases come in the order of their first step.
    pub steps: Vec<Step>,
    /// From the invocation to the end of the last step.
    pub planned_seconds: Option<i64>,
    /// The same if nobody ever waited for people.
    pub unlimited_seconds: Option<i64>,
    /// Keys of steps.
    pub critical_path: Vec<String>,
}

/// Something the plan recovers.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    pub kind: String,
    pub key: String,
    pub name: String,
    pub rto_seconds: Option<i64>,
    pub planned_seconds: Option<i64>,
    /// In words: whether the plan meets the objective.
    pub verdict: String,
}

/// One decision about the version.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    pub role: String,
    pub name: String,
    pub decision: String,
    pub comment: Option<String>,
    pub at: String,
}

/// A part of the plan in its authors' words.
#[derive(Clone, Debug, Default)]
pub struct Section {
    pub key: String,
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// Somebody to call.
#[derive(Clone, Debug, Default)]
pub struct Person {
    pub name: String,
    pub key: String,
    pub email: Option<String>,
    pub phones: Vec<String>,
    /// How else to reach them.
    pub channel: Option<String>,
}

/// A role in the team.
#[derive(Clone, Debug, Default)]
pub struct Member {
    pub role: String,
    pub person: Option<Person>,
    pub deputy: Option<Person>,
}

/// Something to be told to somebody.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub key: String,
    pub audience: String,
    pub channel: String,
    pub trigger: String,
    /// Markdown.
    pub template: String,
}

/// Something to be done.
#[derive(Clone, Debug, Default)]
pub struct Step {
    pub key: String,
    pub phase: String,
    pub title: String,
    /// Markdown.
    pub instruction: String,
    pub responsible: String,
    /// Keys of the steps that come before.
    pub after: Vec<String>,
    pub expected_seconds: Option<i64>,
    /// The planned start, from the invocation.
    pub earliest_seconds: Option<i64>,
    pub critical: bool,
    pub automated: bool,
    pub used_in: String,
    /// Names or keys of what is back when the step is done.
    pub recovers: Vec<String>,
    pub verification: Option<String>,
}

//! What a chart is made of, and what all of its drawing shares.
use maud::{Markup, html};

pub const WIDTH: f64 = 1360.0;
pub const MARGIN: f64 = 24.0;
/// Font sizes, in pixels.
pub const SIZE: f64 = 13.0;
pub const SMALL: f64 = 12.0;
pub const INK: &str = "#1a1a1a";

/// A plan or a run of it. All times are seconds from its beginning.
#[derive(Debug, Clone, Default)]
pub struct Chart<'a> {
    pub title: &'a str,
    /// What the picture says, in a sentence or two; also for those who cannot see it.
    pub summary: String,
    /// In the order they are drawn; those of a phase lie together.
    pub bars: Vec<Bar<'a>>,
    pub marks: Vec<Mark>,
    pub now: Option<i64>,
}

/// One step of the plan.
#[derive(Debug, Clone, Default)]
pub struct Bar<'a> {
    pub key: &'a str,
    pub title: &'a str,
    /// A heading is drawn wherever it changes.
    pub phase: &'a str,
    pub who: Option<String>,
    /// Start and end, as the others; a diamond when they are the same.
    pub planned: (i64, i64),
    /// Whether nobody has said how long it takes: the end is the earliest it can be, and no diamond is drawn.
    pub unknown: bool,
    pub actual: Option<(i64, i64)>,
    pub forecast: Option<(i64, i64)>,
    pub critical: bool,
    /// How long the step may be delayed, in seconds.
    pub float: i64,
    pub state: Option<&'a str>,
}

/// A moment that matters, such as the time within which a service must be back.
#[derive(Debug, Clone)]
pub struct Mark {
    pub at: i64,
    pub label: String,
}

/// A white rim keeps text readable that lies on lines. It is written without a style sheet, which a browser told to trust
/// none would leave out.
pub fn rimmed(texts: &Markup) -> Markup {
    html! { g paint-order="stroke" stroke="#ffffff" stroke-width="3" stroke-linejoin="round" { (texts) } }
}

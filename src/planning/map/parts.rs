//! What a map is made of, and what all of its drawing shares.
use maud::{Markup, html};

pub const MARGIN: f64 = 28.0;
/// Font sizes, in pixels.
pub const SIZE: f64 = 13.0;
pub const SMALL: f64 = 11.5;
pub const INK: &str = "#1a1a1a";
pub const CIRCLE: &str = "#a01c1c";
pub const HATCH: &str = "map-hatch";

/// Who needs whom.
#[derive(Debug, Clone, Default)]
pub struct Map<'a> {
    pub title: &'a str,
    /// What the picture says, in a sentence or two; also for those who cannot see it.
    pub summary: String,
    /// The node the map was asked for; none stands out when there is no such node.
    pub root: usize,
    pub nodes: Vec<Node<'a>>,
    /// Edges of unknown nodes are left out.
    pub edges: Vec<Edge<'a>>,
}

/// A service, a component, a site: whatever needs or is needed.
#[derive(Debug, Clone, Default)]
pub struct Node<'a> {
    pub label: &'a str,
    pub key: &'a str,
    /// Such as `service` or `business_process`; those known have their own shape.
    pub kind: &'a str,
    pub state: Look,
}

/// What a loss means for a node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Look {
    /// Nothing is said about it.
    #[default]
    Plain,
    Up,
    Degraded,
    Down,
}

/// The dependent needs the provider.
#[derive(Debug, Clone, Default)]
pub struct Edge<'a> {
    /// The dependent.
    pub from: usize,
    /// The provider.
    pub to: usize,
    pub effect: Effect,
    /// The redundancy group among the dependent's edges, such as `db: 1 of 2`.
    pub group: Option<String>,
    /// Such as `runs_on`.
    pub relation: &'a str,
}

/// What the loss of the provider does to the dependent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Effect {
    /// It is lost as well.
    #[default]
    Solid,
    /// It is degraded.
    Dashed,
    /// None.
    Dotted,
}

/// A white rim keeps text readable that lies on lines; written without a style sheet, as in the Gantt chart.
pub fn rimmed(texts: &Markup) -> Markup {
    html! { g paint-order="stroke" stroke="#ffffff" stroke-width="3" stroke-linejoin="round" { (texts) } }
}

/// A tenth of a pixel is exact enough, and short to write.
pub fn rounded(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

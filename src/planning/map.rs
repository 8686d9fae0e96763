//! A map of dependencies as SVG: dependents on the left, their providers on the right; readable in black and white, by screen
//! readers, and without anything from elsewhere.
// The crate rust-sugiyama 0.4 does not serve: it panics on self loops, hangs on some graphs with duplicate edges, takes seconds
// for dense ones, and tells no routes of long lines; the own layout is in layers, routes and heights.
mod arrows;
mod boxes;
mod heights;
mod layers;
mod legend;
mod plan;
mod routes;
mod sketch;
use super::gantt::text::{clean, fitted, wrapped};
use legend::Legend;
use maud::{Markup, html};
use plan::Plan;

/// A picture with more nodes is hardly readable; the caller decides what to leave out.
pub const MOST_NODES: usize = 300;

const MARGIN: f64 = 28.0;
const LEAST_WIDE: f64 = 880.0;
/// Font sizes, in pixels.
const SIZE: f64 = 13.0;
const SMALL: f64 = 11.5;
const INK: &str = "#1a1a1a";
const CIRCLE: &str = "#a01c1c";
const HATCH: &str = "map-hatch";

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

/// The whole picture.
pub fn draw(map: &Map<'_>) -> String {
    let plan = Plan::of(map, LEAST_WIDE - 2.0 * MARGIN);
    let wide = (plan.wide + 2.0 * MARGIN).ceil();
    let summary = wrapped(&map.summary, wide - 2.0 * MARGIN, SIZE, 3);
    let legend = Legend::of(map, &plan, wide);
    let legend_top = 48.0 + 18.0 * summary.len() as f64;
    let top = legend_top + legend.height() + 30.0;
    let tall = (top + plan.tall.max(20.0) + MARGIN + 10.0).ceil();
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="map-title map-desc"
            viewBox=(format!("0 0 {wide} {tall}")) width=(wide) height=(tall)
            font-family="system-ui, sans-serif" font-size=(SIZE) {
            title id="map-title" { (clean(map.title)) }
            desc id="map-desc" { (clean(&map.summary)) }
            defs { (boxes::hatch()) (arrows::heads()) }
            rect width=(wide) height=(tall) fill="#ffffff" {}
            text x=(MARGIN) y="32" font-size="18" font-weight="600" fill=(INK) { (fitted(map.title, wide - 2.0 * MARGIN, 18.0, true)) }
            @for (index, line) in summary.iter().enumerate() {
                text x=(MARGIN) y=(54 + 18 * index) fill="#444444" { (line) }
            }
            (legend.draw(legend_top))
            g transform=(format!("translate({MARGIN} {})", rounded(top))) { (body(map, &plan)) }
        }
    };
    picture.into_string()
}

/// Lines lie below boxes, what is written on lines above all.
fn body(map: &Map<'_>, plan: &Plan) -> Markup {
    html! {
        (arrows::draw(map, plan))
        @for (index, (node, frame)) in map.nodes.iter().zip(&plan.boxes).enumerate() {
            (boxes::node(node, *frame, index == map.root))
        }
        @for tag in &plan.tags { (arrows::tag(tag)) }
        (arrows::labels(map, plan))
        @if let Some(heading) = plan.apart {
            text y=(rounded(heading)) font-weight="600" fill=(INK) { "Without dependencies here" }
        }
        @if map.nodes.is_empty() { text y="10" fill="#444444" { "There is nothing to show." } }
    }
}

/// A white rim keeps text readable that lies on lines; written without a style sheet, as in the Gantt chart.
fn rimmed(texts: &Markup) -> Markup {
    html! { g paint-order="stroke" stroke="#ffffff" stroke-width="3" stroke-linejoin="round" { (texts) } }
}

/// A tenth of a pixel is exact enough, and short to write.
fn rounded(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;

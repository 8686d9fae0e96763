//! A map of dependencies as SVG: dependents on the left, their providers on the right; readable in black and white, by screen
//! readers, and without anything from elsewhere.
// The crate rust-sugiyama 0.4 does not serve: it panics on self loops, hangs on some graphs with duplicate edges, takes seconds
// for dense ones, and tells no routes of long lines; the own layout is in layers, routes and heights.
mod arrows;
mod boxes;
mod frame;
mod heights;
mod layers;
mod legend;
mod parts;
mod plan;
mod routes;
mod sketch;
use super::gantt::text::{clean, fitted, wrapped};
use legend::Legend;
use maud::{Markup, html};
pub use parts::{Edge, Effect, Look, Map, Node};
use parts::{INK, MARGIN, SIZE, rounded};
use plan::Plan;

/// A picture with more nodes is hardly readable; the caller decides what to leave out.
pub const MAX_NODES: usize = 300;

const LEAST_WIDE: f64 = 880.0;

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

#[cfg(test)]
mod tests;

//! The lines between the boxes, with their arrow heads, groups and labels.
use super::boxes::words;
use super::frame::{Frame, Tag, Way};
use super::parts::{CIRCLE, Edge, Effect, INK, Map, SMALL, rimmed, rounded};
use super::plan::Plan;
use crate::planning::gantt::text::{clean, fitted, width};
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// With more lines their labels would only hide them.
const MAX_LABELLED: usize = 1500;
const LINE: &str = "#33475b";
/// An edge's label, in pixels.
const MAX_LABEL: f64 = 110.0;
const LABEL: f64 = 14.0;
const LABEL_SIZE: f64 = 11.0;

/// Dashes and thickness of an effect.
fn strokes(effect: Effect) -> (Option<&'static str>, f64) {
    match effect {
        Effect::Solid => (None, 1.6),
        Effect::Dashed => (Some("7 4"), 1.5),
        Effect::Dotted => (Some("1.5 4"), 1.5),
    }
}

/// The arrow heads.
pub fn heads() -> Markup {
    html! {
        @for (id, ink) in [("map-head", LINE), ("map-circle", CIRCLE)] {
            marker id=(id) viewBox="0 0 10 8" refX="9.5" refY="4" markerWidth="10" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto" {
                path d="M0 0L10 4L0 8z" fill=(ink) {}
            }
        }
    }
}

/// A line as it is in the legend too; its path is nothing but numbers.
pub fn line(path: &str, effect: Effect, against: bool, headed: bool) -> Markup {
    let (dashes, thick) = strokes(effect);
    let (ink, head) = if against { (CIRCLE, "url(#map-circle)") } else { (LINE, "url(#map-head)") };
    html! { path d=(PreEscaped(path)) fill="none" stroke=(ink) stroke-width=(thick) stroke-dasharray=[dashes] marker-end=[headed.then_some(head)] {} }
}

/// A smooth path through the knots, level wherever it passes a column; with very many lines in whole pixels.
fn path(knots: &[(f64, f64)], exact: bool) -> String {
    let near = |pixels: f64| if exact { rounded(pixels) } else { pixels.round() };
    let mut path = String::with_capacity(knots.len() * 24);
    let mut from = None;
    for (x, y) in knots.iter().map(|(x, y)| (near(*x), near(*y))) {
        // Writing to a string cannot fail.
        let _ = match from {
            None => write!(path, "M{x} {y}"),
            Some((_, before)) if before == y => write!(path, "H{x}"),
            Some((left, before)) => {
                let middle = near(f64::midpoint(left, x));
                write!(path, "C{middle} {before} {middle} {y} {x} {y}")
            }
        };
        from = Some((x, y));
    }
    path
}

/// All lines, then the tags of the groups upon them.
pub fn draw(map: &Map<'_>, plan: &Plan) -> Markup {
    let exact = plan.ways.len() <= MAX_LABELLED;
    html! {
        @for way in &plan.ways {
            @let edge = &map.edges[way.edge];
            g class="edge" {
                title { (told(map, edge, way.against)) }
                (line(&path(&way.knots, exact), edge.effect, way.against, way.headed))
            }
        }
        @for (nth, edge) in nth_loops(map, plan) {
            @let Frame { x, y, wide, tall } = plan.boxes[map.edges[edge].from];
            @let right = rounded(x + wide - 20.0 - 6.0 * nth.min(20) as f64);
            g class="edge" {
                title { (told(map, &map.edges[edge], true)) }
                (line(&format!("M{} {}c0 20 24 20 24 0", rounded(right - 24.0), rounded(y + tall)), map.edges[edge].effect, true, true))
            }
        }
    }
}

/// The loops, each with how many the same node has before.
fn nth_loops(map: &Map<'_>, plan: &Plan) -> Vec<(usize, usize)> {
    let mut seen = vec![0; map.nodes.len()];
    let nth = |edge: &usize| {
        let node = map.edges[*edge].from;
        seen[node] += 1;
        (seen[node] - 1, *edge)
    };
    plan.loops.iter().map(nth).collect()
}

/// How many of a redundancy group must be there, where the lines of the group part.
pub fn tag(Tag { frame, label, whole }: &Tag) -> Markup {
    let Frame { x, y, wide, tall } = *frame;
    html! {
        g class="group" {
            title { "Redundancy group " (clean(whole)) }
            rect x=(rounded(x)) y=(rounded(y)) width=(rounded(wide)) height=(tall) rx="9" fill="#ffffff" stroke=(INK) stroke-width="1.3" {}
            text x=(rounded(x + wide / 2.0)) y=(rounded(y + 13.0)) text-anchor="middle" font-size=(SMALL) fill=(INK) { (label) }
        }
    }
}

/// All of an edge in words, for those who point at it.
fn told(map: &Map<'_>, edge: &Edge<'_>, circle: bool) -> String {
    let name = |node: usize| clean(map.nodes[node].label);
    let effect = match edge.effect {
        Effect::Solid => "its loss cascades",
        Effect::Dashed => "its loss degrades",
        Effect::Dotted => "its loss has no effect",
    };
    let group = edge.group.as_deref().map(|group| format!(", group {}", clean(group))).unwrap_or_default();
    let circle = if circle { ", part of a circle" } else { "" };
    format!("{} {} {}: {effect}{group}{circle}", name(edge.from), words(edge.relation), name(edge.to))
}

/// The only relation of all edges; it stands in the legend instead of at each line.
pub fn only_relation(map: &Map<'_>) -> Option<String> {
    let first = words(map.edges.first()?.relation);
    map.edges.iter().all(|edge| words(edge.relation) == first).then_some(first)
}

/// The relations, each between two columns where it covers no other label; the others are told to those who point.
pub fn labels(map: &Map<'_>, plan: &Plan) -> Markup {
    if map.edges.len() > MAX_LABELLED || only_relation(map).is_some() {
        return html! {};
    }
    let mut taken: Vec<Frame> = plan.tags.iter().map(|tag| tag.frame).collect();
    let placed: Vec<(String, Frame)> = plan.ways.iter().filter_map(|way| label(map, way, &mut taken)).collect();
    rimmed(&html! {
        @for (label, frame) in &placed {
            text x=(rounded(frame.x + frame.wide / 2.0)) y=(rounded(frame.y + 10.5)) text-anchor="middle" font-size=(LABEL_SIZE) fill="#333333" { (label) }
        }
    })
}

fn label(map: &Map<'_>, way: &Way, taken: &mut Vec<Frame>) -> Option<(String, Frame)> {
    let label = fitted(&words(map.edges[way.edge].relation), MAX_LABEL, LABEL_SIZE, false);
    let wide = width(&label, LABEL_SIZE, false) + 4.0;
    // The last curve leads to the provider alone; a group's first one is behind its tag.
    let ends = way.knots.iter().zip(way.knots.iter().skip(1)).rev();
    let spots = ends.take(1).flat_map(|(from, to)| [0.5, 0.35, 0.65, 0.25].map(|part| spot(*from, *to, part)));
    let room = |(x, y): (f64, f64)| Frame { x: x - wide / 2.0, y: y - LABEL / 2.0, wide, tall: LABEL };
    let free = |frame: &Frame| !label.is_empty() && !taken.iter().any(|other| overlap(*frame, *other));
    let frame = spots.map(room).find(free)?;
    taken.push(frame);
    Some((label, frame))
}

/// A point of the curve between two knots.
fn spot(from: (f64, f64), to: (f64, f64), part: f64) -> (f64, f64) {
    let rest = 1.0 - part;
    let edge = rest.powi(3) + 3.0 * rest.powi(2) * part;
    let bend = 3.0 * part * rest * (rest + part) * 0.5;
    (from.0 * rest.powi(3) + to.0 * part.powi(3) + (from.0 + to.0) * bend, from.1 * edge + to.1 * (1.0 - edge))
}

pub fn overlap(a: Frame, b: Frame) -> bool {
    a.x < b.x + b.wide && b.x < a.x + a.wide && a.y < b.y + b.tall && b.y < a.y + a.tall
}

//! The boxes: each kind has its own outline, each state its own border and word.
use super::frame::{Frame, RING};
use super::parts::{HATCH, INK, Look, Node, SIZE, SMALL, rounded};
use crate::planning::gantt::text::{clean, fitted, width, wrapped};
use maud::{Markup, html};

/// What a box is cut, rounded or lined by, in pixels.
const CUT: f64 = 11.0;
const ROUND: f64 = 16.0;

/// What a state looks like, and the word for it.
struct Dress {
    fill: &'static str,
    border: &'static str,
    thick: f64,
    dashes: Option<&'static str>,
    word: Option<&'static str>,
}

fn dress(look: Look) -> Dress {
    let (fill, border, thick, dashes, word) = match look {
        Look::Plain => ("#ffffff", "#46627f", 1.2, None, None),
        Look::Up => ("#e9f3ed", "#2f6b4b", 1.2, None, Some("up")),
        Look::Degraded => ("#fdf0d2", "#7a4f00", 2.2, Some("9 3"), Some("degraded")),
        Look::Down => ("url(#map-hatch)", "#8f1d1d", 3.2, None, Some("down")),
    };
    Dress { fill, border, thick, dashes, word }
}

/// The pattern of what is down; pale, so that text on it stays readable.
pub fn hatch() -> Markup {
    html! {
        pattern id=(HATCH) width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
            rect width="8" height="8" fill="#fdf3f3" {}
            path d="M0 0V8" stroke="#efcaca" stroke-width="5" {}
        }
    }
}

/// The outline of a kind; its left and right side are straight where lines end.
fn outline(kind: &str, Frame { x, y, wide, tall }: Frame) -> String {
    let [x, y, wide, tall] = [x, y, wide, tall].map(rounded);
    let (cut, round) = (CUT.min(tall / 3.0), ROUND.min(tall / 2.5));
    let (across, down) = (wide - 2.0 * cut, tall - 2.0 * cut);
    match kind {
        "service" => {
            let (across, down) = (wide - 2.0 * round, tall - 2.0 * round);
            let corner = |dx: f64, dy: f64| format!("a{round} {round} 0 0 1 {dx} {dy}");
            let [one, two, three, four] =
                [corner(round, round), corner(-round, round), corner(-round, -round), corner(round, -round)];
            format!("M{} {y}h{across}{one}v{down}{two}h{}{three}v{}{four}z", rounded(x + round), -across, -down)
        }
        "site" => format!("M{} {y}h{across}l{cut} {cut}V{}H{x}V{}z", rounded(x + cut), rounded(y + tall), rounded(y + cut)),
        "supplier" => {
            format!("M{} {y}h{across}l{cut} {cut}v{down}l-{cut} {cut}h-{across}l-{cut} -{cut}v-{down}z", rounded(x + cut))
        }
        _ => format!("M{x} {y}h{wide}v{tall}h-{wide}z"),
    }
}

/// What is drawn within the outline of a kind.
fn inside(kind: &str, Frame { x, y, wide, tall }: Frame) -> Option<String> {
    let [x, y, wide, tall] = [x, y, wide, tall].map(rounded);
    let right = rounded(x + wide);
    match kind {
        // As in flow charts.
        "business_process" => Some(format!("M{} {y}v{tall}M{} {y}v{tall}", rounded(x + 6.0), rounded(right - 6.0))),
        // As in UML.
        "component" => {
            let tab = |share: f64| format!("M{x} {}h8v5h-8z", rounded(y + tall.min(32.0) * share));
            Some(format!("{}{}", tab(0.15), tab(0.45)))
        }
        _ => None,
    }
}

/// An outline without text, as it is in the legend too.
pub fn shape(kind: &str, look: Look, frame: Frame) -> Markup {
    let Dress { fill, border, thick, dashes, .. } = dress(look);
    html! {
        path d=(outline(kind, frame)) fill=(fill) stroke=(border) stroke-width=(thick) stroke-dasharray=[dashes] {}
        @if let Some(lines) = inside(kind, frame) { path d=(lines) fill="none" stroke=(border) {} }
    }
}

/// The second border of the root.
pub fn ring(frame: Frame) -> Markup {
    let [x, y] = [frame.x - RING, frame.y - RING].map(rounded);
    let [wide, tall] = [frame.wide + 2.0 * RING, frame.tall + 2.0 * RING].map(rounded);
    html! { rect x=(x) y=(y) width=(wide) height=(tall) rx="10" fill="#ffffff" stroke=(INK) stroke-width="2.6" {} }
}

/// A node's box with all its text.
pub fn node(node: &Node<'_>, frame: Frame, root: bool) -> Markup {
    let kind = words(node.kind);
    html! {
        g class="node" {
            title { (told(node)) }
            @if root { (ring(frame)) }
            (shape(node.kind, node.state, frame))
            (name(node, frame, root))
            @let foot = rounded(frame.y + frame.tall - 9.0);
            @let key = fitted(node.key, frame.wide * 0.5 - 18.0, SMALL, false);
            @let room = frame.wide - 36.0 - width(&key, SMALL, false);
            text x=(rounded(frame.x + 15.0)) y=(foot) font-size=(SMALL) font-style="italic" fill="#444444" { (fitted(&kind, room, SMALL, false)) }
            @if !key.is_empty() {
                text x=(rounded(frame.x + frame.wide - 15.0)) y=(foot) text-anchor="end" font-size=(SMALL) fill="#444444" { (key) }
            }
            @if let Some(word) = dress(node.state).word { (state(word, node.state, frame)) }
        }
    }
}

/// The name in the middle of what the foot leaves free.
fn name(node: &Node<'_>, frame: Frame, root: bool) -> Markup {
    let size = if root { SIZE * 1.1 } else { SIZE };
    let lines = wrapped(node.label, frame.wide - 32.0, size, 2);
    let first = frame.y + (frame.tall - 18.0) / 2.0 + 6.5 - 7.5 * (lines.len() - 1) as f64;
    html! {
        @for (index, line) in lines.iter().enumerate() {
            text x=(rounded(frame.x + 15.0)) y=(rounded(first + 15.0 * index as f64)) font-weight=[root.then_some("700")] fill=(INK) { (line) }
        }
    }
}

/// The word for a state, on the upper border.
fn state(word: &str, look: Look, frame: Frame) -> Markup {
    let wide = rounded(width(word, SMALL, true) + 12.0);
    let (x, y) = (rounded(frame.x + frame.wide - wide - 18.0), rounded(frame.y - 8.0));
    let Dress { border, .. } = dress(look);
    let light = look == Look::Up;
    html! {
        rect x=(x) y=(y) width=(wide) height="16" rx="3" fill=(if light { "#ffffff" } else { border }) stroke=(border) {}
        text x=(rounded(x + wide / 2.0)) y=(rounded(y + 11.8)) text-anchor="middle" font-size=(SMALL) font-weight="600"
            fill=(if light { border } else { "#ffffff" }) { (word) }
    }
}

/// A kind as people write it.
pub fn words(name: &str) -> String {
    clean(&name.replace('_', " "))
}

/// All of a node in words, for those who point at it.
fn told(node: &Node<'_>) -> String {
    let kind = words(node.kind);
    let parts = [Some(kind.as_str()), dress(node.state).word];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    format!("{} {}: {}", clean(node.key), clean(node.label), parts.join(", "))
}

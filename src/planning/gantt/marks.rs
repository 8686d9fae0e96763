//! Vertical lines at the moments that matter, with their labels above the axis.
use super::chart::{Chart, Mark, SMALL, WIDTH, rimmed};
use super::scale::{LEFT, RIGHT, Scale, clock, rounded};
use super::text::{fitted, width};
use maud::{Markup, html};

const LINE: f64 = 17.0;
/// More labels above each other would push the bars out of sight; the lines are drawn all the same.
const MAX_LINES: usize = 8;
/// The widest label, in pixels.
const MAX_WIDTH: f64 = 300.0;
const NOW: &str = "#1a1a1a";
const MARK: &str = "#8f1d1d";

/// A vertical line and its label.
pub struct Flag {
    x: f64,
    label: String,
    /// The line of text the label is in, from above.
    line: usize,
    left: f64,
    right: f64,
    now: bool,
    /// Too far out for the axis: only a label at the edge.
    beyond: bool,
}

/// The marks and `now` from left to right, with places for their labels that do not overlap.
pub fn flags(chart: &Chart<'_>, scale: Scale) -> Vec<Flag> {
    let mut marks: Vec<&Mark> = chart.marks.iter().collect();
    marks.sort_by_key(|mark| mark.at);
    // Services with the same objective share a line.
    let same = marks.chunk_by(|a, b| a.at == b.at).map(|same| {
        let labels: Vec<&str> = same.iter().map(|mark| mark.label.as_str()).collect();
        (same[0].at, labels.join(", "), false)
    });
    let mut known: Vec<(i64, String, bool)> = same.chain(chart.now.map(|now| (now, "now".to_owned(), true))).collect();
    known.sort_by_key(|(at, ..)| *at);
    let mut flags: Vec<Flag> = Vec::with_capacity(known.len());
    for (at, label, now) in known {
        let mut flag = placed(at, &label, now, scale);
        let taken = |line: usize| flags.iter().any(|f| f.line == line && f.left < flag.right && flag.left < f.right);
        flag.line = (0..MAX_LINES).find(|line| !taken(*line)).unwrap_or(MAX_LINES);
        flags.push(flag);
    }
    flags
}

fn placed(at: i64, label: &str, now: bool, scale: Scale) -> Flag {
    let (x, beyond) = (scale.x(at), at > scale.to);
    let time = if beyond { format!("{} →", clock(at)) } else { clock(at) };
    let label = format!("{} {time}", fitted(label, MAX_WIDTH - width(&time, SMALL, true), SMALL, true));
    let wide = width(&label, SMALL, true) + 12.0;
    let left = if beyond || x + wide > WIDTH { x - wide } else { x };
    Flag { x, label, line: 0, left: left.max(LEFT - wide), right: left + wide, now, beyond }
}

/// How much room the labels need, in pixels.
pub fn height(flags: &[Flag]) -> f64 {
    flags.iter().map(|flag| flag.line.min(MAX_LINES - 1) + 1).max().unwrap_or_default() as f64 * LINE + 4.0
}

/// Each line from its label down to the foot; it is rimmed with white, so that it shows on dark bars.
pub fn draw(flags: &[Flag], top: f64, foot: f64) -> Markup {
    let line = |flag: &Flag| format!("M{} {}V{foot}", flag.x, rounded(top + flag.line as f64 * LINE + 2.0));
    html! {
        @for flag in flags.iter().filter(|flag| !flag.beyond) {
            path d=(line(flag)) stroke="#ffffff" stroke-width="4" stroke-opacity="0.75" {}
            path d=(line(flag)) stroke=(if flag.now { NOW } else { MARK }) stroke-width="2" stroke-dasharray=[(!flag.now).then_some("6 4")] {}
        }
        (rimmed(&labels(flags, top)))
    }
}

fn labels(flags: &[Flag], top: f64) -> Markup {
    html! {
        @for flag in flags.iter().filter(|flag| flag.line < MAX_LINES) {
            @let before = flag.left < flag.x;
            text x=(if before { flag.x.min(RIGHT) - 6.0 } else { flag.x + 6.0 }) y=(rounded(top + flag.line as f64 * LINE + 13.0))
                text-anchor=(if before { "end" } else { "start" }) font-size=(SMALL) font-weight="600" fill=(if flag.now { NOW } else { MARK }) {
                (flag.label)
            }
        }
    }
}

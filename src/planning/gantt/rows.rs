//! The rows of a Gantt chart: phases, and bars with what stands beside them.
use super::chart::{Bar, INK, MARGIN, SIZE, SMALL, WIDTH};
use super::scale::{LEFT, Scale, clock, rounded};
use super::text::{clean, fitted, width};
use maud::{Markup, html};

const PHASE: f64 = 26.0;
const ONE_LANE: f64 = 28.0;
const TWO_LANES: f64 = 40.0;
/// The widest place for the keys, in pixels.
const MAX_KEY: f64 = 96.0;
/// Half of a diamond, in pixels.
const DIAMOND: f64 = 7.0;
/// Nothing that happens may be too thin to be seen.
const THINNEST: f64 = 3.0;

pub const HATCH: &str = "hatch";

/// How a bar is filled and bordered; told apart by lightness, border and pattern, not by hue alone.
#[derive(Clone, Copy)]
pub enum Look {
    Planned,
    Critical,
    Actual,
    Forecast,
}

impl Look {
    /// Fill, border, and the border's width.
    fn strokes(self) -> (&'static str, &'static str, f64) {
        match self {
            Look::Planned => ("#dbe7f3", "#46627f", 1.0),
            Look::Critical => ("#1f3a5c", "#000000", 2.0),
            Look::Actual => ("#3f7d5c", "#2a563f", 1.0),
            Look::Forecast => ("url(#hatch)", "#2a563f", 1.0),
        }
    }
}

/// One row and where it lies, in pixels.
pub struct Row<'c> {
    pub top: f64,
    pub height: f64,
    pub what: What<'c>,
}

pub enum What<'c> {
    Phase(&'c str),
    Bar(&'c Bar<'c>),
}

/// The bars in their order, with a heading wherever the phase changes.
pub fn rows<'c>(bars: &'c [Bar<'c>], top: f64) -> Vec<Row<'c>> {
    let (mut rows, mut top, mut phase) = (Vec::with_capacity(bars.len() + 8), top, "");
    let mut add = |height: f64, what: What<'c>| {
        rows.push(Row { top, height, what });
        top += height;
    };
    for bar in bars {
        if bar.phase != phase {
            phase = bar.phase;
            if !phase.trim().is_empty() {
                add(PHASE, What::Phase(phase));
            }
        }
        add(if two_lanes(bar) { TWO_LANES } else { ONE_LANE }, What::Bar(bar));
    }
    rows
}

fn two_lanes(bar: &Bar<'_>) -> bool {
    bar.actual.is_some() || bar.forecast.is_some()
}

/// How wide the keys are, in pixels.
pub fn key_width(bars: &[Bar<'_>]) -> f64 {
    let widest = bars.iter().map(|bar| width(&clean(bar.key), SIZE, true)).fold(0.0, f64::max);
    rounded(widest.min(MAX_KEY))
}

/// What lies beneath a row.
pub fn ground(row: &Row<'_>) -> Markup {
    html! {
        @if let What::Phase(_) = row.what {
            rect x="16" y=(row.top) width=(WIDTH - 32.0) height=(row.height) fill="#ececec" {}
        } @else {
            path d=(format!("M16 {0}H{1}", row.top + row.height, WIDTH - 16.0)) stroke="#e4e4e4" {}
        }
    }
}

/// A bar, or a diamond for what takes no time.
pub fn shape(left: f64, right: f64, (top, height): (f64, f64), look: Look) -> Markup {
    let (fill, stroke, thick) = look.strokes();
    if right > left {
        // The border stays within the bar, so that neighbours in time do not overlap.
        let wide = rounded((right - left).max(THINNEST) - thick).max(0.5);
        return html! {
            rect x=(left + thick / 2.0) y=(top + thick / 2.0) width=(wide) height=(height - thick) fill=(fill) stroke=(stroke) stroke-width=(thick) {}
        };
    }
    let (middle, half) = (top + height / 2.0, DIAMOND.min(height / 2.0 + 1.0));
    let outline = format!("M{left} {}l{half} {half}l-{half} {half}l-{half} -{half}z", middle - half);
    html! { path d=(outline) fill=(fill) stroke=(stroke) stroke-width=(thick) {} }
}

/// The line behind a bar that shows how long it may be delayed.
pub fn float_line(left: f64, right: f64, middle: f64) -> Markup {
    let line = format!("M{left} {middle}H{right}M{right} {}v6", middle - 3.0);
    html! { path d=(line) fill="none" stroke="#46627f" stroke-width="1.5" {} }
}

/// Top and height of the planned bar, and of what happened and is to come below it, from the top of the row.
fn lanes(bar: &Bar<'_>) -> [(f64, f64); 2] {
    if two_lanes(bar) { [(5.0, 14.0), (22.0, 12.0)] } else { [(5.0, 18.0); 2] }
}

/// The planned bar, and below it what happened and what is to come.
pub fn bars(row: &Row<'_>, bar: &Bar<'_>, scale: Scale) -> Markup {
    let [upper, lower] = lanes(bar).map(|(top, height)| (row.top + top, height));
    let placed = |span: (i64, i64), lane: (f64, f64), look: Look| shape(scale.x(span.0), scale.x(span.1), lane, look);
    let look = if bar.critical { Look::Critical } else { Look::Planned };
    // A step that should end right now has nothing to come: its diamond would look like a milestone.
    let forecast = bar.forecast.filter(|(start, end)| start < end || bar.actual.is_none());
    html! {
        title { (told(bar)) }
        @if bar.float > 0 {
            (float_line(scale.x(bar.planned.1), scale.x(bar.planned.1.saturating_add(bar.float)), upper.0 + upper.1 - 1.0))
        }
        @if !bar.unknown || bar.planned.0 < bar.planned.1 { (placed(bar.planned, upper, look)) }
        @if let Some(span) = forecast { (placed(span, lower, Look::Forecast)) }
        @if let Some(span) = bar.actual { (placed(span, lower, Look::Actual)) }
    }
}

/// All of a bar in words, for those who point at it.
fn told(bar: &Bar<'_>) -> String {
    let span = |what: &str, span: (i64, i64)| format!("{what} {} to {}", clock(span.0), clock(span.1));
    let parts = [
        Some(if bar.unknown { format!("not before {}", clock(bar.planned.1)) } else { span("planned", bar.planned) }),
        bar.critical.then(|| "critical".to_owned()),
        (bar.float > 0).then(|| format!("float {}", clock(bar.float))),
        bar.actual.map(|actual| span("actual", actual)),
        bar.forecast.map(|forecast| span("forecast", forecast)),
        bar.who.as_deref().map(clean),
        bar.state.map(clean),
    ];
    format!("{} {}: {}", clean(bar.key), clean(bar.title), parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// A row's name.
pub fn name(row: &Row<'_>, keys: f64) -> Markup {
    let middle = row.top + row.height / 2.0 + 4.5;
    match row.what {
        What::Phase(phase) => html! {
            text x=(MARGIN) y=(middle) font-weight="600" fill=(INK) { (fitted(phase, WIDTH - 2.0 * MARGIN, SIZE, true)) }
        },
        What::Bar(bar) => {
            let titles = MARGIN + if keys > 0.0 { keys + 10.0 } else { 0.0 };
            let title = fitted(bar.title, LEFT - 14.0 - titles, SIZE, bar.critical);
            html! {
                text x=(MARGIN) y=(middle) font-weight="600" fill="#444444" { (fitted(bar.key, keys + 1.0, SIZE, true)) }
                text x=(titles) y=(middle) font-weight=[bar.critical.then_some("600")] fill=(INK) { (title) }
            }
        }
    }
}

/// Who does it, behind the bar when there is room, else before it, else in the longer of both places, shortened. It stands
/// above the line of the float, or in the lane below it.
pub fn beside(row: &Row<'_>, bar: &Bar<'_>, scale: Scale) -> Markup {
    let said: Vec<String> =
        [bar.who.as_deref(), bar.state].into_iter().flatten().map(clean).filter(|part| !part.is_empty()).collect();
    let said = said.join(" · ");
    let below = [bar.actual, bar.forecast].into_iter().flatten();
    let (start, end) = below.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or(bar.planned);
    let (first, last) = (scale.x(start) - DIAMOND - 2.0, scale.x(end) + DIAMOND + 2.0);
    let (before, behind) = (first - LEFT - 4.0, WIDTH - 8.0 - last);
    let needed = width(&said, SMALL, false);
    let ahead = needed > behind && before > behind;
    let (x, anchor, room) = if ahead { (first, "end", before) } else { (last, "start", behind) };
    let [_, (top, height)] = lanes(bar);
    let y = row.top + top + height / 2.0 + if two_lanes(bar) { 4.0 } else { 2.5 };
    html! {
        @if !said.is_empty() && room > 3.0 * SMALL {
            text x=(rounded(x)) y=(y) text-anchor=(anchor) font-size=(SMALL) fill="#333333" { (fitted(&said, room, SMALL, false)) }
        }
    }
}

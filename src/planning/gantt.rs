//! A Gantt chart as SVG: readable in black and white, by screen readers, and without anything from elsewhere.
mod chart;
mod marks;
mod rows;
mod scale;
pub(super) mod text;
pub use chart::{Bar, Chart, Mark};
use chart::{INK, MARGIN, SIZE, SMALL, WIDTH, rimmed};
use maud::{Markup, html};
use rows::{HATCH, Look, What};
use scale::{LEFT, RIGHT, Scale, rounded};
pub(super) use scale::{clock, near};
use text::{fitted, width, wrapped};

/// A picture with more bars is hardly readable; the caller decides what to leave out.
pub const MAX_BARS: usize = 300;

/// A picture taller than this has the axis at its foot as well.
const TALL: f64 = 560.0;
const LEGEND_LINE: f64 = 22.0;

/// The whole picture.
pub fn draw(chart: &Chart<'_>) -> String {
    let scale = Scale::of(chart);
    let summary = wrapped(&chart.summary, WIDTH - 2.0 * MARGIN, SIZE, 3);
    let samples = samples(chart);
    let legend_top = 46.0 + 18.0 * summary.len() as f64;
    let marks_top = legend_top + LEGEND_LINE * lines(&samples) + 8.0;
    let flags = marks::flags(chart, scale);
    let axis = marks_top + marks::height(&flags) + 14.0;
    let rows = rows::rows(&chart.bars, axis + 8.0);
    let foot = rows.last().map_or(axis + 60.0, |row| row.top + row.height);
    let height = foot + if foot - axis > TALL { 36.0 } else { 20.0 };
    let keys = rows::key_width(&chart.bars);
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc"
            viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height)
            font-family="system-ui, sans-serif" font-size=(SIZE) {
            title id="title" { (text::clean(chart.title)) }
            desc id="desc" { (text::clean(&chart.summary)) }
            (patterns())
            rect width=(WIDTH) height=(height) fill="#ffffff" {}
            text x=(MARGIN) y="32" font-size="18" font-weight="600" fill=(INK) { (fitted(chart.title, WIDTH - 2.0 * MARGIN, 18.0, true)) }
            @for (index, line) in summary.iter().enumerate() {
                text x=(MARGIN) y=(54 + 18 * index) fill="#444444" { (line) }
            }
            (legend(&samples, legend_top))
            @for row in &rows { (rows::ground(row)) }
            (grid(scale, axis, foot))
            @for row in &rows {
                @if let What::Bar(bar) = row.what { g { (rows::bars(row, bar, scale)) } }
            }
            (marks::draw(&flags, marks_top, foot))
            (rimmed(&ticks(scale, axis)))
            @if foot - axis > TALL { (ticks(scale, foot + 18.0)) }
            @for row in &rows { (rows::name(row, keys)) }
            (rimmed(&html! {
                @for row in &rows {
                    @if let What::Bar(bar) = row.what { (rows::beside(row, bar, scale)) }
                }
            }))
            @if rows.is_empty() {
                text x=(MARGIN) y=(axis + 38.0) fill="#444444" { "There are no steps." }
            }
        }
    };
    picture.into_string()
}

/// The pattern of a forecast.
fn patterns() -> Markup {
    html! {
        defs {
            pattern id=(HATCH) width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                rect width="6" height="6" fill="#ffffff" {}
                path d="M0 0V6" stroke="#3f7d5c" stroke-width="4" {}
            }
        }
    }
}

fn grid(scale: Scale, axis: f64, foot: f64) -> Markup {
    html! {
        text x=(LEFT - 30.0) y=(axis) text-anchor="end" font-size=(SMALL) fill="#555555" { "Hours and minutes from the beginning" }
        @for tick in scale.ticks() {
            path d=(format!("M{} {}V{foot}", scale.x(tick), axis + 5.0)) stroke="#d4d4d4" {}
        }
        path d=(format!("M{LEFT} {}H{RIGHT}", axis + 5.0)) stroke="#767676" {}
    }
}

fn ticks(scale: Scale, y: f64) -> Markup {
    html! {
        @for tick in scale.ticks() {
            text x=(scale.x(tick)) y=(y) text-anchor="middle" font-size=(SMALL) fill="#333333" { (clock(tick)) }
        }
    }
}

/// What the legend explains, and where.
struct Sample {
    what: Explained,
    label: &'static str,
    x: f64,
    line: usize,
}

enum Explained {
    Shape(Look),
    Float,
    Diamond,
}

/// Only what the picture shows.
fn samples(chart: &Chart<'_>) -> Vec<Sample> {
    let has = |shown: fn(&Bar<'_>) -> bool| chart.bars.iter().any(shown);
    let known = [
        (has(|bar| !bar.critical), Explained::Shape(Look::Planned), "planned"),
        (has(|bar| bar.critical), Explained::Shape(Look::Critical), "planned, critical: a delay delays everything"),
        (has(|bar| bar.float > 0), Explained::Float, "float: possible delay without harm"),
        (has(|bar| bar.actual.is_some()), Explained::Shape(Look::Actual), "actual"),
        (has(|bar| bar.forecast.is_some()), Explained::Shape(Look::Forecast), "forecast"),
        (has(|bar| bar.planned.0 == bar.planned.1 && !bar.unknown), Explained::Diamond, "milestone: takes no time"),
    ];
    let (mut x, mut line) = (MARGIN, 0);
    let mut placed = |what: Explained, label: &'static str| {
        let wide = 40.0 + width(label, SMALL, false) + 22.0;
        if x + wide > WIDTH {
            (x, line) = (MARGIN, line + 1);
        }
        let sample = Sample { what, label, x: rounded(x), line };
        x += wide;
        sample
    };
    known.into_iter().filter(|(shown, ..)| *shown).map(|(_, what, label)| placed(what, label)).collect()
}

fn lines(samples: &[Sample]) -> f64 {
    samples.last().map_or(0.0, |sample| sample.line as f64 + 1.0)
}

fn legend(samples: &[Sample], top: f64) -> Markup {
    html! {
        @for Sample { what, label, x, line } in samples {
            @let y = top + *line as f64 * LEGEND_LINE + 4.0;
            @match what {
                Explained::Shape(look) => (rows::shape(*x, x + 30.0, (y, 13.0), *look)),
                Explained::Float => (rows::float_line(*x, x + 30.0, y + 6.5)),
                Explained::Diamond => (rows::shape(x + 20.0, x + 20.0, (y, 13.0), Look::Planned)),
            }
            text x=(x + 38.0) y=(y + 11.0) font-size=(SMALL) fill="#333333" { (label) }
        }
    }
}

#[cfg(test)]
mod tests;

//! The risk matrix as SVG: readable in black and white, by screen readers, and without anything from elsewhere.
use super::counted::{Cell, Counted};
use crate::model::StringEnum;
use crate::planning::text::clean;
use crate::resources::risk_matrix::RiskClass;
use maud::{Markup, html};

const CELL: usize = 112;
const HIGH: usize = 72;
const LEFT: usize = 170;
const TOP: usize = 76;
/// The summary has its place in this width, however few the columns.
const LEAST_WIDTH: usize = 780;
/// Letters of a level's name that fit beside and below the cells.
const BESIDE: usize = 22;
const BELOW: usize = 15;

/// Background and text of a class; the contrast is at least 4.5 to 1 (WCAG 2.2 AA).
const fn colours(class: RiskClass) -> (&'static str, &'static str) {
    match class {
        RiskClass::Negligible => ("#d9ead3", "#1b3a17"),
        RiskClass::Marginal => ("#eef0b4", "#3d3f0b"),
        RiskClass::Increased => ("#fbd48a", "#4a2f00"),
        RiskClass::High => ("#f0976b", "#3f1200"),
        RiskClass::Extreme => ("#a61c1c", "#ffffff"),
    }
}

fn shortened(name: &str, most: usize) -> String {
    let name = clean(name);
    if name.chars().count() <= most {
        return name;
    }
    name.chars().take(most - 1).chain(['…']).collect()
}

/// The whole picture.
pub fn draw(counted: &Counted) -> String {
    let matrix = &counted.matrix;
    let (columns, rows) = (matrix.impact_levels.len(), matrix.likelihood_levels.len());
    let (width, height) = ((LEFT + columns * CELL + 24).max(LEAST_WIDTH), TOP + rows * HIGH + 84);
    let what = counted.rating.as_str();
    let graver = |class: &RiskClass| matrix.is_above_appetite(*class);
    let above: i64 = counted.cells.iter().filter(|cell| graver(&cell.class)).map(|cell| cell.count).sum();
    let summary = format!(
        "{} open risks by {what} likelihood and impact; {above} lie above the appetite ({}); {} are not rated.",
        counted.total,
        matrix.appetite.as_str(),
        counted.unrated
    );
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc"
            viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height)
            font-family="system-ui, sans-serif" font-size="13" {
            title id="title" { "Risk matrix" }
            desc id="desc" { (summary) }
            rect width=(width) height=(height) fill="#ffffff" {}
            text x="24" y="32" font-size="18" font-weight="600" fill="#1a1a1a" { "Risk matrix: " (what) " rating" }
            text x="24" y="54" fill="#444444" { (summary) }
            @for (index, level) in matrix.likelihood_levels.iter().enumerate() {
                text x=(LEFT - 12) y=(TOP + (rows - 1 - index) * HIGH + HIGH / 2 + 4) text-anchor="end" fill="#1a1a1a" {
                    (shortened(&level.0, BESIDE))
                }
            }
            @for cell in &counted.cells { (square(cell, rows)) }
            @for (index, level) in matrix.impact_levels.iter().enumerate() {
                text x=(LEFT + index * CELL + CELL / 2) y=(TOP + rows * HIGH + 22) text-anchor="middle" fill="#1a1a1a" {
                    (shortened(&level.0, BELOW))
                }
            }
            text x=(LEFT + columns * CELL / 2) y=(TOP + rows * HIGH + 50) text-anchor="middle" font-weight="600" fill="#1a1a1a" { "Impact" }
            text x="24" y=(TOP + rows * HIGH + 50) font-weight="600" fill="#1a1a1a" { "Likelihood ↑" }
        }
    };
    picture.into_string()
}

/// One cell: its class in words, its count, and a link to its risks.
fn square(cell: &Cell, rows: usize) -> Markup {
    let place = |level: i64| usize::try_from(level - 1).unwrap_or_default();
    let (x, y) = (LEFT + place(cell.rating.impact) * CELL, TOP + (rows - 1 - place(cell.rating.likelihood)) * HIGH);
    let (back, ink) = colours(cell.class);
    let class = cell.class.as_str();
    let label = format!("Likelihood {}, impact {}, {class}: {} risks", cell.rating.likelihood, cell.rating.impact, cell.count);
    html! {
        a href=(cell.href) aria-label=(label) {
            rect x=(x) y=(y) width=(CELL) height=(HIGH) fill=(back) stroke="#ffffff" stroke-width="2" {}
            text x=(x + CELL / 2) y=(y + HIGH / 2 + 2) text-anchor="middle" font-size="20" font-weight="600" fill=(ink) {
                @if cell.count > 0 { (cell.count) } @else { "–" }
            }
            text x=(x + CELL / 2) y=(y + HIGH - 10) text-anchor="middle" font-size="11" fill=(ink) { (class) }
        }
    }
}

//! A small flat badge as SVG, such as those in READMEs: what it is about on the left, how it stands on the right.
use super::gantt::text::{clean, fitted, width};
use maud::html;

const SIZE: f64 = 11.0;
/// What is longer is shortened, in pixels.
const MAX: f64 = 260.0;
const PAD: f64 = 7.0;

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Fair,
    Poor,
    Unknown,
}

impl Tone {
    /// White text on it has a contrast of at least 4.5 to 1.
    fn ground(self) -> &'static str {
        match self {
            Tone::Good => "#1f7a3d",
            Tone::Fair => "#8a5a00",
            Tone::Poor => "#b3261e",
            Tone::Unknown => "#666666",
        }
    }
}

/// The whole badge.
pub fn draw(label: &str, value: &str, tone: Tone) -> String {
    let (label, value) = (clean(label), clean(value));
    let [left, right] = [&label, &value].map(|text| fitted(text, MAX, SIZE, false));
    let [label_wide, value_wide] = [&left, &right].map(|text| (width(text, SIZE, false) + 2.0 * PAD).ceil());
    let told = format!("{label}: {value}");
    let wide = label_wide + value_wide;
    let badge = html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label=(told) viewBox=(format!("0 0 {wide} 20")) width=(wide) height="20"
            font-family="system-ui, sans-serif" font-size=(SIZE) fill="#ffffff" text-anchor="middle" {
            title { (told) }
            rect width=(wide) height="20" rx="3" fill="#3d3d3d" {}
            path d=(format!("M{label_wide} 0h{}a3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3h-{}z", value_wide - 3.0, value_wide - 3.0)) fill=(tone.ground()) {}
            text x=(label_wide / 2.0) y="14" { (left) }
            text x=(label_wide + value_wide / 2.0) y="14" { (right) }
        }
    };
    badge.into_string()
}

#[cfg(test)]
mod tests;

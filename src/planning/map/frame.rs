//! The measures of boxes, tags and lines.
use super::parts::SMALL;
use super::routes::Line;
use crate::planning::gantt::text::{clean, width};

pub const WIDE: f64 = 196.0;
pub const TAG: f64 = 18.0;
const MAX_TAG: f64 = 120.0;
/// From a box to the tag of its group.
pub const STUB: f64 = 12.0;
/// Ports of one box are as far apart as this, when there is room.
pub const PORT: f64 = 9.0;
/// No port is nearer to a corner.
pub const CORNER: f64 = 14.0;
/// How far the ring of the root stands out.
pub const RING: f64 = 5.0;

/// A box or a tag.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame {
    pub x: f64,
    pub y: f64,
    pub wide: f64,
    pub tall: f64,
}

/// A line from its dependent to its provider; where neighbouring points are of different height, it bends.
pub struct Way {
    pub edge: usize,
    pub knots: Vec<(f64, f64)>,
    pub against: bool,
    /// Whether it reaches its provider itself, and not on the way of another line.
    pub headed: bool,
}

pub struct Tag {
    pub frame: Frame,
    pub label: String,
    pub whole: String,
}

/// The lines as they are laid out, the edge of each, and the labels of their groups.
pub struct Lines<'m> {
    pub lines: Vec<Line>,
    pub edges: Vec<usize>,
    pub labels: Vec<&'m str>,
}

/// How wide the tag of a group is.
pub fn tag_width(label: &str) -> f64 {
    (width(&clean(label), SMALL, false) + 11.0).min(MAX_TAG)
}

//! From columns and heights to ports, bends and tags.
use super::frame::{CORNER, Frame, Lines, PORT, RING, STUB, TAG, Tag, WIDE, Way, tag_width};
use super::parts::SMALL;
use super::routes::Routes;
use crate::planning::gantt::text::fitted;
use rustc_hash::{FxHashMap, FxHashSet};

/// What leaves a box at one port: a line, several that go together, or a group with its tag.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Stub {
    Line(usize),
    Point(usize),
    Group(usize),
}

type Ports = FxHashMap<(usize, Stub), f64>;

/// What is known before the lines are drawn.
#[derive(Clone, Copy)]
pub struct Sketch<'s, 'm> {
    pub lines: &'s Lines<'m>,
    pub routes: &'s Routes,
    pub at: &'s [usize],
    pub tall: &'s [f64],
    pub middles: &'s [f64],
    pub lefts: &'s [f64],
    pub root: Option<usize>,
}

impl Sketch<'_, '_> {
    /// All lines and tags, as far down as they are below the highest point.
    pub fn ways(&self, highest: f64) -> (Vec<Way>, Vec<Tag>) {
        let ports = self.ports();
        let (mut ways, mut drawn) = (Vec::with_capacity(self.lines.lines.len()), FxHashSet::default());
        let mut tags: Vec<Option<Frame>> = vec![None; self.lines.labels.len()];
        for (index, line) in self.lines.lines.iter().enumerate() {
            // What lines share is drawn once: their dashes would fill each other's gaps.
            let passes = |link: &[usize]| link[0].max(link[1]) >= self.at.len();
            let links = self.routes.ways[index].windows(2);
            let shared: Vec<bool> = links.map(|link| passes(link) && !drawn.insert((link[0], link[1]))).collect();
            let end = shared.len() - 1;
            let first = shared.iter().position(|shared| !shared).unwrap_or(end);
            let last = shared.iter().rposition(|shared| !shared).unwrap_or(end);
            let (tagged, headed) = if line.against { (last == end, first == 0) } else { (first == 0, last == end) };
            // Each link has two knots.
            let mut knots = self.knots(index, &ports, highest)[2 * first..2 * last + 2].to_vec();
            if line.against {
                knots.reverse();
            }
            if let Some(group) = line.group.filter(|_| tagged) {
                let ((x, y), wide) = (knots[0], tag_width(self.lines.labels[group]));
                let left = if line.against { x - STUB - wide } else { x + STUB };
                tags[group].get_or_insert(Frame { x: left, y: y - TAG / 2.0, wide, tall: TAG });
                knots.insert(1, (if line.against { left } else { left + wide }, y));
            }
            ways.push(Way { edge: self.lines.edges[index], knots: plain(&knots), against: line.against, headed });
        }
        let tag = |(frame, whole): (Option<Frame>, &&str)| {
            let label = |frame: Frame| fitted(whole, frame.wide - 10.0, SMALL, false);
            frame.map(|frame| Tag { frame, label: label(frame), whole: (*whole).to_owned() })
        };
        (ways, tags.into_iter().zip(&self.lines.labels).filter_map(tag).collect())
    }

    /// Where a line leaves its left box, enters and leaves each column, and reaches its right box; at the ring of the root.
    fn knots(&self, index: usize, [outs, ins]: &[Ports; 2], highest: f64) -> Vec<(f64, f64)> {
        let (line, way, [left, right]) = (&self.lines.lines[index], &self.routes.ways[index], self.stubs(index));
        let ring = |node: usize| if self.root == Some(node) { RING } else { 0.0 };
        let column = |node: usize| self.lefts[self.at[node]];
        let mut knots = Vec::with_capacity(way.len() * 2);
        knots.push((column(line.left) + WIDE + ring(line.left), outs[&(line.left, left)] - highest));
        for (column, point) in (self.at[line.left] + 1..).zip(&way[1..way.len() - 1]) {
            let (x, y) = (self.lefts[column], self.middles[*point] - highest);
            knots.extend([(x, y), (x + WIDE, y)]);
        }
        knots.push((column(line.right) - ring(line.right), ins[&(line.right, right)] - highest));
        knots
    }

    /// How a line leaves its left and its right box.
    fn stubs(&self, index: usize) -> [Stub; 2] {
        let (line, way) = (&self.lines.lines[index], &self.routes.ways[index]);
        let passing = |point: usize| if point < self.at.len() { Stub::Line(index) } else { Stub::Point(point) };
        let [left, right] = [passing(way[1]), passing(way[way.len() - 2])];
        match line.group {
            Some(group) if line.against => [left, Stub::Group(group)],
            Some(group) => [Stub::Group(group), right],
            None => [left, right],
        }
    }

    /// The heights of all ports, on the right and on the left sides of the boxes, in the order of where the lines go.
    fn ports(&self) -> [Ports; 2] {
        let mut sides = [FxHashMap::default(), FxHashMap::default()];
        for (index, line) in self.lines.lines.iter().enumerate() {
            let (way, stubs) = (&self.routes.ways[index], self.stubs(index));
            let ends = [(line.left, stubs[0], way[1]), (line.right, stubs[1], way[way.len() - 2])];
            for (side, (node, stub, next)) in sides.iter_mut().zip(ends) {
                let (sum, count) = side.entry((node, stub)).or_insert((0.0, 0.0));
                *sum += self.middles[next] + index as f64 * 1e-6;
                *count += 1.0;
            }
        }
        sides.map(|side| {
            let mut stubs: Vec<(usize, f64, Stub)> =
                side.into_iter().map(|((node, stub), (sum, count))| (node, sum / count, stub)).collect();
            stubs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            stubs.chunk_by(|a, b| a.0 == b.0).flat_map(|stubs| self.spread(stubs)).collect()
        })
    }

    /// Ports of one side of a box: evenly around its middle, at the same place when there are too many.
    fn spread(&self, stubs: &[(usize, f64, Stub)]) -> Vec<((usize, Stub), f64)> {
        let room = |stub: &Stub| if matches!(stub, Stub::Group(_)) { TAG + 4.0 } else { PORT };
        let sum: f64 = stubs.iter().map(|(.., stub)| room(stub)).sum();
        let node = stubs[0].0;
        let most = self.tall[node] - 2.0 * CORNER + PORT;
        let scale = if sum > most { most / sum } else { 1.0 };
        let mut at = -sum.min(most) / 2.0;
        let port = |(node, _, stub): &(usize, f64, Stub)| {
            let half = room(stub) * scale / 2.0;
            let middle = at + half;
            at += 2.0 * half;
            let even = if scale < 0.6 { (middle / 6.0).round() * 6.0 } else { middle };
            ((*node, *stub), self.middles[*node] + even)
        };
        stubs.iter().map(port).collect()
    }
}

/// Knots that neither turn nor end a line are left out.
fn plain(knots: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let last = knots.len() - 1;
    let turns = |index: &usize| {
        let same = |other: usize| (knots[other].1 - knots[*index].1).abs() < 0.05;
        *index == 0 || *index == last || !same(index - 1) || !same(index + 1)
    };
    (0..=last).filter(turns).map(|index| knots[index]).collect()
}

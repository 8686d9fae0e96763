//! Where everything lies, in pixels: boxes, lines, the tags of redundancy groups.
use super::frame::{CORNER, Frame, Lines, PORT, STUB, TAG, Tag, WIDE, Way, tag_width};
use super::heights::middles;
use super::layers::{backward, columns};
use super::parts::Map;
use super::routes::{Line, Routes};
use super::sketch::Sketch;
use rustc_hash::FxHashMap;

const TALL: f64 = 64.0;
/// The room between columns: at least, for each line, and at most.
const GAP: f64 = 96.0;
const LINE_GAP: f64 = 1.6;
const MAX_GAP: f64 = 280.0;
/// With more lines, those of one node share their way even where they look different.
const MAX_APART: usize = 1000;

/// All of the picture below its legend; it begins at 0, 0.
#[derive(Default)]
pub struct Plan {
    pub boxes: Vec<Frame>,
    pub ways: Vec<Way>,
    pub tags: Vec<Tag>,
    /// Edges from a node to itself.
    pub loops: Vec<usize>,
    /// Where the nodes begin that have no lines.
    pub apart: Option<f64>,
    pub wide: f64,
    pub tall: f64,
}

impl Plan {
    pub fn of(map: &Map<'_>, least_wide: f64) -> Plan {
        let known = |edge: &&usize| map.edges[**edge].from.max(map.edges[**edge].to) < map.nodes.len();
        let all: Vec<usize> = (0..map.edges.len()).collect();
        let (loops, edges): (Vec<usize>, Vec<usize>) =
            all.iter().filter(known).partition(|edge| map.edges[**edge].from == map.edges[**edge].to);
        let linked = linked(map, &edges);
        let names: FxHashMap<usize, usize> = linked.iter().enumerate().map(|(place, node)| (*node, place)).collect();
        let lines = lines(map, edges, &names);
        let tall: Vec<f64> = tallness(linked.len(), &lines);
        let pairs: Vec<(usize, usize)> = lines.lines.iter().map(|line| (line.left, line.right)).collect();
        let at = columns(linked.len(), &pairs);
        let routes = Routes::of(&at, &lines.lines);
        let middles = middles(&routes, &tall);
        let mut plan = Plan { loops, boxes: vec![Frame::default(); map.nodes.len()], ..Plan::default() };
        let lefts = lefts(&routes, &lines);
        let root = names.get(&map.root).copied();
        let sketch = Sketch { lines: &lines, routes: &routes, at: &at, tall: &tall, middles: &middles, lefts: &lefts, root };
        plan.take(&sketch, &linked);
        plan.set_apart(map, &linked, least_wide);
        plan
    }

    /// Turns middles into boxes and lines.
    fn take(&mut self, sketch: &Sketch<'_, '_>, linked: &[usize]) {
        let half = |point: usize| sketch.tall.get(point).map_or(3.0, |tall| tall / 2.0);
        let points = || sketch.middles.iter().enumerate();
        let highest = points().map(|(point, middle)| middle - half(point)).fold(f64::MAX, f64::min);
        let lowest = points().map(|(point, middle)| middle + half(point)).fold(f64::MIN, f64::max);
        for (place, node) in linked.iter().enumerate() {
            let (x, y) = (sketch.lefts[sketch.at[place]], sketch.middles[place] - half(place) - highest);
            self.boxes[*node] = Frame { x, y, wide: WIDE, tall: sketch.tall[place] };
        }
        if let Some(left) = sketch.lefts.last() {
            (self.wide, self.tall) = (left + WIDE, lowest - highest);
            (self.ways, self.tags) = sketch.ways(highest);
        }
    }

    /// Nodes without lines stand in rows below all others.
    fn set_apart(&mut self, map: &Map<'_>, linked: &[usize], least_wide: f64) {
        let mut alone = vec![true; map.nodes.len()];
        for node in linked {
            alone[*node] = false;
        }
        let alone: Vec<usize> = (0..map.nodes.len()).filter(|node| alone[*node]).collect();
        self.wide = self.wide.max(least_wide);
        if alone.is_empty() {
            return;
        }
        let heading = if linked.is_empty() { 0.0 } else { self.tall + 54.0 };
        let row = ((self.wide + 30.0) / (WIDE + 30.0)).floor().max(1.0) as usize;
        for (place, node) in alone.iter().enumerate() {
            let (x, y) = ((place % row) as f64 * (WIDE + 30.0), (place / row) as f64 * (TALL + 28.0));
            self.boxes[*node] = Frame { x, y: heading + 18.0 + y, wide: WIDE, tall: TALL };
        }
        self.apart = Some(heading);
        self.tall = heading + 18.0 + alone.len().div_ceil(row) as f64 * (TALL + 28.0) - 28.0;
    }
}

/// The nodes that have lines to others.
fn linked(map: &Map<'_>, edges: &[usize]) -> Vec<usize> {
    let mut linked: Vec<usize> = edges.iter().flat_map(|edge| [map.edges[*edge].from, map.edges[*edge].to]).collect();
    linked.sort_unstable();
    linked.dedup();
    linked
}

fn lines<'m>(map: &'m Map<'_>, edges: Vec<usize>, names: &FxHashMap<usize, usize>) -> Lines<'m> {
    let pair = |edge: &usize| (names[&map.edges[*edge].from], names[&map.edges[*edge].to]);
    let pairs: Vec<(usize, usize)> = edges.iter().map(pair).collect();
    let backward = backward(names.len(), &pairs);
    let (mut groups, mut labels) = (FxHashMap::default(), Vec::new());
    let mut parallel: FxHashMap<(usize, usize), usize> = FxHashMap::default();
    let mut laid = Vec::with_capacity(edges.len());
    for (index, (from, to)) in pairs.into_iter().enumerate() {
        let (edge, against) = (&map.edges[edges[index]], backward[index]);
        let group = edge.group.as_deref().map(|label| {
            *groups.entry((from, label, against)).or_insert_with(|| {
                labels.push(label);
                labels.len() - 1
            })
        });
        let same = parallel.entry((from, to)).or_default();
        let lane = if edges.len() > MAX_APART { 0 } else { edge.effect as usize + 3 * (*same).min(3) };
        *same += 1;
        let (left, right) = if against { (to, from) } else { (from, to) };
        laid.push(Line { left, right, against, lane, group });
    }
    Lines { lines: laid, edges, labels }
}

/// Boxes with many groups are higher, so that their tags have room.
fn tallness(count: usize, lines: &Lines<'_>) -> Vec<f64> {
    let mut groups: Vec<(usize, bool, usize)> = Vec::new();
    for line in &lines.lines {
        groups.extend(line.group.map(|group| (if line.against { line.right } else { line.left }, line.against, group)));
    }
    groups.sort_unstable();
    groups.dedup();
    let mut tall = vec![TALL; count];
    for side in groups.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        tall[side[0].0] = tall[side[0].0].max((TAG + 4.0) * (side.len() + 1) as f64 + 2.0 * CORNER - PORT);
    }
    tall
}

/// Where each column begins.
fn lefts(routes: &Routes, lines: &Lines<'_>) -> Vec<f64> {
    let count = routes.columns.len();
    let (mut tags, mut column) = (vec![0.0_f64; count + 1], vec![0; routes.before.len()]);
    for (index, points) in routes.columns.iter().enumerate() {
        for point in points {
            column[*point] = index;
        }
    }
    for line in &lines.lines {
        let wide = line.group.map_or(0.0, |group| tag_width(lines.labels[group]) + STUB);
        let gap = if line.against { column[line.right].saturating_sub(1) } else { column[line.left] };
        tags[gap] = tags[gap].max(wide);
    }
    let mut left = 0.0;
    let gap = |(index, points): (usize, &Vec<usize>)| {
        let links: usize = points.iter().map(|point| routes.behind[*point].len()).sum();
        let here = left;
        left += WIDE + tags[index] + (GAP + LINE_GAP * links as f64).min(MAX_GAP);
        here
    };
    routes.columns.iter().enumerate().map(gap).collect()
}

//! Which way each line takes through the columns, and the order of all that stands in them, with few crossings.
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// More steps than that take too long: fewer sweeps then.
const MAX_STEPS: usize = 100_000;

/// A line of the picture, from left to right.
#[derive(Debug, Clone)]
pub struct Line {
    pub left: usize,
    pub right: usize,
    /// Its provider is left: it closes a circle.
    pub against: bool,
    /// Lines of different lanes are never laid together.
    pub lane: usize,
    /// Its redundancy group, unique in the picture.
    pub group: Option<usize>,
}

/// The nodes and, in the columns between, the points where lines pass. Lines of one node share their points: they branch
/// like a tree.
pub struct Routes {
    /// From above; first the nodes, all numbers beyond are passing points.
    pub columns: Vec<Vec<usize>>,
    /// The neighbours of each point in the columns left and right of it.
    pub before: Vec<Vec<usize>>,
    pub behind: Vec<Vec<usize>>,
    /// The points of each line, its ends included.
    pub ways: Vec<Vec<usize>>,
}

impl Routes {
    /// `at` is the column of each node.
    pub fn of(at: &[usize], lines: &[Line]) -> Routes {
        let mut columns = vec![Vec::new(); at.iter().max().map_or(0, |last| last + 1)];
        let mut degrees = vec![(0, 0); at.len()];
        for line in lines {
            degrees[line.left].0 += 1;
            degrees[line.right].1 += 1;
        }
        let (mut points, mut known) = (at.to_vec(), FxHashMap::default());
        let mut ways = Vec::with_capacity(lines.len());
        for line in lines {
            let fan = degrees[line.left].0 > degrees[line.right].1;
            let hub = if fan { line.left } else { line.right };
            let group = line.group.filter(|_| fan != line.against);
            let mut way = vec![line.left];
            for column in at[line.left] + 1..at[line.right] {
                let point = known.entry((hub, fan, line.against, line.lane, group, column)).or_insert_with(|| {
                    points.push(column);
                    points.len() - 1
                });
                way.push(*point);
            }
            way.push(line.right);
            ways.push(way);
        }
        let mut links: Vec<(usize, usize)> = ways.iter().flat_map(|way| way.windows(2).map(|link| (link[0], link[1]))).collect();
        links.sort_unstable();
        links.dedup();
        let (mut before, mut behind) = (vec![Vec::new(); points.len()], vec![Vec::new(); points.len()]);
        for (left, right) in links {
            behind[left].push(right);
            before[right].push(left);
        }
        for point in walked(at.len(), &before, &behind) {
            columns[points[point]].push(point);
        }
        let mut routes = Routes { columns, before, behind, ways };
        routes.untangle();
        routes
    }

    /// Moves each point to the middle of its neighbours, column by column, there and back, and keeps the best order.
    fn untangle(&mut self) {
        let links: usize = self.behind.iter().map(Vec::len).sum();
        let sweeps = (MAX_STEPS / (links + self.before.len() + 1)).clamp(2, 24);
        let mut places = vec![0.0; self.before.len()];
        for column in &self.columns {
            number(column, &mut places);
        }
        let mut best = (self.crossings(), self.columns.clone());
        for sweep in 0..sweeps {
            let (to_right, last) = (sweep % 2 == 0, self.columns.len());
            for step in 1..last {
                let index = if to_right { step } else { last - 1 - step };
                let sides = if to_right { &self.before } else { &self.behind };
                let column = &mut self.columns[index];
                let wish = |point: &usize| mean(&sides[*point], &places).unwrap_or(places[*point]);
                let mut write_options: Vec<(f64, usize)> = column.iter().map(|point| (wish(point), *point)).collect();
                write_options.sort_by(|a, b| a.0.total_cmp(&b.0));
                *column = write_options.into_iter().map(|(_, point)| point).collect();
                number(column, &mut places);
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.columns.clone());
            }
        }
        self.columns = best.1;
    }

    /// How many links cross each other.
    pub fn crossings(&self) -> usize {
        let mut places = vec![0; self.before.len()];
        for column in &self.columns {
            for (place, point) in column.iter().enumerate() {
                places[*point] = place;
            }
        }
        let pairs = self.columns.iter().zip(self.columns.iter().skip(1));
        pairs.map(|(left, right)| inversions(left, right.len(), &self.behind, &places)).sum()
    }
}

/// All points, those linked with each other together; of the neighbours of a point, lines pass in the middle of the nodes.
fn walked(nodes: usize, before: &[Vec<usize>], behind: &[Vec<usize>]) -> Vec<usize> {
    let mut starts: Vec<usize> = (0..before.len()).collect();
    starts.sort_by_key(|point| Reverse(before[*point].len() + behind[*point].len()));
    let (mut order, mut seen) = (Vec::with_capacity(before.len()), vec![false; before.len()]);
    let mut open = Vec::new();
    for start in starts {
        open.push(start);
        while let Some(point) = open.pop() {
            if std::mem::replace(&mut seen[point], true) {
                continue;
            }
            order.push(point);
            for side in [&before[point], &behind[point]] {
                let (ends, passing) = side.split_at(side.partition_point(|next| *next < nodes));
                let (upper, lower) = ends.split_at(ends.len() / 2);
                open.extend([lower, passing, upper].into_iter().flat_map(|part| part.iter().rev()));
            }
        }
    }
    order
}

/// Places from 0 to 1, so that columns of different length compare.
fn number(column: &[usize], places: &mut [f64]) {
    for (place, point) in column.iter().enumerate() {
        places[*point] = (place as f64 + 0.5) / column.len() as f64;
    }
}

fn mean(neighbours: &[usize], places: &[f64]) -> Option<f64> {
    let sum: f64 = neighbours.iter().map(|point| places[*point]).sum();
    (!neighbours.is_empty()).then(|| sum / neighbours.len() as f64)
}

/// Counts with a Fenwick tree over the places of the right column.
fn inversions(left: &[usize], rights: usize, behind: &[Vec<usize>], places: &[usize]) -> usize {
    let mut tree = vec![0; rights + 1];
    let (mut drawn, mut crossings) = (0, 0);
    for point in left {
        for right in &behind[*point] {
            let (mut at, mut not_beyond) = (places[*right] + 1, 0);
            while at > 0 {
                not_beyond += tree[at];
                at &= at - 1;
            }
            crossings += drawn - not_beyond;
        }
        for right in &behind[*point] {
            let mut at = places[*right] + 1;
            while at <= rights {
                tree[at] += 1;
                at += at & at.wrapping_neg();
            }
        }
        drawn += behind[*point].len();
    }
    crossings
}

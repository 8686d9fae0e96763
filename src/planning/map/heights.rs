//! How high each point of the columns stands: near its neighbours, in the given order, never overlapping.
use super::routes::Routes;

/// The room between two nodes, a node and a line, and two lines, in pixels.
const NODES: f64 = 26.0;
const NODE_LINE: f64 = 16.0;
const LINES: f64 = 10.0;
const CLOSE_LINES: f64 = 5.0;
/// A column with more lines has them closer.
const MANY_LINES: usize = 60;
const MAX_STEPS: usize = 150_000;

/// The middles of all points, in pixels; the first are the nodes with these heights.
pub fn middles(routes: &Routes, tall: &[f64]) -> Vec<f64> {
    let links: usize = routes.behind.iter().map(Vec::len).sum();
    let rounds = (MAX_STEPS / (links + routes.before.len() + 1)).clamp(2, 30);
    let columns: Vec<Column<'_>> = routes.columns.iter().map(|points| Column::of(points, tall)).collect();
    let mut middles = vec![0.0; routes.before.len()];
    for column in &columns {
        let half = column.offsets.last().copied().unwrap_or_default() / 2.0;
        for (point, offset) in column.points.iter().zip(&column.offsets) {
            middles[*point] = offset - half;
        }
    }
    for round in 0..rounds {
        let all = round >= rounds / 3;
        let to_right = round % 2 == 0;
        for step in 0..columns.len() {
            let index = if to_right { step } else { columns.len() - 1 - step };
            let sides = [all || to_right, all || !to_right];
            columns[index].settle(routes, tall.len(), sides, &mut middles);
        }
    }
    for column in &columns {
        column.straighten(&routes.before, tall.len(), &mut middles);
    }
    for column in columns.iter().rev() {
        column.straighten(&routes.behind, tall.len(), &mut middles);
    }
    middles
}

/// The points of a column and how far each is from the first when all stand as close as they may.
struct Column<'r> {
    points: &'r [usize],
    offsets: Vec<f64>,
}

impl Column<'_> {
    fn of<'r>(points: &'r [usize], tall: &[f64]) -> Column<'r> {
        let passing = points.iter().filter(|point| **point >= tall.len()).count();
        let between = if passing > MANY_LINES { CLOSE_LINES } else { LINES };
        let room = |above: usize, below: usize| match (tall.get(above), tall.get(below)) {
            (Some(above), Some(below)) => (above + below) / 2.0 + NODES,
            (Some(node), None) | (None, Some(node)) => node / 2.0 + NODE_LINE,
            (None, None) => between,
        };
        let mut offsets = vec![0.0; points.len()];
        for index in 1..points.len() {
            offsets[index] = offsets[index - 1] + room(points[index - 1], points[index]);
        }
        Column { points, offsets }
    }

    /// The heights nearest to what the points wish: neighbours that would overlap form a block at the mean of their wishes.
    fn settle(&self, routes: &Routes, nodes: usize, [before, behind]: [bool; 2], middles: &mut [f64]) {
        // Sum of the weighted wishes, sum of the weights, and how many points.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::with_capacity(self.points.len());
        for (point, offset) in self.points.iter().zip(&self.offsets) {
            let sides = [(before, &routes.before[*point]), (behind, &routes.behind[*point])];
            let near = sides.into_iter().filter(|(used, _)| *used).flat_map(|(_, side)| side);
            let (mut sum, mut weights) = (0.0, 0.0);
            for next in near {
                let weight = pull(*point, *next, nodes);
                sum += weight * middles[*next];
                weights += weight;
            }
            let (wish, weight) = if weights > 0.0 { (sum / weights, weights) } else { (middles[*point], 0.2) };
            let mut block = ((wish - offset) * weight, weight, 1);
            while let Some(above) = blocks.pop_if(|above| above.0 / above.1 > block.0 / block.1) {
                block = (above.0 + block.0, above.1 + block.1, above.2 + block.2);
            }
            blocks.push(block);
        }
        let starts = blocks.iter().flat_map(|(sum, weight, count)| std::iter::repeat_n(sum / weight, *count));
        for ((point, offset), start) in self.points.iter().zip(&self.offsets).zip(starts) {
            middles[*point] = start + offset;
        }
    }

    /// Puts passing points on the height of their only neighbour where there is room.
    fn straighten(&self, neighbours: &[Vec<usize>], nodes: usize, middles: &mut [f64]) {
        for (index, point) in self.points.iter().enumerate().filter(|(_, point)| **point >= nodes) {
            let &[next] = neighbours[*point].as_slice() else { continue };
            let room = |other: usize| (self.offsets[index] - self.offsets[other]).abs();
            let above = index.checked_sub(1).map_or(f64::MIN, |above| middles[self.points[above]] + room(above));
            let below = self.points.get(index + 1).map_or(f64::MAX, |below| middles[*below] - room(index + 1));
            let target = middles[next];
            if (target - middles[*point]).abs() < 40.0 && above <= target && target <= below {
                middles[*point] = target;
            }
        }
    }
}

/// How much a neighbour draws a point to its height: long lines become straight.
fn pull(point: usize, next: usize, nodes: usize) -> f64 {
    match (point < nodes, next < nodes) {
        (true, true) => 1.0,
        (false, false) => 8.0,
        _ => 2.0,
    }
}

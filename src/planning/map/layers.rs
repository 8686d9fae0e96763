//! Which column each node stands in: dependents left of their providers, no column too full, circles opened.
use std::cmp::Reverse;

/// What a node needs, and who needs it.
struct Ends {
    providers: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
}

impl Ends {
    fn of(count: usize, pairs: &[(usize, usize)]) -> Ends {
        let mut ends = Ends { providers: vec![Vec::new(); count], dependents: vec![Vec::new(); count] };
        for (dependent, provider) in pairs {
            ends.providers[*dependent].push(*provider);
            ends.dependents[*provider].push(*dependent);
        }
        ends
    }
}

/// Which pairs are turned round, so that no circle is left: as few as a greedy choice finds (Eades, Lin, Smyth 1993).
pub fn backward(count: usize, pairs: &[(usize, usize)]) -> Vec<bool> {
    let ends = Ends::of(count, pairs);
    let (mut needs, mut needed) = (lengths(&ends.providers), lengths(&ends.dependents));
    // Nodes are taken from the outside to the middle; the place says how far left.
    let (mut places, mut left, mut right) = (vec![None; count], 0, count);
    let mut open: Vec<usize> = (0..count).collect();
    while !open.is_empty() {
        let last = open.iter().position(|node| needs[*node] == 0);
        let first = || open.iter().position(|node| needed[*node] == 0);
        let most = || (0..open.len()).max_by_key(|at| (needs[open[*at]] as isize - needed[open[*at]] as isize, Reverse(*at)));
        let Some(at) = last.or_else(first).or_else(most) else { break };
        let node = open.remove(at);
        if last.is_some() {
            right -= 1;
            places[node] = Some(right);
        } else {
            places[node] = Some(left);
            left += 1;
        }
        ends.providers[node].iter().for_each(|provider| needed[*provider] -= 1);
        ends.dependents[node].iter().for_each(|dependent| needs[*dependent] -= 1);
    }
    let mut reached: Vec<Option<Vec<bool>>> = vec![None; count];
    let mut circle = |(from, to): &(usize, usize)| {
        places[*from] > places[*to] && reached[*to].get_or_insert_with(|| reach(*to, &ends.providers))[*from]
    };
    pairs.iter().map(&mut circle).collect()
}

fn lengths(lists: &[Vec<usize>]) -> Vec<usize> {
    lists.iter().map(Vec::len).collect()
}

/// Which nodes can be reached from one.
fn reach(start: usize, providers: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; providers.len()];
    let mut open = vec![start];
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            open.extend(providers[node].iter().filter(|next| !reached[**next]));
        }
    }
    reached
}

/// The column of each node, for pairs without circles.
pub fn columns(count: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let ends = Ends::of(count, pairs);
    let depths = depths(&ends);
    // So many that the picture is a bit wider than high.
    let most = ((count * 4) as f64).sqrt().ceil().max(8.0) as usize;
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|node| Reverse(depths[*node]));
    let (mut columns, mut held) = (vec![0; count], vec![0_usize; count + 1]);
    for node in &order {
        let first = ends.dependents[*node].iter().map(|dependent| columns[*dependent] + 1).max().unwrap_or_default();
        let column = (first..count).find(|column| held[*column] < most).unwrap_or(first);
        columns[*node] = column;
        held[column] += 1;
    }
    // Whoever has more providers than dependents moves towards them: the lines become shorter.
    for node in order.iter().rev().filter(|node| ends.providers[**node].len() > ends.dependents[**node].len()) {
        let last = ends.providers[*node].iter().map(|provider| columns[*provider] - 1).min().unwrap_or(columns[*node]);
        let column = (columns[*node] + 1..=last).rev().find(|column| held[*column] < most).unwrap_or(columns[*node]);
        held[columns[*node]] -= 1;
        held[column] += 1;
        columns[*node] = column;
    }
    without_gaps(&mut columns, &held);
    columns
}

/// How long the longest chain of providers is.
fn depths(ends: &Ends) -> Vec<usize> {
    let mut open = lengths(&ends.providers);
    let mut ready: Vec<usize> = (0..open.len()).filter(|node| open[*node] == 0).collect();
    let mut depths = vec![0; open.len()];
    while let Some(node) = ready.pop() {
        for dependent in &ends.dependents[node] {
            depths[*dependent] = depths[*dependent].max(depths[node] + 1);
            open[*dependent] -= 1;
            if open[*dependent] == 0 {
                ready.push(*dependent);
            }
        }
    }
    depths
}

fn without_gaps(columns: &mut [usize], held: &[usize]) {
    let mut used = 0;
    let names: Vec<usize> = held
        .iter()
        .map(|held| {
            used += usize::from(*held > 0);
            used.saturating_sub(1)
        })
        .collect();
    for column in columns {
        *column = names[*column];
    }
}

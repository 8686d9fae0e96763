//! Points of failure: what takes an object Down when it alone is lost, and what does so in pairs.
//!
//! A loss takes Down what depends on it by cascade, and a redundancy group takes its dependent Down once more of its
//! members are Down than it can spare and at least one of those is felt, that is to say cascades. From there it goes on.
//!
//! 512 losses are followed at once, as the bits of rows of 64 bytes carried up the graph in the order of its components.
//! What is reached without redundancy groups is certain; the single points of one service need a sweep only beneath groups.

mod sweep;
mod sweep_order;
#[cfg(test)]
mod tests;

use super::net::{Graph, State};
use std::sync::atomic::{AtomicUsize, Ordering};
use sweep::{BitRow, BitSweep, Counts, LANES};
use sweep_order::SweepOrder;

/// The answer would take more work than was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkLimitExceeded;

impl std::fmt::Display for WorkLimitExceeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many pairs to try")
    }
}

impl std::error::Error for WorkLimitExceeded {}

/// For each object, how many others go Down when it alone is lost: how many of those watched with bit 0, and with bit 1.
/// `watched` has an entry for each node of the graph.
///
/// The work is at most the steps a loss can take times the objects, divided by the [lanes](LANES) followed at once; losses
/// that do not spread take next to none. Each thread needs a cache line per object.
pub fn loss_counts(graph: &Graph, watched: &[u8], threads: usize) -> Vec<[u32; 2]> {
    let course = SweepOrder::below(graph, (0..watched.len()).filter(|node| watched[*node] & 3 != 0));
    let mut weights = vec![[0; 2]; course.places()];
    for place in course.stands() {
        for node in course.objects(place) {
            add(&mut weights[place as usize], watched[*node as usize]);
        }
    }
    let stands: Vec<u32> = course.stands().collect();
    let blocks: Vec<&[u32]> = stands.chunks(LANES).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sweep = BitSweep::new(&course);
        let take = || blocks.get(next.fetch_add(1, Ordering::Relaxed)).copied();
        std::iter::from_fn(take).flat_map(|block| reach_of(&mut sweep, block, &weights)).collect::<Vec<_>>()
    };
    let mut reached = vec![[0; 2]; graph.nodes()];
    for (place, all) in share(threads.min(blocks.len()), &work) {
        for node in course.objects(place) {
            let mut own = [0; 2];
            add(&mut own, watched[*node as usize]);
            // An object is not taken Down by its own loss: it is lost.
            reached[*node as usize] = [all[0] - own[0], all[1] - own[1]];
        }
    }
    reached
}

fn add(weight: &mut [u32; 2], watched: u8) {
    weight[0] += u32::from(watched & 1);
    weight[1] += u32::from(watched >> 1 & 1);
}

/// Has several threads do the same work until there is none left, and gathers what they found.
fn share<T: Send>(threads: usize, work: &(impl Fn() -> Vec<T> + Sync)) -> Vec<T> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut found = work();
        for other in others {
            match other.join() {
                Ok(more) => found.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        found
    })
}

/// The weight of all that is Down when each place of a block is lost, its own included.
fn reach_of(sweep: &mut BitSweep, block: &[u32], weights: &[[u32; 2]]) -> Vec<(u32, [u32; 2])> {
    for (lane, place) in block.iter().enumerate() {
        sweep.lose(*place, &BitRow::one(lane));
    }
    sweep.run();
    let mut counts = [Counts::default(), Counts::default()];
    for place in sweep.touched() {
        for (count, weight) in counts.iter_mut().zip(weights[*place as usize]) {
            count.add(weight, sweep.down(*place));
        }
    }
    sweep.clear();
    block.iter().enumerate().map(|(lane, place)| (*place, [counts[0].get(lane), counts[1].get(lane)])).collect()
}

/// The single points of failure of an object, ascending: each other object whose loss alone takes it Down.
///
/// What it depends on by cascade alone is certain; only what it reaches through redundancy groups has to be tried.
pub fn single_points(graph: &Graph, root: usize) -> Vec<usize> {
    let mut points = certain(graph, root);
    if points.iter().any(|node| graph.providers(*node).iter().any(|step| step.group.is_some())) {
        let course = SweepOrder::toward(graph, &points);
        points.extend(singles(&course).iter().flat_map(|place| course.objects(*place)).map(|node| *node as usize));
    }
    points.retain(|node| *node != root);
    points.sort_unstable();
    points
}

/// An object and all it depends on by cascade alone.
fn certain(graph: &Graph, root: usize) -> Vec<usize> {
    let mut seen = vec![false; graph.nodes()];
    seen[root] = true;
    let mut found = vec![root];
    let mut next = 0;
    while let Some(node) = found.get(next).copied() {
        let alone = graph.providers(node).iter().filter(|step| step.group.is_none() && step.effect == State::Down);
        for provider in alone.map(|step| step.node as usize) {
            if !std::mem::replace(&mut seen[provider], true) {
                found.push(provider);
            }
        }
        next += 1;
    }
    found
}

/// All places that take the goal Down when they are lost alone.
///
/// Those that least is left to follow for are tried first: what is known to be fatal ends a loss.
fn singles(course: &SweepOrder) -> Vec<u32> {
    let leaders = leaders(course);
    let tried: Vec<u32> = course.stands().filter(|place| leaders[*place as usize] == Some(*place)).collect();
    let mut sweep = BitSweep::new(course);
    let mut is_fatal = vec![false; course.places()];
    for block in tried.rchunks(LANES) {
        for place in fatal(course, &mut sweep, block, None) {
            is_fatal[place as usize] = true;
            sweep.settle(place);
        }
    }
    course.stands().filter(|place| leaders[*place as usize].is_some_and(|leader| is_fatal[leader as usize])).collect()
}

/// The place each place stands or falls with, so that only that has to be tried; none where nothing can come of a loss.
///
/// What has but one dependent is as fatal as that. What is only a member of groups, once of each, breaks none alone.
fn leaders(course: &SweepOrder) -> Vec<Option<u32>> {
    let mut leaders = vec![None; course.places()];
    for place in (0..course.places() as u32).rev() {
        leaders[place as usize] = match (course.cascades(place), course.groups(place)) {
            ([dependent], []) if *dependent > place => leaders[*dependent as usize],
            ([], groups) if distinct(groups) => None,
            _ => Some(place),
        };
    }
    leaders
}

fn distinct(places: &[u32]) -> bool {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|two| two[0] != two[1])
}

/// Which of some places take the goal Down when they are lost, alone or together with another.
fn fatal(course: &SweepOrder, sweep: &mut BitSweep, stands: &[u32], with: Option<u32>) -> Vec<u32> {
    let Some(goal) = course.goal() else { return Vec::new() };
    let mut found = Vec::new();
    for block in stands.chunks(LANES) {
        for (lane, place) in block.iter().enumerate() {
            sweep.lose(*place, &BitRow::one(lane));
        }
        if let Some(with) = with {
            sweep.lose(with, &BitRow::ALL);
        }
        sweep.run();
        let down = sweep.down(goal);
        found.extend(block.iter().enumerate().filter(|(lane, _)| down.has(*lane)).map(|(_, place)| *place));
        sweep.clear();
    }
    found
}

/// All pairs of wanted objects, ascending, that take an object Down when both are lost, but neither when it is lost alone.
///
/// Only what the object reaches through redundancy groups and never by cascade alone can be one of a pair: both have to
/// weaken the same group. That many objects are tried, each against all the others. The work is estimated as the objects
/// tried times the blocks of [lanes](LANES) they fill times the steps a loss can take among what has to be followed; it is
/// refused before any is tried when that passes `most_work`. There are at most 256 pairs for each object and block.
pub fn point_pairs(
    graph: &Graph,
    root: usize,
    wanted: &dyn Fn(usize) -> bool,
    most_work: u64,
) -> Result<Vec<(usize, usize)>, WorkLimitExceeded> {
    let course = SweepOrder::toward(graph, &certain(graph, root));
    let tried = |place: u32| course.objects(place).iter().map(|node| *node as usize).filter(|node| wanted(*node));
    let mut stands: Vec<u32> = course.stands().filter(|place| tried(*place).next().is_some()).collect();
    let count: usize = stands.iter().map(|place| tried(*place).count()).sum();
    let work =
        [count.div_ceil(LANES), course.steps()].iter().fold(count as u64, |work, times| work.saturating_mul(*times as u64));
    if work > most_work {
        return Err(WorkLimitExceeded);
    }
    let mut sweep = BitSweep::new(&course);
    // In the order of the stands, like the stands themselves.
    let mut points = fatal(&course, &mut sweep, &stands, None).into_iter().peekable();
    stands.retain(|place| points.next_if_eq(place).is_none());
    let mut found = Vec::new();
    for (index, one) in stands.iter().enumerate() {
        for other in fatal(&course, &mut sweep, &stands[index + 1..], Some(*one)) {
            found.extend(tried(*one).flat_map(|one| tried(other).map(move |other| (one.min(other), one.max(other)))));
        }
    }
    found.sort_unstable();
    Ok(found)
}

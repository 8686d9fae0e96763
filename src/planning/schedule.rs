//! When the steps of a plan happen: by their dependencies alone (the critical path method, Kelley & Walker 1959), and with
//! the persons there are (the parallel schedule of Kolisch 1996, latest start first). Times are whole seconds from a
//! beginning the caller chooses; steps are known by their index. Iterative and near-linear in steps and dependencies.
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// One step of work.
#[derive(Debug, Clone, Default)]
pub struct Task {
    /// The steps that must have ended before this one begins.
    pub after: Vec<usize>,
    /// How long it takes, in seconds; zero for a milestone, never less.
    pub seconds: i64,
    /// The persons of whom any one does it; empty when it needs nobody's hands.
    pub by: Vec<u32>,
}

/// How far a step is, for a forecast in the midst of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    #[default]
    Open,
    Begun {
        start: i64,
        by: Option<u32>,
    },
    /// Done, or left out.
    Ended {
        start: i64,
        end: i64,
    },
}

/// When a step happens and who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    pub end: i64,
    pub by: Option<u32>,
    /// The step whose end decided the start: a prerequisite, or what the same person did before. `None` when nothing held it
    /// up, and for a step that was begun already.
    pub held_by: Option<usize>,
}

/// The schedule with unlimited hands, in seconds from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    pub earliest: Vec<i64>,
    /// The latest start that does not delay the end of everything.
    pub latest: Vec<i64>,
    /// How long everything takes.
    pub length: i64,
}

/// The steps that wait for each step.
fn followers<'t>(after: impl ExactSizeIterator<Item = &'t Vec<usize>>) -> Vec<Vec<usize>> {
    let mut next = vec![Vec::new(); after.len()];
    for (step, before) in after.enumerate() {
        before.iter().for_each(|b| next[*b].push(step));
    }
    next
}

/// The steps in an order in which each comes after its prerequisites. Steps on a circle, or behind one, are left out.
pub fn order(after: &[Vec<usize>]) -> Vec<usize> {
    ordered(after.iter().map(Vec::len).collect(), &followers(after.iter()))
}

fn ordered(mut waiting: Vec<usize>, next: &[Vec<usize>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..waiting.len()).filter(|step| waiting[*step] == 0).collect();
    let mut seen = 0;
    while seen < order.len() {
        for step in &next[order[seen]] {
            waiting[*step] -= 1;
            if waiting[*step] == 0 {
                order.push(*step);
            }
        }
        seen += 1;
    }
    order
}

/// A circle of dependence when there is one: each step waits for the one before it, and the first for the last.
pub fn circle(after: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut stuck = vec![true; after.len()];
    order(after).into_iter().for_each(|step| stuck[step] = false);
    let mut step = stuck.iter().position(|stuck| *stuck)?;
    // A step is stuck because one of its prerequisites is, so the walk back ends up on a circle.
    let mut walked = vec![false; after.len()];
    while !walked[step] {
        walked[step] = true;
        step = *after[step].iter().find(|before| stuck[**before])?;
    }
    shortest_circle(after, step)
}

/// The shortest circle through a step: a search in breadth against the dependencies until it is met again.
fn shortest_circle(after: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut needed_by: Vec<Option<usize>> = vec![None; after.len()];
    let mut open = VecDeque::from([start]);
    while let Some(step) = open.pop_front() {
        for before in &after[step] {
            if *before == start {
                return Some(std::iter::successors(Some(step), |step| needed_by[*step]).collect());
            }
            if needed_by[*before].is_none() {
                needed_by[*before] = Some(step);
                open.push_back(*before);
            }
        }
    }
    None
}

/// The critical path method. Assumes that there is no circle.
pub fn paths(tasks: &[Task]) -> Paths {
    let next = followers(tasks.iter().map(|task| &task.after));
    let order = ordered(tasks.iter().map(|task| task.after.len()).collect(), &next);
    let mut earliest = vec![0; tasks.len()];
    for step in &order {
        let ends = tasks[*step].after.iter().map(|before| earliest[*before] + tasks[*before].seconds);
        earliest[*step] = ends.max().unwrap_or_default();
    }
    let length = (0..tasks.len()).map(|step| earliest[step] + tasks[step].seconds).max().unwrap_or_default();
    let mut latest = vec![length; tasks.len()];
    for step in order.iter().rev() {
        latest[*step] = next[*step].iter().map(|n| latest[*n]).min().unwrap_or(length) - tasks[*step].seconds;
    }
    Paths { earliest, latest, length }
}

impl Paths {
    /// How long a step may be delayed without delaying the end of everything, in seconds.
    pub fn float(&self, step: usize) -> i64 {
        self.latest[step] - self.earliest[step]
    }

    /// The seconds from the beginning of a step to the end of the longest chain behind it.
    pub fn tail(&self, step: usize) -> i64 {
        self.length - self.latest[step]
    }

    /// One chain of steps without float, from the beginning to the end of everything; of several the one whose first step,
    /// then second and so on has the lowest index.
    pub fn critical(&self, tasks: &[Task]) -> Vec<usize> {
        let next = followers(tasks.iter().map(|task| &task.after));
        let first = (0..tasks.len()).find(|step| tasks[*step].after.is_empty() && self.float(*step) == 0);
        // A step without float ends with everything, or one that waits for it begins at its end and has no float either.
        let follow = |step: &usize| {
            let end = self.earliest[*step] + tasks[*step].seconds;
            next[*step].iter().copied().find(|n| self.float(*n) == 0 && self.earliest[*n] == end)
        };
        std::iter::successors(first, follow).collect()
    }
}

/// The schedule with the persons there are, from `now` on. One person does one step at a time and does not interrupt it;
/// whoever is idle begins at once what may begin. Of the steps that may begin, the one with the smallest latest start goes
/// first; of the idle persons, the one whom the fewest open steps could use. Ties go to the lowest index and number. What
/// has ended keeps its times; what was begun ends at `now` at the earliest. Assumes that there is no circle.
pub fn staffed(tasks: &[Task], progress: &[Progress], now: i64) -> Vec<Span> {
    let mut shift = Shift::new(tasks, progress, now);
    loop {
        // What ends now comes before what begins now, so that a milestone never gives its followers' place away.
        if shift.ends.peek().is_some_and(|Reverse((end, _))| *end == shift.now) {
            shift.end_next();
        } else if let Some(Reverse((_, step))) = shift.ready.pop() {
            shift.begin_if_possible(step);
        } else if let Some(Reverse((end, _))) = shift.ends.peek() {
            shift.now = *end;
        } else {
            return shift.spans;
        }
    }
}

/// A step that may begin, the most urgent first: its latest start and its index.
type Ready = Reverse<(i64, usize)>;

/// What a person has to do.
#[derive(Default)]
struct Person {
    number: u32,
    in_hand: usize,
    last: Option<usize>,
    /// How many open steps the person could do.
    could: usize,
    /// Steps that may begin and that the person could do; those begun by others are passed over when met.
    queue: BinaryHeap<Ready>,
}

/// The work at one moment.
///
/// While steps are handed out, the most urgent step in the queue of each idle person is in `ready`; so the most urgent step
/// of all that can begin is found without looking at the others.
struct Shift<'t> {
    tasks: &'t [Task],
    latest: Vec<i64>,
    next: Vec<Vec<usize>>,
    now: i64,
    spans: Vec<Span>,
    open: Vec<bool>,
    /// How many prerequisites of each step have not ended.
    waiting: Vec<usize>,
    persons: Vec<Person>,
    /// The persons who can do each step, as places in `persons`.
    hands: Vec<Vec<usize>>,
    doer: Vec<Option<usize>>,
    /// What is under way: when it ends, and the step.
    ends: BinaryHeap<Reverse<(i64, usize)>>,
    ready: BinaryHeap<Ready>,
    /// Which steps are in `ready`, so that none is there twice.
    offered: Vec<bool>,
}

impl<'t> Shift<'t> {
    fn new(tasks: &'t [Task], progress: &[Progress], now: i64) -> Shift<'t> {
        let begun = progress.iter().filter_map(|p| if let Progress::Begun { by, .. } = p { *by } else { None });
        let mut places: BTreeMap<u32, usize> =
            tasks.iter().flat_map(|t| t.by.iter().copied()).chain(begun).map(|p| (p, 0)).collect();
        places.values_mut().enumerate().for_each(|(index, place)| *place = index);
        let hands: Vec<Vec<usize>> = tasks.iter().map(|task| crew(&places, &task.by)).collect();
        let mut shift = Shift {
            tasks,
            latest: paths(tasks).latest,
            next: followers(tasks.iter().map(|task| &task.after)),
            now,
            spans: vec![Span { start: now, end: now, by: None, held_by: None }; tasks.len()],
            open: progress.iter().map(|p| *p == Progress::Open).collect(),
            waiting: tasks.iter().map(|task| task.after.len()).collect(),
            persons: places.keys().map(|number| Person { number: *number, ..Person::default() }).collect(),
            hands,
            doer: vec![None; tasks.len()],
            ends: BinaryHeap::with_capacity(tasks.len()),
            ready: BinaryHeap::with_capacity(tasks.len()),
            offered: vec![false; tasks.len()],
        };
        for (step, progress) in progress.iter().enumerate() {
            shift.take_up(step, *progress, &places);
        }
        (0..tasks.len()).filter(|step| tasks[*step].after.is_empty()).for_each(|step| shift.may_begin(step));
        shift
    }

    /// What a step's progress means for the rest.
    fn take_up(&mut self, step: usize, progress: Progress, places: &BTreeMap<u32, usize>) {
        match progress {
            Progress::Open => self.hands[step].iter().for_each(|p| self.persons[*p].could += 1),
            Progress::Begun { start, by } => {
                let end = self.now.max(start + self.tasks[step].seconds);
                self.spans[step] = Span { start, end, by, held_by: None };
                self.doer[step] = by.and_then(|by| places.get(&by).copied());
                self.doer[step].into_iter().for_each(|p| self.persons[p].in_hand += 1);
                self.ends.push(Reverse((end, step)));
            }
            Progress::Ended { start, end } => {
                self.spans[step] = Span { start, end, by: None, held_by: None };
                self.ends.push(Reverse((self.now.max(end), step)));
            }
        }
    }

    fn end_next(&mut self) {
        let Some(Reverse((_, step))) = self.ends.pop() else { return };
        if let Some(place) = self.doer[step] {
            self.persons[place].last = Some(step);
            self.persons[place].in_hand -= 1;
            self.offer_next(place);
        }
        for index in 0..self.next[step].len() {
            let follower = self.next[step][index];
            self.waiting[follower] -= 1;
            if self.waiting[follower] == 0 {
                self.may_begin(follower);
            }
        }
    }

    /// The prerequisites of a step have ended.
    fn may_begin(&mut self, step: usize) {
        if !self.open[step] {
            return;
        }
        if self.hands[step].is_empty() {
            return self.begin(step, None);
        }
        let ready = Reverse((self.latest[step], step));
        self.hands[step].iter().for_each(|place| self.persons[*place].queue.push(ready));
        self.offer(ready);
    }

    fn offer(&mut self, ready: Ready) {
        if !std::mem::replace(&mut self.offered[ready.0.1], true) {
            self.ready.push(ready);
        }
    }

    /// Nothing happens when nobody is idle: the step stays in the queues of its persons.
    fn begin_if_possible(&mut self, step: usize) {
        self.offered[step] = false;
        let idle = self.hands[step].iter().copied().filter(|place| self.persons[*place].in_hand == 0);
        if let Some(place) = idle.min_by_key(|place| (self.persons[*place].could, *place)) {
            self.begin(step, Some(place));
        }
    }

    fn begin(&mut self, step: usize, place: Option<usize>) {
        let end = self.now + self.tasks[step].seconds;
        let by = place.map(|place| self.persons[place].number);
        self.spans[step] = Span { start: self.now, end, by, held_by: self.holder(step, place) };
        (self.open[step], self.doer[step]) = (false, place);
        place.into_iter().for_each(|place| self.persons[place].in_hand += 1);
        self.ends.push(Reverse((end, step)));
        for index in 0..self.hands[step].len() {
            self.persons[self.hands[step][index]].could -= 1;
            self.offer_next(self.hands[step][index]);
        }
    }

    /// Puts the most urgent step an idle person could do among those to be handed out.
    fn offer_next(&mut self, place: usize) {
        let person = &mut self.persons[place];
        while person.queue.peek().is_some_and(|Reverse((_, step))| !self.open[*step]) {
            person.queue.pop();
        }
        if person.in_hand == 0
            && let Some(ready) = person.queue.peek().copied()
        {
            self.offer(ready);
        }
    }

    /// The step whose end lets this one begin at this moment.
    fn holder(&self, step: usize, place: Option<usize>) -> Option<usize> {
        let own = place.and_then(|place| self.persons[place].last);
        let mut before = self.tasks[step].after.iter().copied().chain(own);
        before.find(|b| self.spans[*b].end == self.now)
    }
}

/// The places of the persons who can do a step, each once.
fn crew(places: &BTreeMap<u32, usize>, by: &[u32]) -> Vec<usize> {
    let mut crew: Vec<usize> = by.iter().filter_map(|number| places.get(number).copied()).collect();
    crew.sort_unstable();
    crew.dedup();
    crew
}

/// What decided when a step happens: from the first step that nothing held up to `last`, each held by the one before it.
pub fn chain(spans: &[Span], last: usize) -> Vec<usize> {
    let mut chain: Vec<usize> = std::iter::successors(Some(last), |step| spans[*step].held_by).take(spans.len()).collect();
    chain.reverse();
    chain
}

/// The dependencies among the steps kept: what a step left out waits for, those that wait for it wait for instead. Indices
/// stay those of the input; a step left out waits for nothing. Assumes that there is no circle.
pub fn contracted(after: &[Vec<usize>], kept: &[bool]) -> Vec<Vec<usize>> {
    let mut result: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    for step in order(after) {
        let mut before: Vec<usize> = Vec::with_capacity(after[step].len());
        for b in &after[step] {
            if kept[*b] { before.push(*b) } else { before.extend(&result[*b]) }
        }
        before.sort_unstable();
        before.dedup();
        result[step] = before;
    }
    (0..after.len()).filter(|step| !kept[*step]).for_each(|step| result[step].clear());
    result
}

#[cfg(test)]
mod tests;

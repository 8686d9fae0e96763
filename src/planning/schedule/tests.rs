use super::*;
use proptest::prelude::*;

fn task(after: &[usize], seconds: i64, by: &[u32]) -> Task {
    Task { after: after.to_vec(), seconds, by: by.to_vec() }
}

fn planned(tasks: &[Task]) -> Vec<Span> {
    staffed(tasks, &vec![Progress::Open; tasks.len()], 0)
}

fn span(start: i64, end: i64, by: Option<u32>, held_by: Option<usize>) -> Span {
    Span { start, end, by, held_by }
}

fn dependencies(tasks: &[Task]) -> Vec<Vec<usize>> {
    tasks.iter().map(|task| task.after.clone()).collect()
}

/// Two ways from 0 to 3, of 3 and of 5 seconds, and a step beside them.
fn diamond(by: [&[u32]; 5]) -> Vec<Task> {
    let [a, b, c, d, e] = by;
    vec![task(&[], 2, a), task(&[0], 3, b), task(&[0], 5, c), task(&[1, 2], 1, d), task(&[], 4, e)]
}

#[test]
fn the_critical_path_of_a_diamond() {
    let tasks = diamond([&[]; 5]);
    let paths = paths(&tasks);
    assert_eq!(paths, Paths { earliest: vec![0, 2, 2, 7, 0], latest: vec![0, 4, 2, 7, 4], length: 8 });
    assert_eq!((0..5).map(|step| paths.float(step)).collect::<Vec<_>>(), [0, 2, 0, 0, 4]);
    assert_eq!((paths.tail(1), paths.tail(3)), (4, 1));
    assert_eq!(paths.critical(&tasks), [0, 2, 3]);
}

#[test]
fn milestones_belong_to_the_critical_path() {
    let tasks = [task(&[1], 10, &[]), task(&[], 0, &[]), task(&[0], 0, &[]), task(&[1], 10, &[])];
    assert_eq!(paths(&tasks).critical(&tasks), [1, 0, 2]);
    assert_eq!(paths(&[]), Paths { earliest: vec![], latest: vec![], length: 0 });
    assert!(paths(&[]).critical(&[]).is_empty());
}

#[test]
fn the_urgent_step_goes_first_and_who_is_needed_elsewhere_stays_free() {
    // One person for all: the critical steps go before those with float.
    let spans = planned(&diamond([&[1]; 5]));
    assert_eq!(spans[0], span(0, 2, Some(1), None));
    assert_eq!(spans[2], span(2, 7, Some(1), Some(0)));
    assert_eq!(spans[1], span(7, 10, Some(1), Some(2)));
    // Both could begin at 10, with latest starts 4 and 7.
    assert_eq!(spans[4], span(10, 14, Some(1), Some(1)));
    assert_eq!(spans[3], span(14, 15, Some(1), Some(4)));
    assert_eq!(chain(&spans, 3), [0, 2, 1, 4, 3]);

    // 1 could do both and 2 only the first, so 1 is left for the second.
    let spans = planned(&[task(&[], 5, &[1, 2]), task(&[], 3, &[1])]);
    assert_eq!(spans, [span(0, 5, Some(2), None), span(0, 3, Some(1), None)]);
}

#[test]
fn a_milestone_does_not_give_its_followers_place_away() {
    // 1 becomes possible by the milestone 0 and is more urgent than 2.
    let spans = planned(&[task(&[], 0, &[1]), task(&[0], 9, &[1]), task(&[], 5, &[1])]);
    assert_eq!(spans, [span(0, 0, Some(1), None), span(0, 9, Some(1), Some(0)), span(9, 14, Some(1), Some(1))]);
}

#[test]
fn a_forecast_goes_on_from_what_was_done() {
    let tasks = diamond([&[1], &[1], &[2], &[1, 2], &[1]]);
    let progress = [
        Progress::Ended { start: 0, end: 3 },
        Progress::Begun { start: 4, by: Some(1) },
        Progress::Begun { start: 3, by: Some(7) },
        Progress::Open,
        Progress::Open,
    ];
    let spans = staffed(&tasks, &progress, 10);
    assert_eq!(spans[0], span(0, 3, None, None));
    // Overdue, so it ends now at the earliest.
    assert_eq!(spans[1], span(4, 10, Some(1), None));
    assert_eq!(spans[2], span(3, 10, Some(7), None));
    assert_eq!(spans[3], span(10, 11, Some(2), Some(1)));
    assert_eq!(spans[4], span(10, 14, Some(1), Some(1)));

    // With 2 underway until 12, the last step waits for it, and 1 does the other one.
    let spans =
        staffed(&tasks, &[progress[0], progress[1], Progress::Begun { start: 7, by: Some(2) }, progress[3], progress[4]], 10);
    assert_eq!(spans[3], span(12, 13, Some(2), Some(2)));
    assert_eq!(spans[4], span(10, 14, Some(1), Some(1)));
    assert_eq!(chain(&spans, 4), [1, 4]);
}

#[test]
fn circles_by_hand() {
    assert_eq!(circle(&[vec![], vec![0], vec![1, 0]]), None);
    assert_eq!(circle(&[vec![0]]), Some(vec![0]));
    // 0 is behind the circle of 1, 2 and 3; 3 also waits for 1 itself.
    assert_eq!(circle(&[vec![3], vec![3], vec![1], vec![2, 1]]), Some(vec![1, 3]));
}

#[test]
fn what_is_left_out_passes_its_prerequisites_on() {
    let after = [vec![], vec![0], vec![1], vec![2, 0], vec![3]];
    assert_eq!(contracted(&after, &[true, false, false, true, false]), [vec![], vec![], vec![], vec![0], vec![]]);
}

/// Steps that wait only for steps in front of them, with shuffled indices so that the order is not given away.
fn any_tasks(most_persons: usize) -> impl Strategy<Value = Vec<Task>> {
    let raw = prop::collection::vec(
        (prop::collection::vec(any::<prop::sample::Index>(), 0..4), 0..20i64, prop::collection::vec(1..5u32, 0..=most_persons)),
        1..25,
    );
    raw.prop_flat_map(|raw| (Just((0..raw.len()).collect::<Vec<_>>()).prop_shuffle(), Just(raw))).prop_map(|(names, raw)| {
        let mut tasks = vec![Task::default(); raw.len()];
        for (place, (after, seconds, by)) in raw.into_iter().enumerate() {
            let after = if place == 0 { vec![] } else { after.into_iter().map(|index| names[index.index(place)]).collect() };
            tasks[names[place]] = Task { after, seconds, by };
        }
        tasks
    })
}

/// A run in the midst of the work: what ended or was begun has prerequisites that ended, and a person does one thing.
fn midst(tasks: &[Task], plan: &[Span], now: i64) -> Vec<Progress> {
    let progress = |(step, span): (usize, &Span)| match span {
        span if span.end <= now && tasks[step].after.iter().all(|b| plan[*b].end <= now) => {
            Progress::Ended { start: span.start, end: span.end }
        }
        span if span.start < now => Progress::Begun { start: span.start, by: span.by },
        _ => Progress::Open,
    };
    plan.iter().enumerate().map(progress).collect()
}

fn check_limits(tasks: &[Task], spans: &[Span]) -> Result<(), TestCaseError> {
    for (step, span) in spans.iter().enumerate() {
        for before in &tasks[step].after {
            prop_assert!(spans[*before].end <= span.start, "{step} before {before} ended");
        }
        for other in (0..step).map(|o| &spans[o]).filter(|o| o.by.is_some() && o.by == span.by) {
            prop_assert!(other.end <= span.start || span.end <= other.start, "{step} overlaps");
        }
    }
    Ok(())
}

/// What is said to have held a step up ended when the step began.
fn check_holders(spans: &[Span], now: i64) -> Result<(), TestCaseError> {
    for span in spans.iter().filter(|span| span.start > now) {
        prop_assert_eq!(span.held_by.map(|holder| spans[holder].end), Some(span.start));
    }
    Ok(())
}

/// Which steps each step waits for, directly or not.
fn reach(after: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let mut reach = vec![vec![false; after.len()]; after.len()];
    (0..after.len()).for_each(|step| after[step].iter().for_each(|before| reach[step][*before] = true));
    for via in 0..after.len() {
        for step in 0..after.len() {
            for before in 0..after.len() {
                reach[step][before] |= reach[step][via] && reach[via][before];
            }
        }
    }
    reach
}

proptest! {
    #[test]
    fn the_staffed_schedule_keeps_its_rules(tasks in any_tasks(3)) {
        let spans = planned(&tasks);
        check_limits(&tasks, &spans)?;
        check_holders(&spans, 0)?;
        for (task, span) in tasks.iter().zip(&spans) {
            prop_assert_eq!(span.end - span.start, task.seconds);
            prop_assert!(span.by.map_or(task.by.is_empty(), |by| task.by.contains(&by)));
        }
        let last = (0..spans.len()).max_by_key(|step| spans[*step].end).unwrap_or_default();
        prop_assert!(spans[last].end >= paths(&tasks).length);
        let chain = chain(&spans, last);
        prop_assert_eq!(spans[chain[0]].start, 0);
        prop_assert_eq!(chain.last(), Some(&last));
        prop_assert!(chain.windows(2).all(|pair| spans[pair[0]].end == spans[pair[1]].start));
    }

    #[test]
    fn nobody_waits_when_everybody_has_one_step(mut tasks in any_tasks(0)) {
        (1..).zip(&mut tasks).for_each(|(number, task)| task.by = vec![number]);
        let starts: Vec<i64> = planned(&tasks).iter().map(|span| span.start).collect();
        prop_assert_eq!(&starts, &paths(&tasks).earliest);
        tasks.iter_mut().for_each(|task| task.by.clear());
        prop_assert_eq!(planned(&tasks).iter().map(|span| span.start).collect::<Vec<_>>(), starts);
    }

    #[test]
    fn nobody_idles_while_a_step_could_begin(tasks in any_tasks(3)) {
        let spans = planned(&tasks);
        for (step, span) in spans.iter().enumerate() {
            let possible = tasks[step].after.iter().map(|before| spans[*before].end).max().unwrap_or_default();
            for person in &tasks[step].by {
                for moment in possible..span.start {
                    prop_assert!(spans.iter().any(|s| s.by == Some(*person) && s.start <= moment && moment < s.end));
                }
            }
        }
    }

    #[test]
    fn a_forecast_keeps_the_rules_too(tasks in any_tasks(3), now in 0..60i64, late in 0..10i64) {
        let plan = planned(&tasks);
        let progress = midst(&tasks, &plan, now);
        // On time the forecast is the plan for what is begun; later, everything open begins no earlier than that.
        for now in [now, now + late] {
            let spans = staffed(&tasks, &progress, now);
            check_limits(&tasks, &spans.iter().zip(&plan).map(|(s, p)| Span { by: s.by.or(p.by), ..*s }).collect::<Vec<_>>())?;
            let open: Vec<Span> = spans.iter().zip(&progress).filter(|(_, p)| **p == Progress::Open).map(|(s, _)| *s).collect();
            prop_assert!(open.iter().all(|span| span.start >= now));
            for (span, progress) in spans.iter().zip(&progress) {
                match progress {
                    Progress::Ended { start, end } => prop_assert_eq!((span.start, span.end), (*start, *end)),
                    Progress::Begun { start, by } => prop_assert!(span.start == *start && span.by == *by && span.end >= now),
                    Progress::Open => prop_assert!(span.start == now || span.held_by.map(|h| spans[h].end) == Some(span.start)),
                }
            }
        }
    }

    #[test]
    fn float_is_what_a_step_may_be_delayed(tasks in any_tasks(0), delay in 1..9i64) {
        let known = paths(&tasks);
        for step in 0..tasks.len() {
            let longer = |by: i64| {
                let mut tasks = tasks.clone();
                tasks[step].seconds += by;
                paths(&tasks).length
            };
            prop_assert_eq!(longer(known.float(step)), known.length);
            prop_assert_eq!(longer(known.float(step) + delay), known.length + delay);
        }
        let critical = known.critical(&tasks);
        prop_assert_eq!(critical.iter().map(|step| tasks[*step].seconds).sum::<i64>(), known.length);
        prop_assert!(tasks[critical[0]].after.is_empty());
        prop_assert!(critical.windows(2).all(|pair| tasks[pair[1]].after.contains(&pair[0])));
        prop_assert!(critical.iter().all(|step| known.float(*step) == 0));
    }

    #[test]
    fn a_circle_is_found_when_there_is_one(edges in prop::collection::vec((0..9usize, 0..9usize), 0..14)) {
        let mut after = vec![vec![]; 9];
        edges.iter().for_each(|(step, before)| after[*step].push(*before));
        let reach = reach(&after);
        let found = circle(&after);
        prop_assert_eq!(found.is_some(), (0..9).any(|step| reach[step][step]));
        if let Some(circle) = found {
            let follows = |index: usize| after[circle[(index + 1) % circle.len()]].contains(&circle[index]);
            prop_assert!((0..circle.len()).all(follows));
            let mut once = circle.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), circle.len());
        } else {
            let order = order(&after);
            let place = |step: usize| order.iter().position(|o| *o == step);
            prop_assert_eq!(order.len(), 9);
            prop_assert!(edges.iter().all(|(step, before)| place(*before) < place(*step)));
        }
    }

    #[test]
    fn contraction_keeps_what_waits_for_what(tasks in any_tasks(0), kept in prop::collection::vec(any::<bool>(), 25)) {
        let after = dependencies(&tasks);
        let kept = &kept[..after.len()];
        let short = contracted(&after, kept);
        let (whole, among_kept) = (reach(&after), reach(&short));
        for step in 0..after.len() {
            prop_assert!(short[step].iter().all(|before| kept[*before]));
            prop_assert!(short[step].windows(2).all(|pair| pair[0] < pair[1]));
            for before in 0..after.len() {
                prop_assert_eq!(among_kept[step][before], kept[step] && kept[before] && whole[step][before]);
            }
        }
    }
}

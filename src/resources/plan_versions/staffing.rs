//! Who can do which step, and when everything happens with the people there are.
//!
//! A contact is one pair of hands whatever its roles, and a step for a role may be done by anybody of the team who has it.
//! Steps for the other mode are left out and their prerequisites handed on. The same code plans a version (everything open,
//! from 0) and forecasts a run (what is done is done, from now on).
use super::{Execution, PlanStep, PlanVersion, Seat, UsedIn};
use crate::model::{Id, Link};
use crate::planning::schedule::{self, Paths, Progress, Span, Task};
use crate::resources::runs::RunMode;
use std::collections::HashMap;

/// One pair of hands: a contact, or somebody of whom only the role is known.
#[derive(Debug, Clone)]
pub struct Person {
    pub contact: Option<Link>,
    pub role: Option<String>,
}

/// Everybody who has something to do. A contact counts once, whatever its roles; deputies stand in and are no further
/// hands.
#[derive(Debug, Default)]
pub struct Crew {
    people: Vec<Person>,
    by_contact: HashMap<Id, u32>,
    by_role: HashMap<String, Vec<u32>>,
}

impl Crew {
    pub fn of(team: &[Seat]) -> Crew {
        let mut crew = Crew::default();
        for seat in team {
            let person = match &seat.contact {
                Some(contact) => crew.known(contact, Some(&seat.role)),
                None => crew.add(Person { contact: None, role: Some(seat.role.clone()) }),
            };
            let holders = crew.by_role.entry(seat.role.clone()).or_default();
            if !holders.contains(&person) {
                holders.push(person);
            }
        }
        crew
    }

    fn add(&mut self, person: Person) -> u32 {
        self.people.push(person);
        u32::try_from(self.people.len() - 1).unwrap_or(u32::MAX)
    }

    fn known(&mut self, contact: &Link, role: Option<&str>) -> u32 {
        if let Some(person) = contact.id().and_then(|id| self.by_contact.get(&id)) {
            return *person;
        }
        let person = self.add(Person { contact: Some(contact.clone()), role: role.map(str::to_owned) });
        self.by_contact.extend(contact.id().map(|id| (id, person)));
        person
    }

    /// Those of whom any one can do a step. A person that is named goes before a role; a role nobody in the team has is
    /// taken for one person; machines and what is left to nobody need no hands.
    pub fn hands(&mut self, responsible: Option<&Link>, role: Option<&str>, execution: Execution) -> Vec<u32> {
        match (execution, responsible, role) {
            (Execution::Automated, ..) | (_, None, None) => Vec::new(),
            (_, Some(contact), _) => vec![self.known(contact, role)],
            (_, None, Some(role)) => {
                if let Some(holders) = self.by_role.get(role) {
                    return holders.clone();
                }
                let person = self.add(Person { contact: None, role: Some(role.to_owned()) });
                self.by_role.insert(role.to_owned(), vec![person]);
                vec![person]
            }
        }
    }

    pub fn person(&self, number: Option<u32>) -> Option<&Person> {
        self.people.get(number? as usize)
    }
    pub fn contact(&self, number: Option<u32>) -> Option<Link> {
        self.person(number)?.contact.clone()
    }
    pub fn len(&self) -> usize {
        self.people.len()
    }
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }
}

/// When every step of a version happens.
#[derive(Debug)]
pub struct Timetable {
    /// The steps carried out, as places in the version; everything else follows this order.
    pub kept: Vec<usize>,
    pub tasks: Vec<Task>,
    /// With unlimited hands.
    pub paths: Paths,
    /// With the people there are.
    pub spans: Vec<Span>,
    pub crew: Crew,
}

/// Plans a version for a run of this mode: steps of the other mode are left out, and what waited for them waits for what
/// they waited for.
pub fn timetable(version: &PlanVersion, mode: RunMode) -> Timetable {
    let used = |step: &PlanStep| match step.used_in {
        UsedIn::Both => true,
        UsedIn::Exercise => mode == RunMode::Exercise,
        UsedIn::Actual => mode == RunMode::Actual,
    };
    let places: HashMap<&str, usize> = version.steps.iter().enumerate().map(|(place, step)| (step.key.as_str(), place)).collect();
    let before = |step: &PlanStep| step.depends_on.iter().filter_map(|key| places.get(key.as_str()).copied()).collect();
    let after: Vec<Vec<usize>> = version.steps.iter().map(before).collect();
    let used: Vec<bool> = version.steps.iter().map(used).collect();
    let after = schedule::contracted(&after, &used);
    let kept: Vec<usize> = (0..version.steps.len()).filter(|place| used[*place]).collect();
    let own: HashMap<usize, usize> = kept.iter().enumerate().map(|(own, place)| (*place, own)).collect();
    let mut crew = Crew::of(&version.team);
    let mut tasks = Vec::with_capacity(kept.len());
    for place in &kept {
        let step = &version.steps[*place];
        tasks.push(Task {
            after: after[*place].iter().filter_map(|before| own.get(before).copied()).collect(),
            seconds: step.expected_seconds,
            by: crew.hands(step.responsible.as_ref(), step.role.as_deref(), step.execution),
        });
    }
    let paths = schedule::paths(&tasks);
    let open: Vec<Progress> = tasks.iter().map(|_| Progress::Open).collect();
    let spans = schedule::staffed(&tasks, &open, 0);
    Timetable { kept, tasks, paths, spans, crew }
}

impl Timetable {
    /// What decides when everything has ended.
    pub fn critical_chain(&self) -> Vec<usize> {
        let last = (0..self.spans.len()).rev().max_by_key(|place| self.spans[*place].end);
        last.map(|last| schedule::chain(&self.spans, last)).unwrap_or_default()
    }
    /// When everything has ended, in seconds from the beginning.
    pub fn length(&self) -> i64 {
        self.spans.iter().map(|span| span.end).max().unwrap_or(0)
    }
}

//! The chapters of a plan and their numbers, which are the same in every format.
use super::spoken::words;
use super::{Document, Step};
use std::collections::HashMap;

/// A step with its number.
pub type Numbered<'a> = (usize, &'a Step);

/// What a chapter is about.
pub enum Matter<'a> {
    Use,
    Objectives,
    People,
    Overview,
    Phase(Vec<Numbered<'a>>),
    Messages,
    Sections,
    Background,
    End,
    Log,
}

/// A numbered chapter.
pub struct Chapter<'a> {
    pub number: usize,
    pub title: String,
    pub matter: Matter<'a>,
}

/// What is needed first comes first; the reasons come last.
pub fn chapters(document: &Document) -> Vec<Chapter<'_>> {
    let mut matters = vec![
        ("When to use this plan".to_owned(), Matter::Use),
        ("What is recovered, and by when".to_owned(), Matter::Objectives),
        ("Whom to call".to_owned(), Matter::People),
        ("All steps at a glance".to_owned(), Matter::Overview),
    ];
    for (phase, steps) in phases(&document.steps) {
        matters.push((format!("Steps – {}", words(phase)), Matter::Phase(steps)));
    }
    if !document.communications.is_empty() {
        matters.push(("What to tell whom".to_owned(), Matter::Messages));
    }
    matters.push(("How the use of this plan ends".to_owned(), Matter::End));
    if !document.sections.is_empty() {
        matters.push(("More to know".to_owned(), Matter::Sections));
    }
    if background(document).iter().any(|(_, text)| text.is_some()) {
        matters.push(("Objectives, scope and assumptions".to_owned(), Matter::Background));
    }
    matters.push(("Log and notes".to_owned(), Matter::Log));
    let numbered = |(index, (title, matter))| Chapter { number: index + 1, title, matter };
    matters.into_iter().enumerate().map(numbered).collect()
}

fn phases(steps: &[Step]) -> Vec<(&str, Vec<Numbered<'_>>)> {
    let mut phases: Vec<(&str, Vec<Numbered<'_>>)> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let numbered = (index + 1, step);
        match phases.iter_mut().find(|(phase, _)| *phase == step.phase) {
            Some((_, steps)) => steps.push(numbered),
            None => phases.push((&step.phase, vec![numbered])),
        }
    }
    // A phase may come up again later: the numbers follow the pages.
    let mut number = 0;
    for (_, steps) in &mut phases {
        for step in steps {
            number += 1;
            step.0 = number;
        }
    }
    phases
}

/// The steps in the order of the pages, to be found by their keys.
pub struct Index<'a> {
    pub steps: Vec<Numbered<'a>>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    pub fn new(document: &'a Document) -> Self {
        let steps: Vec<Numbered<'_>> = phases(&document.steps).into_iter().flat_map(|(_, steps)| steps).collect();
        let places = steps.iter().enumerate().map(|(place, (_, step))| (step.key.as_str(), place)).collect();
        Self { steps, places }
    }

    /// The step with the key.
    pub fn find(&self, key: &str) -> Option<Numbered<'a>> {
        self.places.get(key).and_then(|place| self.steps.get(*place)).copied()
    }
}

/// The reasons: titles and Markdown.
pub fn background(document: &Document) -> [(&'static str, Option<&str>); 3] {
    [
        ("Objectives", told(document.objectives.as_deref())),
        ("Scope", told(document.scope.as_deref())),
        ("Assumptions", told(document.assumptions.as_deref())),
    ]
}

/// The first and the last decision: titles and Markdown.
pub fn beginning(document: &Document) -> [(&'static str, Option<&str>); 2] {
    [
        ("Activation criteria", told(document.activation_criteria.as_deref())),
        ("Who may invoke the plan", told(document.who_may_invoke.as_deref())),
    ]
}

/// Titles and Markdown.
pub fn end(document: &Document) -> [(&'static str, Option<&str>); 2] {
    [
        ("Success criteria", told(document.success_criteria.as_deref())),
        ("Deactivation criteria", told(document.deactivation_criteria.as_deref())),
    ]
}

fn told(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

//! Dependency maps as text for drawing programs. One encoder per language; text of users never becomes syntax.
use crate::graph::net::State;
use crate::graph::region::{Dependency, Direction};
use crate::model::{Id, Reference, StringEnum};
use crate::planning::map::{self, Look, Map};
use crate::planning::text;
use std::collections::HashMap;
use std::fmt::Write;

/// What both languages draw.
pub struct Drawing<'a> {
    pub root: Id,
    /// Which way was looked from the root.
    pub direction: Direction,
    pub nodes: &'a [(Reference, State)],
    pub edges: &'a [Dependency],
    /// Whether more lies beyond what is drawn.
    pub more: bool,
}

fn label(reference: &Reference) -> String {
    let name = reference.name.as_deref().unwrap_or(&reference.key);
    format!("{name} ({})", reference.kind.as_str().replace('_', " "))
}

fn edge_label(edge: &Dependency) -> String {
    match (&edge.group, edge.required) {
        (Some(group), required) => format!("{} [{group}: {}]", edge.relation, required.unwrap_or(1)),
        _ => edge.relation.to_owned(),
    }
}

impl Drawing<'_> {
    fn numbers(&self) -> HashMap<Id, usize> {
        self.nodes.iter().enumerate().map(|(number, (reference, _))| (reference.id, number)).collect()
    }

    /// A picture.
    pub fn svg(&self) -> String {
        let numbers = self.numbers();
        let root = numbers.get(&self.root).copied().unwrap_or_default();
        let name = |reference: &Reference| reference.name.clone().unwrap_or_else(|| reference.key.clone());
        let called = self.nodes.get(root).map(|(reference, _)| name(reference)).unwrap_or_default();
        let (what, meaning) = match self.direction {
            Direction::Down => ("What it depends on", "Marked is what losing that item alone does to it."),
            Direction::Up => ("What depends on it", "Marked is what losing it does to that item."),
        };
        let more = if self.more { " More lies beyond." } else { "" };
        let summary = format!("{what}: {} objects, {} dependencies. {meaning}{more}", self.nodes.len(), self.edges.len());
        let title = format!("Dependencies of {called}");
        let nodes = self.nodes.iter().map(|(reference, state)| map::Node {
            label: reference.name.as_deref().unwrap_or(&reference.key),
            key: &reference.key,
            kind: reference.kind.as_str(),
            state: match state {
                State::Down => Look::Down,
                State::Degraded => Look::Degraded,
                State::Up => Look::Up,
            },
        });
        let edge = |edge: &Dependency| {
            let effect = match edge.effect {
                State::Down => map::Effect::Solid,
                State::Degraded => map::Effect::Dashed,
                State::Up => map::Effect::Dotted,
            };
            let group = edge.group.as_ref().map(|name| self.spoken(edge, name));
            let (from, to) = (*numbers.get(&edge.dependent)?, *numbers.get(&edge.provider)?);
            Some(map::Edge { from, to, effect, group, relation: edge.relation })
        };
        map::draw(&Map {
            title: &title,
            summary,
            root,
            nodes: nodes.collect(),
            edges: self.edges.iter().filter_map(edge).collect(),
        })
    }

    /// A redundancy group in words: how many of its members must be up.
    fn spoken(&self, edge: &Dependency, name: &str) -> String {
        let mates = self.edges.iter().filter(|one| one.dependent == edge.dependent && one.group == edge.group);
        let members: std::collections::HashSet<Id> = mates.map(|one| one.provider).collect();
        format!("{name}: {} of {}", edge.required.unwrap_or(1), members.len())
    }

    /// Graphviz DOT.
    pub fn dot(&self) -> String {
        let quoted = |text: &str| {
            let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            format!("\"{}\"", clean.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let numbers = self.numbers();
        let mut out = String::from("digraph dependencies {\n  rankdir=LR;\n  node [shape=box];\n");
        for (number, (reference, state)) in self.nodes.iter().enumerate() {
            let look = match state {
                _ if reference.id == self.root => ", penwidth=3",
                State::Down => ", style=filled, fillcolor=\"#f4b6b6\"",
                State::Degraded => ", style=filled, fillcolor=\"#f7e2a8\"",
                State::Up => "",
            };
            let _ = writeln!(out, "  n{number} [label={}{look}];", quoted(&label(reference)));
        }
        for edge in self.edges {
            let (Some(from), Some(to)) = (numbers.get(&edge.dependent), numbers.get(&edge.provider)) else { continue };
            let style = if edge.effect == State::Down { "solid" } else { "dashed" };
            let _ = writeln!(out, "  n{from} -> n{to} [label={}, style={style}];", quoted(&edge_label(edge)));
        }
        out.push_str("}\n");
        text::page(out)
    }

    /// Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        let quoted = |words: &str| {
            let mut out = String::from("\"");
            for c in words.chars() {
                match c {
                    'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | '-' | '_' | '(' | ')' | ':' | '/' => out.push(c),
                    c if c.is_control() => out.push(' '),
                    c if !text::is_shown(c) => {}
                    c => drop(write!(out, "#{};", u32::from(c))),
                }
            }
            out.push('"');
            out
        };
        let numbers = self.numbers();
        let mut out = String::from("flowchart LR\n");
        for (number, (reference, state)) in self.nodes.iter().enumerate() {
            let class = match state {
                _ if reference.id == self.root => ":::root",
                State::Down => ":::down",
                State::Degraded => ":::degraded",
                State::Up => "",
            };
            let _ = writeln!(out, "  n{number}[{}]{class}", quoted(&label(reference)));
        }
        for edge in self.edges {
            let (Some(from), Some(to)) = (numbers.get(&edge.dependent), numbers.get(&edge.provider)) else { continue };
            let arrow = if edge.effect == State::Down { "-->" } else { "-.->" };
            let _ = writeln!(out, "  n{from} {arrow}|{}| n{to}", quoted(&edge_label(edge)));
        }
        out.push_str("  classDef root stroke-width:3px\n  classDef down fill:#f4b6b6\n  classDef degraded fill:#f7e2a8\n");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn text_of_users_never_becomes_syntax() {
        let evil = "a\u{202e}\u{ffff}\"]; x -> y; [\"\n\\ <script>#`|";
        let reference = Reference { id: Id::SYSTEM, kind: Kind::Service, key: "K".into(), name: Some(evil.into()) };
        let nodes = [(reference, State::Up)];
        let root = Id(uuid::Uuid::max());
        let drawing = Drawing { root, direction: Direction::Up, nodes: &nodes, edges: &[], more: false };
        let dot = drawing.dot();
        let line = dot.lines().find(|l| l.contains("n0")).unwrap_or_default();
        assert_eq!(line, "  n0 [label=\"a\\\"]; x -> y; [\\\" \\\\ <script>#`| (service)\"];");
        let mermaid = drawing.mermaid();
        let line = mermaid.lines().find(|l| l.contains("n0")).unwrap_or_default();
        let inner = line.trim_start_matches("  n0[\"").trim_end_matches("\"]");
        assert!(!inner.contains(['"', '[', ']', '<', '>', '|', '`', '\\']), "{line}");
    }
}

//! What the shapes, borders and lines of a map mean; only what the picture shows.
use super::arrows::{line, only_relation};
use super::boxes::{ring, shape, words};
use super::frame::{Frame, TAG};
use super::parts::{Effect, INK, Look, MARGIN, Map, SMALL, rounded};
use super::plan::Plan;
use crate::planning::gantt::text::{fitted, width};
use maud::{Markup, html};

const LINE: f64 = 26.0;
const SAMPLE: f64 = 38.0;
/// More kinds than that would push the map out of sight.
const MAX_KINDS: usize = 12;

enum Explained<'m> {
    Kind(&'m str),
    State(Look),
    Root,
    Line(Effect, bool),
    Group,
}

struct Entry<'m> {
    what: Explained<'m>,
    label: String,
    x: f64,
    line: usize,
}

pub struct Legend<'m>(Vec<Entry<'m>>);

impl<'m> Legend<'m> {
    pub fn of(map: &Map<'m>, plan: &Plan, wide: f64) -> Legend<'m> {
        let (mut x, mut line, mut entries) = (MARGIN, 0, Vec::new());
        for (what, label) in explained(map, plan) {
            let label = fitted(&label, wide - 2.0 * MARGIN - SAMPLE - 10.0, SMALL, false);
            let room = SAMPLE + 8.0 + width(&label, SMALL, false) + 20.0;
            if x + room > wide && x > MARGIN {
                (x, line) = (MARGIN, line + 1);
            }
            entries.push(Entry { what, label, x: rounded(x), line });
            x += room;
        }
        Legend(entries)
    }

    pub fn height(&self) -> f64 {
        self.0.last().map_or(0.0, |entry| entry.line as f64 + 1.0) * LINE
    }

    pub fn draw(&self, top: f64) -> Markup {
        html! {
            @for Entry { what, label, x, line: row } in &self.0 {
                @let y = rounded(top + *row as f64 * LINE);
                @let frame = Frame { x: *x + 2.0, y: y + 1.0, wide: SAMPLE - 4.0, tall: 18.0 };
                @match what {
                    Explained::Kind(kind) => (shape(kind, Look::Plain, frame)),
                    Explained::State(look) => (shape("", *look, frame)),
                    Explained::Root => {
                        (ring(Frame { x: x + 6.0, y: y + 6.0, wide: SAMPLE - 12.0, tall: 8.0 }))
                        (shape("", Look::Plain, Frame { x: x + 6.0, y: y + 6.0, wide: SAMPLE - 12.0, tall: 8.0 }))
                    }
                    Explained::Line(effect, against) => (line(&format!("M{x} {0}h{SAMPLE}", y + 10.0), *effect, *against, true)),
                    Explained::Group => rect x=(x) y=(y + 1.0) width=(SAMPLE) height=(TAG) rx="9" fill="#ffffff" stroke=(INK) stroke-width="1.3" {},
                }
                text x=(x + SAMPLE + 8.0) y=(y + 14.0) font-size=(SMALL) fill="#333333" { (label) }
            }
        }
    }
}

fn explained<'m>(map: &Map<'m>, plan: &Plan) -> Vec<(Explained<'m>, String)> {
    let mut kinds: Vec<&str> = map.nodes.iter().map(|node| node.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut all: Vec<(Explained<'m>, String)> = Vec::new();
    let known = kinds.into_iter().filter(|kind| !words(kind).is_empty()).take(MAX_KINDS);
    all.extend(known.map(|kind| (Explained::Kind(kind), words(kind))));
    if map.root < map.nodes.len() {
        all.push((Explained::Root, "where the map begins".to_owned()));
    }
    let states = [(Look::Up, "up"), (Look::Degraded, "degraded"), (Look::Down, "down")];
    let states = states.into_iter().filter(|(look, _)| map.nodes.iter().any(|node| node.state == *look));
    all.extend(states.map(|(look, word)| (Explained::State(look), word.to_owned())));
    let needs = only_relation(map).filter(|relation| !relation.is_empty()).unwrap_or_else(|| "needs".to_owned());
    let effects = [
        (Effect::Solid, "its loss takes the dependent down"),
        (Effect::Dashed, "its loss degrades the dependent"),
        (Effect::Dotted, "its loss has no effect"),
    ];
    let drawn = plan.ways.iter().map(|way| way.edge).chain(plan.loops.iter().copied());
    let drawn: Vec<Effect> = drawn.map(|edge| map.edges[edge].effect).collect();
    let shown = effects.into_iter().filter(|(effect, _)| drawn.contains(effect));
    all.extend(
        shown.map(|(effect, means)| (Explained::Line(effect, false), format!("{needs} the one at the arrow head: {means}"))),
    );
    if !plan.tags.is_empty() {
        all.push((Explained::Group, "redundancy group: so many of its lines suffice".to_owned()));
    }
    if !plan.loops.is_empty() || plan.ways.iter().any(|way| way.against) {
        all.push((Explained::Line(Effect::Solid, true), "closes a circle".to_owned()));
    }
    all
}

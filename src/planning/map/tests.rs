use super::arrows::overlap;
use super::*;
use crate::planning::map::layers::{backward, columns};
use proptest::prelude::*;
use scraper::Html;

const KINDS: [&str; 6] = ["service", "component", "site", "supplier", "business_process", "else"];
const LOOKS: [Look; 4] = [Look::Plain, Look::Up, Look::Degraded, Look::Down];
const EFFECTS: [Effect; 3] = [Effect::Solid, Effect::Dashed, Effect::Dotted];

/// A map of some shape; every fourth edge belongs to a group.
fn shaped(count: usize, pairs: &[(usize, usize)]) -> Map<'static> {
    let node = |index: usize| Node { label: "Order entry", key: "S-1", kind: KINDS[index % 6], state: LOOKS[index % 4] };
    let edge = |(index, (from, to)): (usize, &(usize, usize))| Edge {
        from: *from,
        to: *to,
        effect: EFFECTS[index % 3],
        group: (index % 4 == 0).then(|| "db: 1 of 2".to_owned()),
        relation: ["runs_on", "depends_on"][index % 2],
    };
    let edges = pairs.iter().enumerate().map(edge).collect();
    Map { title: "Map", summary: "Who needs whom.".to_owned(), root: 0, nodes: (0..count).map(node).collect(), edges }
}

/// Draws it and checks all that must be true of any picture.
fn checked(map: &Map<'_>) -> String {
    let plan = Plan::of(map, 800.0);
    for (index, a) in plan.boxes.iter().enumerate() {
        assert!(a.x >= 0.0 && a.y >= 0.0 && a.x + a.wide <= plan.wide + 0.1 && a.y + a.tall <= plan.tall + 0.1, "{a:?}");
        assert!(plan.boxes[..index].iter().all(|b| !overlap(*a, *b)), "{index} overlaps");
    }
    let known = |edge: &&Edge<'_>| edge.from.max(edge.to) < map.nodes.len();
    assert_eq!(plan.ways.len() + plan.loops.len(), map.edges.iter().filter(known).count());
    let drawn = draw(map);
    assert_eq!(drawn.matches("class=\"node\"").count(), map.nodes.len());
    assert_eq!(drawn.matches("class=\"edge\"").count(), plan.ways.len() + plan.loops.len());
    assert!(!drawn.contains("NaN") && !drawn.contains("inf\"") && well_formed(&drawn));
    for way in &plan.ways {
        through_no_box(way, &plan);
    }
    drawn
}

/// Where a line is level it passes a column: not through a box, those at its ends aside.
fn through_no_box(way: &frame::Way, plan: &Plan) {
    for knots in way.knots.windows(2).filter(|knots| (knots[0].1 - knots[1].1).abs() < 0.05) {
        let (left, right) = (knots[0].0.min(knots[1].0), knots[0].0.max(knots[1].0));
        let line = frame::Frame { x: left + 0.5, y: knots[0].1 - 0.5, wide: right - left - 1.0, tall: 1.0 };
        assert!(plan.boxes.iter().all(|frame| !overlap(line, *frame)), "{:?}", way.knots);
    }
}

/// Every tag that is opened is closed in order; `<`, `"` and `&` occur as markup only.
fn well_formed(drawn: &str) -> bool {
    let mut open = Vec::new();
    let mut pieces = drawn.split('<');
    let before = pieces.next() == Some("");
    let balanced = pieces.all(|piece| {
        let Some((tag, text)) = piece.split_once('>') else { return false };
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        let known = name.chars().all(|c| c.is_ascii_alphabetic()) && !name.is_empty();
        let entities = text.split('&').skip(1).all(|rest| ["lt;", "gt;", "amp;", "quot;"].iter().any(|e| rest.starts_with(e)));
        let closes = tag.starts_with('/');
        if !closes {
            open.push(name);
        }
        known && entities && tag.matches('"').count() % 2 == 0 && (!closes || open.pop() == Some(name))
    });
    before && balanced && open.is_empty()
}

#[test]
fn a_group_is_one_tag_and_all_is_told() {
    let mut map = shaped(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
    for edge in &mut map.edges[..2] {
        edge.group = Some("db: 1 of 2".to_owned());
    }
    let drawn = checked(&map);
    assert_eq!(drawn.matches(">db: 1 of 2</text>").count(), 1);
    assert!(drawn.contains(">down</text>") && drawn.contains(">degraded</text>") && !drawn.contains("business process"));
    assert!(drawn.contains("Order entry runs on Order entry: its loss cascades, group db: 1 of 2"));
    assert!(drawn.contains("where the map begins") && drawn.contains("aria-labelledby=\"map-title map-desc\""));
    let dependents = Plan::of(&map, 800.0).boxes;
    assert!(dependents[0].x < dependents[1].x && dependents[2].x < dependents[3].x);
}

#[test]
fn nothing_and_strangers_can_be_drawn() {
    assert!(checked(&Map::default()).contains("There is nothing to show."));
    let alone = checked(&Map { root: 99, ..shaped(5, &[(0, 7), (9, 1), (usize::MAX, 0)]) });
    assert!(alone.contains("Without dependencies here") && !alone.contains("where the map begins"));
}

#[test]
fn circles_and_loops_are_shown() {
    let drawn = checked(&shaped(4, &[(0, 1), (1, 2), (2, 0), (3, 3), (3, 3), (2, 3), (1, 2)]));
    assert_eq!(drawn.matches(", part of a circle<").count(), 3);
    assert!(drawn.contains("closes a circle"));
    let pairs = [(0, 1), (1, 2), (2, 0), (1, 3), (2, 3), (0, 3)];
    assert_eq!(backward(4, &pairs).iter().filter(|turned| **turned).count(), 1);
}

#[test]
fn shapes_of_all_sorts_can_be_drawn() {
    let fan: Vec<_> = (1..300).map(|node| (0, node)).collect();
    let star: Vec<_> = (1..300).map(|node| (node, 0)).collect();
    let chain: Vec<_> = (1..300).map(|node| (node - 1, node)).collect();
    let complete: Vec<_> = (0..60).flat_map(|from| (0..60).map(move |to| (from, to))).collect();
    let dense: Vec<_> = (0..3000).map(|index| (index * 7919 % 300, index * index * 31 % 299)).collect();
    let same = vec![(0, 1); 3000];
    let parted: Vec<_> = (0..150).map(|node| (2 * node, 2 * node + 1)).collect();
    for (count, pairs) in [(300, fan), (300, star), (300, chain), (60, complete), (300, dense), (2, same), (300, parted)] {
        checked(&shaped(count, &pairs));
    }
}

#[test]
fn no_column_is_too_full() {
    let star: Vec<_> = (1..300).map(|node| (node, 0)).collect();
    let at = columns(300, &star);
    let fullest = (0..300).map(|column| at.iter().filter(|at| **at == column).count()).max();
    assert!(fullest <= Some(36) && at[1..].iter().all(|column| *column < at[0]));
}

#[test]
fn text_of_users_stays_text() {
    let long = "Wide 🦀 name ".repeat(500);
    let texts =
        ["\"'><script>alert(1)</script>", "]]>&amp;<![CDATA[", "\u{202e}\u{2066}evil\u{0}\u{1b}[31m\n\u{ffff}", "", &long];
    let nodes = texts.map(|text| Node { label: text, key: text, kind: text, state: Look::Down }).to_vec();
    let edge = |(from, relation): (usize, &'_ str)| Edge {
        from,
        to: (from + 1) % 5,
        group: Some(texts[from].to_owned()),
        relation: texts[(from + relation.len()) % 5],
        ..Edge::default()
    };
    for title in texts {
        let edges = texts.into_iter().enumerate().map(edge).collect();
        let drawn = checked(&Map { title, summary: texts.concat(), root: 1, nodes: nodes.clone(), edges });
        assert!(!drawn.contains("<script") && drawn.contains("&lt;script"));
        assert!(
            !drawn.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{ffff}'))
        );
        let page = Html::parse_fragment(&drawn);
        let known = ["html", "svg", "title", "desc", "defs", "pattern", "marker", "rect", "path", "g", "text"];
        assert!(page.root_element().descendent_elements().all(|element| known.contains(&element.value().name())));
    }
}

#[test]
fn very_many_lines_have_no_labels() {
    let pairs: Vec<_> = (0..1600).map(|index| (index % 40, 40 + index / 40)).collect();
    assert!(!checked(&shaped(80, &pairs)).contains(">runs on</text>"));
    assert!(checked(&shaped(80, &pairs[..60])).contains(">runs on</text>"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn any_graph_can_be_drawn(count in 1..40_usize, pairs in proptest::collection::vec((0..40_usize, 0..40_usize), 0..120)) {
        checked(&shaped(count, &pairs));
    }
}

use super::scale::STEPS;
use super::*;

fn bar<'a>(title: &'a str, planned: (i64, i64)) -> Bar<'a> {
    Bar { key: "S-1", title, phase: "Phase", planned, ..Bar::default() }
}

fn chart<'a>(bars: Vec<Bar<'a>>) -> Chart<'a> {
    Chart { title: "Plan", summary: "Some steps.".to_owned(), bars, ..Chart::default() }
}

#[test]
fn times_as_people_say_them() {
    let said = |seconds| clock(seconds);
    assert_eq!([said(0), said(1800), said(7200), said(59)], ["0:00", "0:30", "2:00", "0:00"]);
    assert_eq!([said(86_400), said(100_800), said(-1800), said(-30)], ["1 d", "1 d 4:00", "−0:30", "0:00"]);
    assert!(clock(i64::MIN).starts_with('−'));
}

#[test]
fn the_axis_holds_the_work_with_readable_ticks() {
    for end in [1, 60, 3600, 5 * 3600, 86_400, 40 * 86_400, 4_000 * 86_400, i64::MAX] {
        let scale = Scale::of(&chart(vec![bar("a", (0, end))]));
        assert!(scale.from == 0 && (scale.to >= end || scale.to == i64::MAX), "{end}: {scale:?}");
        assert!((1..=13).contains(&(scale.ticks().count() - 1)) || end == i64::MAX, "{end}: {scale:?}");
        assert!(STEPS.contains(&scale.step) || end > 300 * 86_400);
    }
    let early = Scale::of(&chart(vec![bar("a", (-600, 3600))]));
    assert!(early.from <= -600 && early.x(0) > LEFT);
}

#[test]
fn a_mark_far_out_does_not_squeeze_the_bars() {
    let mark = |at| Mark { at, label: "RTO".to_owned() };
    let near = Chart { marks: vec![mark(5000)], ..chart(vec![bar("a", (0, 3600))]) };
    assert!(Scale::of(&near).to >= 5000);
    let far = Chart { marks: vec![mark(86_400)], ..chart(vec![bar("a", (0, 3600))]) };
    assert!(Scale::of(&far).to < 5000);
    assert!(draw(&far).contains("RTO 1 d →"));
}

#[test]
fn text_of_users_stays_text() {
    let hostile = "</text><script>alert(1)</script>\u{1b}[31m\u{0}\u{202e}\n\"'&";
    let all = Chart {
        title: hostile,
        summary: hostile.to_owned(),
        bars: vec![Bar {
            key: hostile,
            phase: hostile,
            who: Some(hostile.to_owned()),
            state: Some(hostile),
            ..bar(hostile, (0, 60))
        }],
        marks: vec![Mark { at: 30, label: hostile.to_owned() }],
        now: Some(10),
    };
    let drawn = draw(&all);
    assert!(!drawn.contains("<script") && drawn.contains("&lt;script"));
    assert!(!drawn.chars().any(|c| c.is_control() || c == '\u{202e}'));
}

#[test]
fn text_fits_its_place() {
    assert_eq!(fitted("short", 100.0, SIZE, false), "short");
    let cut = fitted("A title that is much too long for its place", 120.0, SIZE, false);
    assert!(cut.ends_with('…') && width(&cut, SIZE, false) <= 120.0, "{cut}");
    let lines = wrapped(&"word ".repeat(100), 200.0, SIZE, 3);
    assert!(lines.len() == 3 && lines[2].ends_with('…') && lines.iter().all(|line| width(line, SIZE, false) <= 200.0));
    assert_eq!(wrapped("", 200.0, SIZE, 3), [""]);
}

#[test]
fn any_chart_can_be_drawn() {
    assert!(draw(&Chart::default()).contains("There are no steps."));
    let odd = [(0, 0), (60, 0), (i64::MIN, i64::MAX), (i64::MAX, i64::MAX)];
    for planned in odd {
        let bar = Bar { actual: Some(planned), forecast: Some(planned), float: i64::MAX, critical: true, ..bar("a", planned) };
        let all = Chart { marks: vec![Mark { at: i64::MAX, label: String::new() }; 30], now: Some(i64::MIN), ..chart(vec![bar]) };
        let drawn = draw(&all);
        assert!(drawn.starts_with("<svg") && !drawn.contains("NaN") && !drawn.contains("inf"), "{drawn}");
    }
}

#[test]
fn phases_are_headings_and_what_takes_no_time_is_a_diamond() {
    let bars =
        vec![bar("a", (0, 60)), Bar { phase: "Other", ..bar("b", (60, 60)) }, Bar { phase: "Other", ..bar("c", (60, 120)) }];
    let drawn = draw(&chart(bars));
    assert_eq!(drawn.matches(">Other<").count(), 1);
    assert!(drawn.contains("z\" fill="), "{drawn}");
    assert!(drawn.contains("<title>S-1 b: planned 0:01 to 0:01</title>"));
}

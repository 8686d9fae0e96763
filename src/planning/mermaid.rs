//! A Gantt chart as Mermaid text, for those who keep their plans in Markdown.
use super::gantt::{Bar, Chart, clock, near};
use std::fmt::Write;

const DAY: i64 = 24 * 60 * 60;
/// The beginning is midnight of 1 January 2001, in days since 1970. Mermaid reads and shows such dates in the reader's zone,
/// so the axis begins at 0:00 everywhere. Seconds since 1970 (its format X) would be shifted by the zone, and Mermaid 11
/// takes them for milliseconds in places.
const FIRST_DAY: i64 = 11_323;
/// Times farther out are drawn there, since Mermaid knows years of four digits only.
const FARTHEST: i64 = 365_000 * DAY;
/// The widest text, in letters.
const MAX: usize = 120;

/// The whole diagram. User text is reduced to letters, digits and harmless signs, so it never becomes syntax.
pub fn gantt(chart: &Chart<'_>) -> String {
    let marks = marks(chart);
    let moments = || chart.bars.iter().flat_map(|bar| [happens(bar).0, happens(bar).1]).chain(marks.iter().map(|mark| mark.0));
    let (first, last) = (moments().min().unwrap_or_default().min(0), moments().max().unwrap_or_default());
    // What lies before the beginning moves it by whole days, so that it stays at midnight.
    let begin = (FIRST_DAY - first.max(-FARTHEST).div_euclid(DAY)) * DAY;
    let axis = if last.saturating_sub(first) > DAY { "day %-j %H:%M" } else { "%H:%M" };
    let mut text = format!("gantt\n    title {}\n", plain(chart.title, "Plan"));
    text += &format!("    dateFormat YYYY-MM-DD HH:mm:ss\n    axisFormat {axis}\n    todayMarker off\n");
    let mut phase = None;
    for (index, bar) in chart.bars.iter().enumerate() {
        if phase != Some(bar.phase) {
            phase = Some(bar.phase);
            text += &format!("    section {}\n", plain(bar.phase, "Steps"));
        }
        let (start, end) = happens(bar);
        let line = Line { name: named(bar), tags: tags(bar, start >= end), id: format!("s{}", index + 1), start, end };
        line.write(&mut text, begin);
    }
    if !marks.is_empty() {
        text += "    section Marks\n";
    }
    for (index, (at, name)) in marks.into_iter().enumerate() {
        let line = Line { name, tags: "milestone, ".to_owned(), id: format!("m{}", index + 1), start: at, end: at };
        line.write(&mut text, begin);
    }
    text
}

/// The marks and `now`. A mark too far out to be drawn stands at the last moment drawn, with its time and an arrow.
fn marks(chart: &Chart<'_>) -> Vec<(i64, String)> {
    let near = near(chart);
    let drawn = chart.marks.iter().map(|mark| mark.at).filter(|at| *at <= near).chain(chart.now);
    let last = chart.bars.iter().map(|bar| happens(bar).1).chain(drawn).max().unwrap_or_default();
    let named = chart.marks.iter().map(|mark| match plain(&mark.label, "Mark") {
        name if mark.at <= near => (mark.at, name),
        name => (last, format!("{name} {} →", clock(mark.at).replace(':', " h "))),
    });
    named.chain(chart.now.map(|now| (now, "now".to_owned()))).collect()
}

/// What is known best about when a step happens.
fn happens(bar: &Bar<'_>) -> (i64, i64) {
    match (bar.actual, bar.forecast) {
        (Some(actual), Some(forecast)) => (actual.0, forecast.1),
        (known, None) | (None, known) => known.unwrap_or(bar.planned),
    }
}

fn tags(bar: &Bar<'_>, milestone: bool) -> String {
    let known = [
        (bar.critical, "crit"),
        (bar.actual.is_some() && bar.forecast.is_none(), "done"),
        (bar.actual.is_some() && bar.forecast.is_some(), "active"),
        (milestone, "milestone"),
    ];
    known.into_iter().filter(|(applies, _)| *applies).map(|(_, tag)| format!("{tag}, ")).collect()
}

fn named(bar: &Bar<'_>) -> String {
    let who = bar.who.as_deref().map(|who| plain(who, "")).filter(|who| !who.is_empty());
    let named = format!("{} {}", plain(bar.key, ""), plain(bar.title, "Step"));
    who.map_or(named.clone(), |who| format!("{named} ({who})")).trim().to_owned()
}

/// One line of the diagram.
struct Line {
    name: String,
    tags: String,
    id: String,
    start: i64,
    end: i64,
}

impl Line {
    /// The sign in front keeps a name from being taken for a keyword such as `click`, or for a date.
    fn write(&self, text: &mut String, begin: i64) {
        let start = self.start.clamp(-FARTHEST, FARTHEST);
        let seconds = self.end.clamp(start, FARTHEST) - start;
        *text += &format!("    · {} :{}{}, ", self.name, self.tags, self.id);
        date(text, begin + start);
        *text += &format!(", {seconds}s\n");
    }
}

/// Writes a moment, in seconds since 1970, as a date of the Gregorian calendar. Years are counted from March within eras of
/// 400, so that leap days come last (Hinnant, "chrono-compatible low-level date algorithms").
fn date(text: &mut String, moment: i64) {
    let (day, second) = (moment.div_euclid(DAY) + 719_468, moment.rem_euclid(DAY));
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // Writing to a string cannot fail.
    let _ = write!(text, "{:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}", era * 400 + year);
}

/// Letters, digits and the signs that mean nothing in Mermaid, in one line; `instead` when nothing of it is left.
fn plain(text: &str, instead: &str) -> String {
    let harmless = |c: char| {
        c.is_alphanumeric() || matches!(c, '-' | '–' | '—' | '_' | '.' | '/' | '(' | ')' | '+' | '\'' | '’' | '…' | '!' | '?')
    };
    let spaced: String = text.chars().take(4 * MAX).map(|c| if harmless(c) { c } else { ' ' }).collect();
    let words = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    let short = if words.chars().count() > MAX { words.chars().take(MAX - 1).chain(['…']).collect() } else { words };
    if short.chars().any(char::is_alphanumeric) { short } else { instead.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::gantt::Mark;
    use super::*;

    fn written(moment: i64) -> String {
        let mut text = String::new();
        date(&mut text, moment);
        text
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(written(0), "1970-01-01 00:00:00");
        assert_eq!(written(FIRST_DAY * DAY), "2001-01-01 00:00:00");
        assert_eq!(written(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(written(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(written(FIRST_DAY * DAY - 1), "2000-12-31 23:59:59");
        assert_eq!(written(4_107_542_400), "2100-03-01 00:00:00");
    }

    #[test]
    fn a_run_half_done() {
        let bar = |key, phase, planned| Bar { key, title: "Step", phase, planned, ..Bar::default() };
        let chart = Chart {
            title: "Plan",
            bars: vec![
                Bar { actual: Some((0, 70)), critical: true, who: Some("A. Berger".to_owned()), ..bar("S-1", "One", (0, 60)) },
                Bar { actual: Some((70, 100)), forecast: Some((100, 200)), ..bar("S-2", "One", (60, 120)) },
                Bar { forecast: Some((200, 3800)), ..bar("S-3", "Two", (120, 3720)) },
                bar("S-4", "Two", (3720, 3720)),
            ],
            marks: vec![Mark { at: 5400, label: "RTO: Pay".to_owned() }, Mark { at: 90_000, label: "RTO 2".to_owned() }],
            now: Some(100),
            ..Chart::default()
        };
        let expected = "gantt
    title Plan
    dateFormat YYYY-MM-DD HH:mm:ss
    axisFormat %H:%M
    todayMarker off
    section One
    · S-1 Step (A. Berger) :crit, done, s1, 2001-01-01 00:00:00, 70s
    · S-2 Step :active, s2, 2001-01-01 00:01:10, 130s
    section Two
    · S-3 Step :s3, 2001-01-01 00:03:20, 3600s
    · S-4 Step :milestone, s4, 2001-01-01 01:02:00, 0s
    section Marks
    · RTO Pay :milestone, m1, 2001-01-01 01:30:00, 0s
    · RTO 2 1 d 1 h 00 → :milestone, m2, 2001-01-01 01:30:00, 0s
    · now :milestone, m3, 2001-01-01 00:01:40, 0s
";
        assert_eq!(gantt(&chart), expected);
    }

    const HOSTILE: [&str; 14] = [
        "a :crit, x, 2020-01-01, 5d",
        "a\n    click s1 href \"javascript:alert(1)\"",
        "click s1 call boom()",
        "section mine",
        "a; b # c",
        "%%{init: {\"theme\": \"dark\"}}%% a",
        "a %% b",
        "2024-01-01 begins",
        "<img src=x onerror=alert(1)>",
        "```\n# Title",
        "a\r\u{2028}\u{2029}\u{0b}\u{0}title b",
        "$$\\frac{1}{2}$$ #quot; &lt;",
        ":::",
        "",
    ];

    #[test]
    fn text_of_users_never_becomes_syntax() {
        for text in HOSTILE {
            let bar = Bar { key: text, title: text, phase: text, who: Some(text.to_owned()), planned: (0, 60), ..Bar::default() };
            let chart =
                Chart { title: text, bars: vec![bar], marks: vec![Mark { at: 0, label: text.to_owned() }], ..Chart::default() };
            let drawn = gantt(&chart);
            let lines: Vec<&str> = drawn.split('\n').collect();
            assert_eq!(lines.len(), 10, "{drawn}");
            assert!(
                lines[1].starts_with("    title ") && lines[5].starts_with("    section ") && lines[7] == "    section Marks"
            );
            for name in [lines[1], lines[5]] {
                assert!(!name.contains([':', ';', '#', '%', ',', '<', '>', '&', '"', '`', '{', '}', '$', '\\']), "{name}");
                assert!(
                    !name.chars().any(char::is_control)
                        && !name.trim_end().ends_with("title")
                        && !name.trim_end().ends_with("section")
                );
            }
            let (name, rest) = lines[6].split_once(" :").unwrap();
            assert!(name.starts_with("    · ") && !name.contains([':', ';', '#', '%', ',', '"', '<']), "{name}");
            assert_eq!(rest, "s1, 2001-01-01 00:00:00, 60s");
            assert!(lines[8].starts_with("    · ") && lines[8].ends_with(" :milestone, m1, 2001-01-01 00:00:00, 0s"));
        }
    }

    #[test]
    fn any_time_can_be_written() {
        for planned in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (-90, 30), (5 * DAY, 6 * DAY)] {
            let chart = Chart { bars: vec![Bar { planned, ..Bar::default() }], ..Chart::default() };
            assert!(gantt(&chart).contains(" :"));
        }
        let before = Chart { bars: vec![Bar { planned: (-90, 30), ..Bar::default() }], ..Chart::default() };
        assert!(gantt(&before).contains("s1, 2001-01-01 23:58:30, 120s"));
    }
}

use super::{Event, When, ics};
use crate::model::{Date, Timestamp};
use crate::planning::text::is_shown;
use proptest::prelude::*;

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn event() -> Event {
    Event {
        uid: "0192f3a1@holdfast".to_owned(),
        kind: "EXERCISE",
        summary: "Failover of payments, second site".to_owned(),
        description: Some("Bring:\n- the plan; all of it\n- C:\\plans".to_owned()),
        when: When::At { start: time("2026-11-10T08:00:00.999Z"), end: time("2026-11-10T10:30:00Z") },
        url: Some("https://holdfast.example/v1/exercises/1?a=1,2;b".to_owned()),
        status: "CONFIRMED",
        changed_at: time("2026-10-01T12:00:00Z"),
        sequence: 3,
    }
}

/// The properties as a calendar reads them: unfolded, split and unescaped.
fn properties(text: &str) -> Vec<(String, String)> {
    let text = text.strip_suffix("\r\n").unwrap().replace("\r\n ", "");
    let read = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_owned(), if name == "URL" { value.to_owned() } else { unescaped(value) })
    };
    text.split("\r\n").map(read).collect()
}

fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, false) => text.push(letter),
            _ => text.push(match letters.next().unwrap() {
                'n' => '\n',
                other => other,
            }),
        }
    }
    text
}

/// What of a text a calendar can keep.
fn kept(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let kept = |letter: &char| (!letter.is_control() || matches!(letter, '\n' | '\t')) && is_shown(*letter);
    text.chars().filter(kept).collect()
}

/// The properties an event must have, written down a second time.
fn expected(event: &Event) -> Vec<(String, String)> {
    let digits = |time: Timestamp| time.to_string().get(..19).unwrap().replace(['-', ':'], "") + "Z";
    let mut all = vec![
        ("BEGIN", "VEVENT".to_owned()),
        ("UID", kept(&event.uid)),
        ("DTSTAMP", digits(event.changed_at)),
        ("LAST-MODIFIED", digits(event.changed_at)),
        ("SEQUENCE", event.sequence.to_string()),
    ];
    match event.when {
        When::At { start, end } => {
            all.push(("DTSTART", digits(start)));
            if digits(end) > digits(start) {
                all.push(("DTEND", digits(end)));
            }
        }
        When::Day(day) => all.push(("DTSTART;VALUE=DATE", day.to_string().replace('-', ""))),
    }
    all.push(("SUMMARY", kept(&event.summary)));
    all.extend(event.description.as_deref().map(|text| ("DESCRIPTION", kept(text))));
    all.extend([("CATEGORIES", event.kind.to_owned()), ("STATUS", event.status.to_owned())]);
    all.extend(event.url.clone().map(|url| ("URL", url)));
    all.push(("END", "VEVENT".to_owned()));
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn the_whole_text() {
    let due = Event { when: When::Day(Date::parse("2027-01-31").unwrap()), description: None, url: None, ..event() };
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Holdfast//Continuity calendar//EN\r\nMETHOD:PUBLISH\r\n\
        X-WR-CALNAME:Continuity\\, Bank\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n\
        BEGIN:VEVENT\r\nUID:0192f3a1@holdfast\r\nDTSTAMP:20261001T120000Z\r\nLAST-MODIFIED:20261001T120000Z\r\nSEQUENCE:3\r\n\
        DTSTART:20261110T080000Z\r\nDTEND:20261110T103000Z\r\nSUMMARY:Failover of payments\\, second site\r\n\
        DESCRIPTION:Bring:\\n- the plan\\; all of it\\n- C:\\\\plans\r\nCATEGORIES:EXERCISE\r\nSTATUS:CONFIRMED\r\n\
        URL:https://holdfast.example/v1/exercises/1?a=1,2;b\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:0192f3a1@holdfast\r\nDTSTAMP:20261001T120000Z\r\nLAST-MODIFIED:20261001T120000Z\r\nSEQUENCE:3\r\n\
        DTSTART;VALUE=DATE:20270131\r\nSUMMARY:Failover of payments\\, second site\r\nCATEGORIES:EXERCISE\r\nSTATUS:CONFIRMED\r\n\
        END:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(ics("Continuity, Bank", &[event(), due]), expected);
}

#[test]
fn long_lines_are_folded_between_letters() {
    // 8 octets of name and colon, then letters of 2 octets: 33 of them fit, and 37 after a space.
    let text = ics("", &[Event { summary: "ä".repeat(100), ..event() }]);
    let folded = format!("SUMMARY:{}\r\n {}\r\n {}\r\n", "ä".repeat(33), "ä".repeat(37), "ä".repeat(30));
    assert!(text.contains(&folded), "{text}");
    let text = ics("", &[Event { summary: "a".repeat(67), description: None, ..event() }]);
    assert!(text.contains(&format!("SUMMARY:{}\r\nCATEGORIES", "a".repeat(67))), "{text}");
}

#[test]
fn an_end_not_after_the_start_is_left_out() {
    for end in ["2026-11-10T08:00:00Z", "2026-11-10T07:00:00Z", "2026-11-10T08:00:00.999999Z"] {
        let when = When::At { start: time("2026-11-10T08:00:00Z"), end: time(end) };
        assert!(!ics("", &[Event { when, ..event() }]).contains("DTEND"));
    }
}

#[test]
fn addresses_keep_to_their_line() {
    let event = Event { url: Some("https://a.example/ b\r\nX-EVIL:1\u{2028}\\c".to_owned()), sequence: -1, ..event() };
    let text = ics("", &[event]);
    assert!(text.contains("\r\nURL:https://a.example/bX-EVIL:1c\r\n") && text.contains("SEQUENCE:0\r\n"), "{text}");
}

fn hostile() -> impl Strategy<Value = String> {
    let tokens = vec![
        "\r\n",
        "\n",
        "\r",
        "\r\n ",
        "\r\n\t",
        "BEGIN:VEVENT",
        "END:VEVENT",
        "END:VCALENDAR",
        "\r\nBEGIN:VALARM\r\n",
        "\\",
        "\\n",
        "\\N",
        ";",
        ",",
        ":",
        "\"",
        "^n",
        "=",
        "\t",
        " ",
        "\0",
        "\u{b}",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{7f}",
        "😀",
        "e\u{301}",
        "👩\u{200d}🚒",
        "ß",
        "漢字",
        "\u{202e}",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    let piece = prop_oneof![3 => prop::sample::select(tokens).prop_map(str::to_owned), 1 => ".{0,20}", 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn whens() -> impl Strategy<Value = When> {
    let moment = (-60_000_000_000_000_000i64..250_000_000_000_000_000).prop_map(|micros| Timestamp::from_micros(micros).unwrap());
    let day =
        (1i32..=9999, 1u8..=12, 1u8..=28).prop_map(|(year, month, day)| Date::parse(&format!("{year:04}-{month:02}-{day:02}")));
    let day = day.prop_map(|day| When::Day(day.unwrap()));
    prop_oneof![(moment.clone(), moment).prop_map(|(start, end)| When::At { start, end }), day]
}

fn events() -> impl Strategy<Value = Event> {
    let texts = (hostile(), hostile(), prop::option::of(hostile()));
    let url = prop::option::of("https://[a-z]{1,60}/[a-z0-9;,:%?&=]{0,90}");
    (texts, whens(), url, 0i64..99, prop::sample::select(vec!["TENTATIVE", "CONFIRMED", "CANCELLED"])).prop_map(
        |((uid, summary, description), when, url, sequence, status)| Event {
            uid,
            summary,
            description,
            when,
            url,
            sequence,
            status,
            ..event()
        },
    )
}

proptest! {
    #[test]
    fn texts_never_add_to_the_calendar(name in hostile(), events in prop::collection::vec(events(), 0..4)) {
        let text = ics(&name, &events);
        prop_assert_eq!(&text, &ics(&name, &events));
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])));
        let read = properties(&text);
        prop_assert_eq!(&read[4], &("X-WR-CALNAME".to_owned(), kept(&name)));
        let all: Vec<_> = events.iter().flat_map(expected).collect();
        prop_assert_eq!(&read[6..read.len() - 1], all.as_slice());
        prop_assert_eq!(&read[read.len() - 1].1, "VCALENDAR");
    }
}

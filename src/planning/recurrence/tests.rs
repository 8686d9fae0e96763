use super::{Recurrence, following, is_time_zone};
use crate::model::Timestamp;
use proptest::prelude::*;
use std::time::{Duration, Instant};

const NEW_YORK: &str = "America/New_York";
/// The slowest known rule, one that never matches, takes 0.1 s, and more than 1 s in a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// `19970902`, nine in the morning in New York.
fn morning(day: &str) -> Timestamp {
    let local: jiff::civil::DateTime = format!("{day}T090000").parse().unwrap();
    Timestamp::from_micros(local.in_tz(NEW_YORK).unwrap().timestamp().as_microsecond()).unwrap()
}

/// The first days by that rule, in New York; all are at nine.
fn days(rule: &str, start: &str, most: usize) -> Vec<String> {
    let start = morning(start);
    let recurrence = Recurrence::parse(rule, start, NEW_YORK).unwrap();
    let times = recurrence.between(start, time("9000-01-01T00:00:00Z"), most);
    let mut before = Timestamp::from_micros(start.micros() - 1).unwrap();
    for time in &times {
        assert_eq!(recurrence.after(before), Some(*time), "{rule}");
        before = *time;
    }
    let zoned = |time: &Timestamp| jiff::Timestamp::from_microsecond(time.micros()).unwrap().in_tz(NEW_YORK).unwrap();
    let local = |time: &Timestamp| zoned(time).strftime("%Y%m%dT%H%M%S").to_string();
    times.iter().map(|time| local(time).strip_suffix("T090000").unwrap().to_owned()).collect()
}

fn refusal(rule: &str) -> String {
    Recurrence::parse(rule, morning("20261103"), NEW_YORK).err().unwrap_or_default()
}

/// Rule, start, and the days RFC 5545 gives for it in 3.8.5.3.
const EXAMPLES: [(&str, &str, &str); 36] = [
    ("FREQ=DAILY;INTERVAL=10;COUNT=5", "19970902", "19970902 19970912 19970922 19971002 19971012"),
    ("FREQ=DAILY;INTERVAL=2", "19970902", "19970902 19970904 19970906 19970908"),
    ("FREQ=WEEKLY;COUNT=10", "19970902", "0902 0909 0916 0923 0930 1007 1014 1021 1028 1104"),
    ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "19970902", "0902 0916 0930 1014 1028 1111 1125 1209 1223 19980106 0120 0203"),
    ("FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "19970902", "0902 0904 0909 0911 0916 0918 0923 0925 0930 1002"),
    ("FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "19970902", "0902 0904 0909 0911 0916 0918 0923 0925 0930 1002"),
    (
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
        "19970901",
        "0901 0903 0905 0915 0917 0919 0929 1001 1003 1013 1015 1017 1027 1029 1031 1110 1112 1114 1124 1126 1128 1208 1210 1212 1222",
    ),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "19970902", "0902 0904 0916 0918 0930 1002 1014 1016"),
    ("FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "19970905", "0905 1003 1107 1205 19980102 0206 0306 0403 0501 0605"),
    ("FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "19970905", "0905 1003 1107 1205"),
    ("FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "19970907", "0907 0928 1102 1130 19980104 0125 0301 0329 0503 0531"),
    ("FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "19970922", "0922 1020 1117 1222 19980119 0216"),
    ("FREQ=MONTHLY;BYMONTHDAY=-3", "19970928", "0928 1029 1128 1229 19980129 0226"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "19970902", "0902 0915 1002 1015 1102 1115 1202 1215 19980102 0115"),
    ("FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "19970930", "0930 1001 1031 1101 1130 1201 1231 19980101 0131 0201"),
    (
        "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "19970910",
        "0910 0911 0912 0913 0914 0915 19990310 0311 0312 0313",
    ),
    ("FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "19970902", "0902 0909 0916 0923 0930 1104 1111 1118 1125 19980106 0113 0120 0127 0303"),
    ("FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "19970610", "0610 0710 19980610 0710 19990610 0710 20000610 0710 20010610 0710"),
    (
        "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "19970310",
        "0310 19990110 0210 0310 20010110 0210 0310 20030110 0210 0310",
    ),
    (
        "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "19970101",
        "0101 0410 0719 20000101 0409 0718 20030101 0410 0719 20060101",
    ),
    ("FREQ=YEARLY;BYDAY=20MO", "19970519", "0519 19980518 19990517"),
    ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19970512", "0512 19980511 19990517"),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "19970313", "0313 0320 0327 19980305 0312 0319 0326 19990304 0311 0318 0325"),
    (
        "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
        "19970605",
        "0605 0612 0619 0626 0703 0710 0717 0724 0731 0807 0814 0821 0828 19980604",
    ),
    // The start itself is no Friday: the RFC takes it out with EXDATE.
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "19970902", "19980213 0313 1113 19990813 20001013"),
    ("FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "19970913", "0913 1011 1108 1213 19980110 0207 0307 0411 0509 0613"),
    ("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "19961105", "1105 20001107 20041102"),
    ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904", "0904 1007 1106"),
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929", "0929 1030 1127 1230 19980129 0226 0330"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805", "0805 0810 0819 0824"),
    ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805", "0805 0817 0819 0831"),
    ("FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115", "0115 0130 0215 0315 0330"),
    // Not from the RFC.
    ("FREQ=MONTHLY;INTERVAL=3;BYDAY=2TU", "20261110", "1110 20270209 0511 0810 1109"),
    ("FREQ=YEARLY", "20240229", "0229 20280229 20320229"),
    ("FREQ=YEARLY;BYWEEKNO=1,-1;BYDAY=TH", "20261231", "1231 20270107 1230 20280106 1228"),
    ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "20241230", "1230 20251229 20270104 20280103 20290101 1231"),
];

#[test]
fn the_examples_of_the_rfc() {
    for (rule, start, expected) in EXAMPLES {
        let mut year = start.get(..4).unwrap();
        let full = expected.split(' ').map(|day| {
            year = if day.len() == 8 { day.get(..4).unwrap() } else { year };
            format!("{year}{}", day.get(day.len() - 4..).unwrap())
        });
        let full: Vec<String> = full.collect();
        // A rule that ends must not go on; of the others only the beginning is given.
        let most = full.len() + usize::from(rule.contains("COUNT") || rule.contains("UNTIL"));
        assert_eq!(days(rule, start, most), full, "{rule}");
    }
}

#[test]
fn the_long_examples_of_the_rfc() {
    let every = days("FREQ=DAILY;UNTIL=19971224T000000Z", "19970902", 1000);
    assert_eq!((every.len(), every.last().unwrap().as_str()), (113, "19971223"));
    assert_eq!(days("FREQ=DAILY;COUNT=10", "19970902", 1000).last().unwrap(), "19970911");
    assert_eq!(days("FREQ=WEEKLY;UNTIL=19971224T000000Z", "19970902", 1000).len(), 17);
    let yearly = days("FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA", "19980101", 1000);
    assert_eq!(yearly, days("FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1", "19980101", 1000));
    assert_eq!(yearly.len(), 93);
}

#[test]
fn the_time_of_day_stays_when_the_clocks_change() {
    let start = time("2026-10-13T09:00:00+02:00");
    let berlin = Recurrence::parse("FREQ=MONTHLY;BYDAY=2TU", start, "Europe/Berlin").unwrap();
    let times = berlin.between(start, time("2026-12-31T00:00:00Z"), 9);
    let expected = ["2026-10-13T09:00:00+02:00", "2026-11-10T09:00:00+01:00", "2026-12-08T09:00:00+01:00"];
    assert_eq!(times, expected.map(time));
    let utc = Recurrence::parse("FREQ=MONTHLY;BYDAY=2TU", start, "UTC").unwrap();
    assert_eq!(utc.after(start), Some(time("2026-11-10T07:00:00Z")));
}

#[test]
fn skipped_times_move_on_and_of_double_times_the_first_counts() {
    let start = time("2026-03-28T02:30:00+01:00");
    let daily = Recurrence::parse("FREQ=DAILY;COUNT=3", start, "Europe/Berlin").unwrap();
    let times = daily.between(start, time("2027-01-01T00:00:00Z"), 9);
    let expected = ["2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"];
    assert_eq!(times, expected.map(time));
    let start = time("2026-10-24T02:30:00+02:00");
    let daily = Recurrence::parse("FREQ=DAILY", start, "Europe/Berlin").unwrap();
    assert_eq!(daily.after(start), Some(time("2026-10-25T02:30:00+02:00")));
    // A start in the second of both hours is no time of the rule.
    let second = time("2026-10-25T02:30:00+01:00");
    let daily = Recurrence::parse("FREQ=DAILY", second, "Europe/Berlin").unwrap();
    assert_eq!(daily.between(start, time("2026-10-27T00:00:00Z"), 9), [time("2026-10-26T02:30:00+01:00")]);
    // Havana had no midnight on 8 March 2026, so no half past either, and two on 1 November.
    let spring = ("2026-03-07T00:30:00-05:00", "2026-03-09T00:30:00-04:00");
    let autumn = ("2026-10-31T00:30:00-04:00", "2026-11-02T00:30:00-05:00");
    for (start, next) in [spring, autumn] {
        let daily = Recurrence::parse("FREQ=DAILY", time(start), "America/Havana").unwrap();
        assert_eq!(daily.after(time(start)), Some(time(next)));
    }
    // Samoa had no 30 December 2011.
    let start = time("2011-12-29T09:00:00-10:00");
    let daily = Recurrence::parse("FREQ=DAILY", start, "Pacific/Apia").unwrap();
    let times = daily.between(start, time("2012-01-01T09:00:00+14:00"), 9);
    assert_eq!(times, ["2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00"].map(time));
}

#[test]
fn bounds_and_ends() {
    let start = morning("20261103");
    let weekly = Recurrence::parse("freq=weekly;until=20261117T140000Z", start, NEW_YORK).unwrap();
    assert_eq!(weekly.between(time("1900-01-01T00:00:00Z"), morning("20261110"), 9), [start]);
    assert_eq!(weekly.between(start, time("2100-01-01T00:00:00Z"), 2), [start, morning("20261110")]);
    assert_eq!(weekly.after(morning("20261110")), Some(morning("20261117")));
    assert_eq!(weekly.after(morning("20261117")), None);
    assert_eq!(weekly.after(time("9999-12-01T00:00:00Z")), None);
    assert!(weekly.between(morning("20261110"), start, 9).is_empty());
    assert!(weekly.between(start, time("2100-01-01T00:00:00Z"), 0).is_empty());
    let rare = Recurrence::parse("FREQ=YEARLY;INTERVAL=10", start, NEW_YORK).unwrap();
    assert_eq!(rare.between(start, time("9000-01-01T00:00:00Z"), 9), [start, morning("20361103"), morning("20461103")]);
    assert_eq!(rare.after(morning("20461103")), None);
    let exact = time("2026-11-03T09:00:00.000001Z");
    let weekly = Recurrence::parse("FREQ=WEEKLY", exact, "UTC").unwrap();
    assert_eq!(weekly.between(exact, time("2026-11-10T09:00:00.000001Z"), 9), [exact]);
    assert_eq!(weekly.after(exact), Some(time("2026-11-10T09:00:00.000001Z")));
    let late = Recurrence::parse("FREQ=DAILY", time("9999-12-20T00:00:00Z"), "UTC").unwrap();
    assert_eq!(late.between(time("9999-12-20T00:00:00Z"), time("9999-12-30T12:00:00Z"), 99).len(), 11);
}

#[test]
fn refusals_name_the_part() {
    let expected = [
        ("", "`FREQ`"),
        ("RRULE:FREQ=DAILY", "a rule is made of parts"),
        ("FREQ=DAILY\r\nEXDATE=1", "a rule is made of parts"),
        ("FREQ=MONTHLY;BYDAY=M\u{d6}", "a rule is made of parts"),
        ("FREQ=MONTHLY;BYDAY=\u{d6}x", "a rule is made of parts"),
        ("FREQ=DAILY;COUNT", "`COUNT`"),
        ("INTERVAL=2", "`FREQ`"),
        ("FREQ=HOURLY", "FREQ is one of"),
        ("FREQ=SOMETIMES", "`SOMETIMES`"),
        ("FREQ=DAILY;FREQ=DAILY", "duplicate"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=1001", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=65536", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT"),
        ("FREQ=DAILY;COUNT=10001", "COUNT"),
        ("FREQ=DAILY;COUNT=4294967296", "COUNT"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101T000000Z", "exclude"),
        ("FREQ=DAILY;UNTIL=20300101", "`UNTIL`"),
        ("FREQ=DAILY;UNTIL=20300101T000000", "`UNTIL`"),
        ("FREQ=DAILY;UNTIL=20300230T000000Z", "`UNTIL`"),
        ("FREQ=DAILY;UNTIL=99999999T999999Z", "`UNTIL`"),
        ("FREQ=DAILY;UNTIL=20200101T000000Z", "`UNTIL`"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR"),
        ("FREQ=YEARLY;BYEASTER=0", "`BYEASTER`"),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH"),
        ("FREQ=DAILY;BYMONTH=-1", "BYMONTH"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY takes"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,,2", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=-128", "BYMONTHDAY"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "`BYYEARDAY`"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "`BYWEEKNO`"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "`BYMONTHDAY`"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY with numbers needs"),
        ("FREQ=YEARLY;BYDAY=1MO;BYWEEKNO=1", "together with BYWEEKNO"),
        ("FREQ=MONTHLY;BYDAY=6MO", "`BYDAY`"),
        ("FREQ=MONTHLY;BYDAY=-5WE", "`BYDAY`"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY takes days"),
        ("FREQ=MONTHLY;BYDAY=99999MO", "BYDAY takes days"),
        ("FREQ=MONTHLY;BYDAY=1MO,1.TU", "BYDAY takes days"),
        ("FREQ=MONTHLY;BYWEEKDAY=MO", "BYDAY takes days"),
        ("FREQ=MONTHLY;BYDAY=", "weekday"),
        ("FREQ=MONTHLY;WKST=XX", "`XX`"),
        ("FREQ=MONTHLY;X-DAYS=3", "`X-DAYS`"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "nothing happens"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "nothing happens"),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", "nothing happens"),
        ("FREQ=YEARLY;BYDAY=MO;BYSETPOS=-366", "nothing happens"),
    ];
    for (rule, sentence) in expected {
        assert!(refusal(rule).contains(sentence), "{rule}: {}", refusal(rule));
    }
    assert!(refusal(&format!("FREQ=MONTHLY;BYMONTHDAY={}", "1,".repeat(200))).contains("255 characters"));
    assert!(Recurrence::parse("FREQ=DAILY", morning("20261103"), "Europe/Atlantis").err().unwrap().contains("time zone"));
}

#[test]
fn what_is_left_to_count() {
    assert_eq!(following("FREQ=DAILY;COUNT=10;BYMONTH=1", 3), "FREQ=DAILY;COUNT=7;BYMONTH=1");
    assert_eq!(following("FREQ=DAILY;count=2", 3), "FREQ=DAILY;COUNT=1");
    assert_eq!(following("FREQ=DAILY;INTERVAL=2", 3), "FREQ=DAILY;INTERVAL=2");
}

#[test]
fn time_zones_by_their_names() {
    for name in ["UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/ComodRivadavia", "Asia/Kolkata"] {
        assert!(is_time_zone(name), "{name}");
    }
    let others = ["", "utc", "europe/berlin", "CET-1CEST", "+02:00", "posix/Europe/Berlin", "right/UTC", "localtime"];
    for name in others.into_iter().chain(["Factory", "Etc/Unknown", "../zoneinfo/UTC", "/etc/passwd", "Europe/Berlin\0"]) {
        assert!(!is_time_zone(name), "{name}");
    }
}

/// Whatever the rule, reading it and asking it is quick, and the answers are in order and within their bounds.
fn check(rule: &str, start: Timestamp, from: Timestamp, zone: &str) {
    let to = time("9999-12-30T00:00:00Z");
    let ask = || {
        let recurrence = Recurrence::parse(rule, start, zone).ok()?;
        Some((recurrence.between(from, to, usize::MAX), recurrence.after(from), recurrence))
    };
    let is_quick = || {
        let begun = Instant::now();
        ask();
        begun.elapsed() < PATIENCE
    };
    // A machine with other work can stop for a moment, but hardly three times.
    assert!((0..3).any(|_| is_quick()), "{rule}");
    let Some((times, after, recurrence)) = ask() else { return };
    assert!(times.iter().all(|time| *time >= from.max(start) && *time < to));
    assert!(times.is_sorted_by(|one, next| one < next), "{rule}");
    assert_eq!(after, times.iter().copied().find(|time| *time > from).filter(|time| *time < to).or(after), "{rule}");
    let few = recurrence.between(from, to, 3);
    assert!(times.starts_with(&few) && few.len() == times.len().min(3), "{rule}");
}

/// Rules like those clients send, with some that no client should.
fn rules() -> impl Strategy<Value = String> {
    let number = prop_oneof![4 => -6i32..60, 1 => -400i32..400, 1 => any::<i32>()].prop_map(|number| number.to_string());
    let name = prop::sample::select(vec![
        "INTERVAL",
        "COUNT",
        "UNTIL",
        "BYMONTH",
        "BYMONTHDAY",
        "BYYEARDAY",
        "BYWEEKNO",
        "BYSETPOS",
        "BYHOUR",
        "X",
    ]);
    let numbers = prop::collection::vec(number, 1..40).prop_map(|numbers| numbers.join(","));
    let small = (1i32..32).prop_map(|number| number.to_string());
    let listed = (name, prop_oneof![small, numbers]).prop_map(|(name, numbers)| format!("{name}={numbers}"));
    let weekday =
        (prop_oneof![3 => Just(String::new()), 2 => (-5i32..6).prop_map(|number| number.to_string())], "MO|TU|WE|TH|FR|SA|SU");
    let weekdays = prop::collection::vec(weekday.prop_map(|(number, day)| number + &day), 1..20);
    let weekdays = weekdays.prop_map(|days| format!("BYDAY={}", days.join(",")));
    let others =
        prop::sample::select(vec!["WKST=SU", "WKST=TH", "UNTIL=20300101T000000Z", "UNTIL=99991231T235959Z", "", "=", ","]);
    let part = prop_oneof![4 => listed, 2 => weekdays, 1 => others.prop_map(str::to_owned)];
    let frequency = "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY|HOURLY)";
    (frequency, prop::collection::vec(part, 0..4)).prop_map(|(frequency, mut parts)| {
        parts.insert(0, frequency);
        parts.join(";")
    })
}

fn moments() -> impl Strategy<Value = Timestamp> {
    let years = |from: &str, to: &str| time(from).micros()..time(to).micros();
    let any = years("0001-01-01T00:00:00Z", "9999-12-30T00:00:00Z");
    let usual = years("1990-01-01T00:00:00Z", "2060-01-01T00:00:00Z");
    prop_oneof![1 => any, 3 => usual].prop_map(|micros| Timestamp::from_micros(micros).unwrap())
}

proptest! {
    #[test]
    fn no_rule_is_slow(
        rule in rules(), start in moments(), from in moments(),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "Pacific/Apia", "Africa/Casablanca"]),
    ) {
        check(&rule, start, from, zone);
    }

    #[test]
    fn no_text_panics(text in ".{0,300}", mixed in "[A-Z0-9=;,+-]{0,80}", start in moments(), zone in ".{0,40}") {
        check(&text, start, start, "UTC");
        check(&mixed, start, start, "UTC");
        check(&format!("FREQ=DAILY;{mixed}"), start, start, "UTC");
        let _ = is_time_zone(&zone);
    }
}

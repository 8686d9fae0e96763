//! The parts of a recurrence rule, and the days they choose. A day is chosen or not: the time of day is no part of it.
use crate::model::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Unit};

const LONGEST: usize = 255;
/// With INTERVAL up to this, daily rules reach almost three years ahead.
const MOST_INTERVAL: i64 = 1000;
const PARTS: &str = "FREQ, INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYDAY, BYSETPOS and WKST";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// When the rule ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Never,
    /// This moment is the last that may be one of its times.
    Until(Timestamp),
    /// After so many times, at least one.
    Count(usize),
}

/// A recurrence rule (RFC 5545, 3.3.10); an empty list means that the part is not given.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i64,
    pub(super) end: End,
    week_start: Weekday,
    months: Vec<i16>,
    /// These four count from the end where they are negative.
    month_days: Vec<i16>,
    year_days: Vec<i16>,
    week_numbers: Vec<i16>,
    positions: Vec<i16>,
    /// Which of those weekdays in the month or year, 0 for all of them.
    weekdays: Vec<(i16, Weekday)>,
}

impl Rule {
    /// Reads the value of an RRULE property. Errors are sentences for clients.
    pub(super) fn read(text: &str) -> Result<Rule, String> {
        if text.chars().count() > LONGEST {
            return Err(format!("a rule has at most {LONGEST} characters"));
        }
        let text = text.to_ascii_uppercase();
        let mut parts: Vec<(&str, &str)> = Vec::new();
        for part in text.split(';') {
            let (name, value) = part.split_once('=').ok_or("a rule is made of parts like FREQ=MONTHLY;INTERVAL=3")?;
            if parts.iter().any(|(known, _)| *known == name) {
                return Err("a part of the rule is given twice".to_owned());
            }
            parts.push((name, value));
        }
        let frequency = parts.iter().find(|(name, _)| *name == "FREQ").ok_or("the rule has no FREQ")?;
        let mut rule = Rule::every(frequency_of(frequency.1)?);
        for (name, value) in parts {
            rule.set(name, value)?;
        }
        rule.checked()
    }

    fn every(frequency: Frequency) -> Rule {
        Rule {
            frequency,
            interval: 1,
            end: End::Never,
            week_start: Weekday::Monday,
            months: Vec::new(),
            month_days: Vec::new(),
            year_days: Vec::new(),
            week_numbers: Vec::new(),
            positions: Vec::new(),
            weekdays: Vec::new(),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "FREQ" => {}
            "INTERVAL" => {
                let interval = whole(value).filter(|interval| (1..=MOST_INTERVAL).contains(interval));
                self.interval = interval.ok_or(format!("INTERVAL is a whole number from 1 to {MOST_INTERVAL}"))?;
            }
            "COUNT" | "UNTIL" if self.end != End::Never => return Err("COUNT and UNTIL exclude each other".to_owned()),
            "COUNT" => {
                let count = whole(value).and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
                self.end = End::Count(count.ok_or("COUNT is a whole number from 1 on")?);
            }
            "UNTIL" => self.end = End::Until(moment(value).ok_or("UNTIL is a time in UTC like 20271231T235959Z")?),
            "WKST" => self.week_start = weekday(value).ok_or("WKST is one of MO, TU, WE, TH, FR, SA and SU")?,
            "BYMONTH" if value.contains(['+', '-']) => return Err("BYMONTH takes numbers without a sign".to_owned()),
            "BYMONTH" => self.months = numbers(name, value, 12)?,
            "BYMONTHDAY" => self.month_days = numbers(name, value, 31)?,
            "BYYEARDAY" => self.year_days = numbers(name, value, 366)?,
            "BYWEEKNO" => self.week_numbers = numbers(name, value, 53)?,
            "BYSETPOS" => self.positions = numbers(name, value, 366)?,
            "BYDAY" => {
                let weekdays: Option<Vec<_>> = value.split(',').map(numbered_weekday).collect();
                self.weekdays = weekdays.ok_or("BYDAY takes days like MO, 2TU (the second) and -1FR (the last)")?;
            }
            "BYHOUR" | "BYMINUTE" | "BYSECOND" => {
                return Err("BYHOUR, BYMINUTE and BYSECOND are not taken: the time of day is that of the start".to_owned());
            }
            _ => return Err(format!("a rule takes the parts {PARTS}")),
        }
        Ok(())
    }

    /// What RFC 5545 forbids to combine.
    fn checked(self) -> Result<Rule, String> {
        let numbered = self.weekdays.iter().any(|(number, _)| *number != 0);
        let most = if self.frequency == Frequency::Monthly { 5 } else { 53 };
        let others = [&self.months, &self.month_days, &self.year_days, &self.week_numbers];
        let refused = if !self.year_days.is_empty() && self.frequency != Frequency::Yearly {
            "BYYEARDAY needs FREQ=YEARLY"
        } else if !self.week_numbers.is_empty() && self.frequency != Frequency::Yearly {
            "BYWEEKNO needs FREQ=YEARLY"
        } else if !self.month_days.is_empty() && self.frequency == Frequency::Weekly {
            "BYMONTHDAY is not taken with FREQ=WEEKLY"
        } else if numbered && matches!(self.frequency, Frequency::Daily | Frequency::Weekly) {
            "BYDAY with numbers needs FREQ=MONTHLY or FREQ=YEARLY"
        } else if numbered && !self.week_numbers.is_empty() {
            "BYDAY with numbers is not taken together with BYWEEKNO"
        } else if self.weekdays.iter().any(|(number, _)| number.unsigned_abs() > most) {
            "BYDAY takes numbers from 1 to 5 with FREQ=MONTHLY, and from 1 to 53 with FREQ=YEARLY"
        } else if !self.positions.is_empty() && self.weekdays.is_empty() && others.iter().all(|list| list.is_empty()) {
            "BYSETPOS needs another part that begins with BY"
        } else {
            return Ok(self);
        };
        Err(refused.to_owned())
    }

    /// The rule with the weekday, day or month that it leaves to its start (RFC 5545, 3.3.10).
    pub(super) fn completed(mut self, start: Date) -> Rule {
        if !self.weekdays.is_empty() || !self.month_days.is_empty() || !self.year_days.is_empty() {
            return self;
        }
        match self.frequency {
            Frequency::Daily => {}
            Frequency::Weekly => self.weekdays.push((0, start.weekday())),
            Frequency::Monthly => self.month_days.push(start.day().into()),
            Frequency::Yearly if !self.week_numbers.is_empty() => self.weekdays.push((0, start.weekday())),
            Frequency::Yearly => {
                self.month_days.push(start.day().into());
                if self.months.is_empty() {
                    self.months.push(start.month().into());
                }
            }
        }
        self
    }

    /// The days within [from, to] on which the rule that began on `start` happens, in order.
    pub(super) fn days(&self, start: Date, from: Date, to: Date) -> impl Iterator<Item = Date> + '_ {
        let from = from.max(start);
        let origin = self.first_of_period(start);
        let skipped = self.periods(origin, from);
        (skipped..)
            .map_while(move |number| self.later(origin, number))
            .take_while(move |first| *first <= to)
            .flat_map(|first| self.chosen(first))
            .skip_while(move |day| *day < from)
            .take_while(move |day| *day <= to)
    }

    fn first_of_period(&self, day: Date) -> Date {
        match self.frequency {
            Frequency::Daily => day,
            Frequency::Weekly => first_of_week(day, self.week_start),
            Frequency::Monthly => day.first_of_month(),
            Frequency::Yearly => day.first_of_year(),
        }
    }

    /// How many intervals fit between two days.
    fn periods(&self, origin: Date, day: Date) -> i64 {
        let passed = |unit| origin.until((unit, day)).unwrap_or_default();
        let units: i64 = match self.frequency {
            Frequency::Daily => passed(Unit::Day).get_days().into(),
            Frequency::Weekly => passed(Unit::Week).get_weeks().into(),
            Frequency::Monthly => passed(Unit::Month).get_months().into(),
            Frequency::Yearly => passed(Unit::Year).get_years().into(),
        };
        units / self.interval
    }

    /// The first day of the period that many intervals after the first; `None` after the year 9999.
    fn later(&self, origin: Date, intervals: i64) -> Option<Date> {
        let units = intervals.checked_mul(self.interval)?;
        let span = match self.frequency {
            Frequency::Daily => Span::new().try_days(units),
            Frequency::Weekly => Span::new().try_weeks(units),
            Frequency::Monthly => Span::new().try_months(units),
            Frequency::Yearly => Span::new().try_years(units),
        };
        origin.checked_add(span.ok()?).ok()
    }

    /// The days chosen within the period that begins on `first`.
    fn chosen(&self, first: Date) -> Vec<Date> {
        let last = match self.frequency {
            Frequency::Daily => first,
            Frequency::Weekly => first.saturating_add(Span::new().days(6)),
            Frequency::Monthly => first.last_of_month(),
            Frequency::Yearly => first.last_of_year(),
        };
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take_while(|day| *day <= last);
        let matching: Vec<Date> = days.filter(|day| self.matches(*day)).collect();
        if self.positions.is_empty() {
            return matching;
        }
        let count = i16::try_from(matching.len()).unwrap_or(i16::MAX);
        let placed = (1..).zip(matching).filter(|(place, _)| is_listed(&self.positions, *place, count));
        placed.map(|(_, day)| day).collect()
    }

    fn matches(&self, day: Date) -> bool {
        let among = |list: &[i16], place: i16, count: i16| list.is_empty() || is_listed(list, place, count);
        among(&self.months, day.month().into(), 12)
            && among(&self.month_days, day.day().into(), day.days_in_month().into())
            && among(&self.year_days, day.day_of_year(), day.days_in_year())
            && (self.weekdays.is_empty() || self.weekdays.iter().any(|wanted| self.is_weekday(day, *wanted)))
            && (self.week_numbers.is_empty() || self.is_in_week(day))
    }

    fn is_weekday(&self, day: Date, (number, weekday): (i16, Weekday)) -> bool {
        if day.weekday() != weekday || number == 0 {
            return day.weekday() == weekday;
        }
        // Numbers count within the month, also in a yearly rule that names months.
        let (place, count) = match self.frequency {
            Frequency::Yearly if self.months.is_empty() => (day.day_of_year(), day.days_in_year()),
            _ => (day.day().into(), day.days_in_month().into()),
        };
        if number > 0 { (place - 1) / 7 + 1 == number } else { (count - place) / 7 + 1 == -number }
    }

    /// Weeks are those of ISO 8601, but begin on WKST. The days at the turn of the year are in the week they belong
    /// to: 30 December can be in week 1.
    fn is_in_week(&self, day: Date) -> bool {
        let (year, week) = week_of(day, self.week_start);
        // 28 December is always in the last week of its year, as 4 January is always in the first.
        let weeks = Date::new(year, 12, 28).map_or(53, |day| week_of(day, self.week_start).1);
        is_listed(&self.week_numbers, week, weeks)
    }
}

/// Whether the list names that place out of so many, counted from the beginning or the end.
fn is_listed(list: &[i16], place: i16, count: i16) -> bool {
    list.contains(&place) || list.contains(&(place - count - 1))
}

fn first_of_week(day: Date, week_start: Weekday) -> Date {
    day.saturating_sub(Span::new().days(day.weekday().since(week_start)))
}

/// Year and number of the week a day is in; a week belongs to the year that holds four of its days.
fn week_of(day: Date, week_start: Weekday) -> (i16, i16) {
    let fourth = first_of_week(day, week_start).saturating_add(Span::new().days(3));
    (fourth.year(), (fourth.day_of_year() - 1) / 7 + 1)
}

fn frequency_of(value: &str) -> Result<Frequency, String> {
    match value {
        "DAILY" => Ok(Frequency::Daily),
        "WEEKLY" => Ok(Frequency::Weekly),
        "MONTHLY" => Ok(Frequency::Monthly),
        "YEARLY" => Ok(Frequency::Yearly),
        _ => Err("FREQ is one of YEARLY, MONTHLY, WEEKLY and DAILY".to_owned()),
    }
}

/// Digits, nothing else.
fn whole(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Digits with or without a sign, but not 0.
fn signed(text: &str, most: u16) -> Option<i16> {
    whole(text.strip_prefix(['+', '-']).unwrap_or(text))?;
    text.parse::<i16>().ok().filter(|number| (1..=most).contains(&number.unsigned_abs()))
}

fn numbers(name: &str, value: &str, most: u16) -> Result<Vec<i16>, String> {
    let numbers: Option<Vec<i16>> = value.split(',').map(|number| signed(number, most)).collect();
    numbers.ok_or(format!("{name} takes numbers from 1 to {most}, separated by commas"))
}

fn weekday(text: &str) -> Option<Weekday> {
    let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let days = Weekday::Monday.cycle_forward();
    names.iter().zip(days).find(|(name, _)| **name == text).map(|(_, day)| day)
}

fn numbered_weekday(text: &str) -> Option<(i16, Weekday)> {
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let number = if number.is_empty() { 0 } else { signed(number, 53)? };
    Some((number, weekday(name)?))
}

/// `20271231T235959Z`. A day alone or a local time is none: an end must have the kind of the start (RFC 5545, 3.3.10).
fn moment(text: &str) -> Option<Timestamp> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let parts = |digits: &str, length: usize| whole(digits).filter(|_| digits.len() == length);
    let (day, time) = (parts(day, 8)?, parts(time, 6)?);
    let small = |number: i64| i8::try_from(number % 100).ok();
    let year = i16::try_from(day / 10_000).ok()?;
    let day = Date::new(year, small(day / 100)?, small(day)?).ok()?;
    let time = Time::new(small(time / 10_000)?, small(time / 100)?, small(time)?, 0).ok()?;
    let moment = TimeZone::UTC.to_timestamp(day.to_datetime(time)).ok()?;
    Timestamp::from_micros(moment.as_microsecond())
}

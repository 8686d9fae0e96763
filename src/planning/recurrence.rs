//! When something happens again: the recurrence rules of RFC 5545 (3.3.10 and 3.8.5.3), as exercises need them.
#[cfg(test)]
mod tests;

use crate::model::Timestamp;
use chrono::{DateTime, Months, Utc};
use rrule::{Frequency, NWeekday, RRule, RRuleError, RRuleSet, Tz, Unvalidated};

const LONGEST: usize = 255;
const MAX_INTERVAL: u16 = 1000;
const MAX_TIMES: u32 = 10_000;
/// Times are counted from the start on each time, so that a rule followed without end would cost time without end.
const YEARS: u32 = 20;

/// A rule by which something happens again, bound to its start and time zone, and followed for 20 years.
///
/// The time of day is that of the start in the time zone and stays when the clocks change; a time the clocks skip
/// moves on by as much as they do. Only times that match the rule count, so a start that does not is none of them.
///
/// The crate `rrule` answers. Where it differs from RFC 5545, all of it rare:
/// - it refuses the fifth weekday of a month from the end (`-5WE`) and the 53rd of a year (`-53MO`);
/// - with BYWEEKNO and without BYDAY it means all days of those weeks, not the weekday of the start, and it can miss or
///   add days of a first or last week that the turn of the year divides;
/// - with FREQ=WEEKLY it counts BYSETPOS in the first week from the start on, not from WKST;
/// - of a time that comes twice it means the first, so a start in the second of both hours is none of its times;
/// - it leaves out a skipped or double time on a day whose midnight is skipped or double as well.
#[derive(Debug, Clone)]
pub struct Recurrence {
    set: RRuleSet,
    /// What the start has beyond whole seconds, which the crate does not know.
    micros: i64,
    /// None when it would be later than any `Timestamp`.
    last: Option<Timestamp>,
}

impl Recurrence {
    /// Reads the value of an RRULE property (RFC 5545, 3.3.10) of at most 255 characters, without the name of the
    /// property, DTSTART or line breaks. `time_zone` is a name of IANA. Errors are sentences for clients.
    ///
    /// Refused are also rules that never happen within 20 years of the start.
    pub fn parse(text: &str, start: Timestamp, time_zone: &str) -> Result<Recurrence, String> {
        let zone = zone(time_zone).ok_or("the time zone is not a name of IANA like Europe/Berlin or UTC")?;
        let rule = read(text)?;
        let begun = DateTime::from_timestamp(start.seconds(), 0).ok_or("the start is too far away")?;
        let set = rule.build(begun.with_timezone(&zone)).map_err(sentence)?.limit();
        let micros = start.micros() - start.seconds() * 1_000_000;
        let last = begun.checked_add_months(Months::new(YEARS * 12)).and_then(|last| moment(&last, micros));
        let recurrence = Recurrence { set, micros, last };
        if recurrence.times().next().is_none() {
            return Err(format!("by this rule nothing happens within {YEARS} years of the start"));
        }
        Ok(recurrence)
    }

    /// Times within [from, to), in order, at most `most`, and none that lies more than 20 years after the start.
    pub fn between(&self, from: Timestamp, to: Timestamp, most: usize) -> Vec<Timestamp> {
        self.times().skip_while(|time| *time < from).take_while(|time| *time < to).take(most).collect()
    }

    /// The first time strictly after `moment`; `None` when the rule has ended, or 20 years after its start.
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.times().find(|time| *time > moment)
    }

    fn times(&self) -> impl Iterator<Item = Timestamp> + '_ {
        let times = self.set.into_iter().map_while(|time| moment(&time.to_utc(), self.micros));
        times.take_while(|time| self.last.is_none_or(|last| *time <= last))
    }
}

fn moment(time: &DateTime<Utc>, micros: i64) -> Option<Timestamp> {
    Timestamp::from_micros(time.timestamp_micros() + micros)
}

/// Whether this is the name of a time zone of IANA, in the spelling of IANA; `UTC` is one.
pub fn is_time_zone(name: &str) -> bool {
    zone(name).is_some()
}

fn zone(name: &str) -> Option<Tz> {
    name.parse::<chrono_tz::Tz>().ok().map(Tz::Tz)
}

/// Reads a rule and refuses what the crate would take, but should not. Errors are sentences for clients.
fn read(text: &str) -> Result<RRule<Unvalidated>, String> {
    if text.chars().count() > LONGEST {
        return Err(format!("a rule has at most {LONGEST} characters"));
    }
    // The crate would also read the names of properties before a colon, and cuts texts without minding letters.
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return Err("a rule is made of parts like FREQ=MONTHLY;INTERVAL=3".to_owned());
    }
    let rule: RRule<Unvalidated> = text.parse().map_err(sentence)?;
    let times = [rule.get_by_hour(), rule.get_by_minute(), rule.get_by_second()];
    let days = rule.get_by_weekday();
    let numbered = days.iter().filter(|day| matches!(day, NWeekday::Nth(..))).count();
    // Before a weekday the crate passes over what is no number, so 0MO would be every Monday; and it takes BYWEEKDAY.
    let understood = days.len() == weekdays(text).count() && numbered == weekdays(text).filter(|day| day.len() > 2).count();
    let refused = if rule.get_freq() > Frequency::Daily {
        "FREQ is one of YEARLY, MONTHLY, WEEKLY and DAILY"
    } else if times.iter().any(|list| !list.is_empty()) {
        "BYHOUR, BYMINUTE and BYSECOND are not taken: the time of day is that of the start"
    } else if !(1..=MAX_INTERVAL).contains(&rule.get_interval()) {
        "INTERVAL is a whole number from 1 to 1000"
    } else if rule.get_count().is_some_and(|count| !(1..=MAX_TIMES).contains(&count)) {
        "COUNT is a whole number from 1 to 10000"
    } else if rule.get_count().is_some() && rule.get_until().is_some() {
        "COUNT and UNTIL exclude each other"
    } else if rule.get_by_month_day().contains(&0) {
        // The crate would pass over it.
        "BYMONTHDAY takes numbers from 1 to 31 and from -31 to -1"
    } else if !understood {
        "BYDAY takes days like MO, 2TU (the second) and -1FR (the last)"
    } else if numbered > 0 && rule.get_freq() > Frequency::Monthly {
        "BYDAY with numbers needs FREQ=MONTHLY or FREQ=YEARLY"
    } else if numbered > 0 && !rule.get_by_week_no().is_empty() {
        "BYDAY with numbers is not taken together with BYWEEKNO"
    } else {
        return Ok(rule);
    };
    Err(refused.to_owned())
}

/// The values of BYDAY.
fn weekdays(text: &str) -> impl Iterator<Item = &str> {
    let mut parts = text.split(';').filter_map(|part| part.split_once('='));
    let list = parts.find(|(name, _)| name.eq_ignore_ascii_case("BYDAY"));
    list.into_iter().flat_map(|(_, days)| days.split(','))
}

/// Without the words before it, which are for programmers.
fn sentence(refusal: RRuleError) -> String {
    match refusal {
        RRuleError::ParserError(refusal) => refusal.to_string(),
        RRuleError::ValidationError(refusal) => refusal.to_string(),
        RRuleError::IterError(refusal) => refusal,
    }
}

/// The rule of an exercise that follows so many times of the rule: the same, but for what is left to count.
pub fn following(rule: &str, passed: usize) -> String {
    let part = |part: &str| match part.split_once('=').map(|(name, count)| (name.to_ascii_uppercase(), count.parse::<usize>())) {
        Some((name, Ok(count))) if name == "COUNT" => format!("COUNT={}", count.saturating_sub(passed).max(1)),
        _ => part.to_owned(),
    };
    rule.split(';').map(part).collect::<Vec<_>>().join(";")
}

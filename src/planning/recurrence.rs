//! When something happens again: the recurrence rules of RFC 5545 (3.3.10 and 3.8.5.3), as exercises need them.
mod rule;
#[cfg(test)]
mod tests;

use crate::model::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};
use rule::{End, Rule};

/// Nobody plans further ahead, so no question looks further; this also bounds the work of a rule that never matches.
const YEARS_AHEAD: i16 = 20;
/// How far from the start the last of COUNT times may lie.
const YEARS_COUNTED: i16 = 100;
/// The longest names of IANA have 32 letters.
const LONGEST_ZONE: usize = 64;

/// A rule by which something happens again, bound to its start and time zone.
///
/// The time of day is that of the start in the time zone and stays when the clocks change. A time the clocks skip
/// moves on by as much as they do, and of a time that comes twice the first is meant (RFC 5545, 3.3.5).
///
/// RFC 5545 (3.8.5.3) leaves open what a start means that its own rule does not match. Here only times that match
/// the rule count: such a start is none of them.
#[derive(Debug, Clone)]
pub struct Recurrence {
    rule: Rule,
    start: Timestamp,
    /// The start as people at the place read it.
    day: Date,
    time: Time,
    zone: TimeZone,
    /// No time lies after this one: UNTIL, or the last of COUNT.
    last: Option<Timestamp>,
}

impl Recurrence {
    /// Reads the value of an RRULE property (RFC 5545, 3.3.10) of at most 255 characters, without the name of the
    /// property, DTSTART or line breaks. `time_zone` is a name of IANA. Errors are sentences for clients.
    ///
    /// Refused are also rules that never happen within 20 years of the start, and a COUNT not reached within 100.
    pub fn parse(text: &str, start: Timestamp, time_zone: &str) -> Result<Recurrence, String> {
        let zone = zone(time_zone).ok_or("the time zone is not a name of IANA like Europe/Berlin or UTC")?;
        let local = local(start, &zone);
        let (day, time) = (local.date(), local.time());
        let rule = Rule::read(text)?.completed(day);
        let mut recurrence = Recurrence { rule, start, day, time, zone, last: None };
        recurrence.last = recurrence.end()?;
        if recurrence.times(start).next().is_none() {
            return Err(format!("by this rule nothing happens within {YEARS_AHEAD} years of the start"));
        }
        Ok(recurrence)
    }

    /// Times within [from, to), in order, at most `most`, and none that lies more than 20 years after `from` (or
    /// after the start, if that is later).
    pub fn between(&self, from: Timestamp, to: Timestamp, most: usize) -> Vec<Timestamp> {
        self.times(from).take_while(|time| *time < to).take(most).collect()
    }

    /// The first time strictly after `moment`; `None` when the rule has ended or none lies within 20 years of
    /// `moment` (or of the start, if that is later).
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.times(moment).find(|time| *time > moment)
    }

    /// Times from `from` on.
    fn times(&self, from: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        let from = from.max(self.start);
        // A skipped hour can carry a time past midnight, so the search begins a day early.
        let first = local(from, &self.zone).date().yesterday().unwrap_or(Date::MIN);
        // Where a place skips a whole day, two days have the same moment.
        let mut previous = None;
        self.rule
            .days(self.day, first, years_after(first, YEARS_AHEAD))
            .filter_map(|day| self.moment(day))
            .skip_while(move |time| *time < from)
            .take_while(|time| self.last.is_none_or(|last| *time <= last))
            .filter(move |time| previous.replace(*time) != Some(*time))
    }

    fn moment(&self, day: Date) -> Option<Timestamp> {
        // The start may be the second of two equal times of its day.
        if day == self.day {
            return Some(self.start);
        }
        let moment = self.zone.to_timestamp(day.to_datetime(self.time)).ok()?;
        Timestamp::from_micros(moment.as_microsecond())
    }

    fn end(&self) -> Result<Option<Timestamp>, String> {
        match self.rule.end {
            End::Never => Ok(None),
            End::Until(until) if until < self.start => Err("UNTIL lies before the start".to_owned()),
            End::Until(until) => Ok(Some(until)),
            End::Count(count) => {
                let mut days = self.rule.days(self.day, self.day, years_after(self.day, YEARS_COUNTED));
                let last = days.nth(count.saturating_sub(1)).and_then(|day| self.moment(day));
                last.map(Some).ok_or(format!("COUNT is not reached within {YEARS_COUNTED} years of the start"))
            }
        }
    }
}

/// Whether this is the name of a time zone of IANA, in the spelling of IANA; `UTC` is one.
pub fn is_time_zone(name: &str) -> bool {
    zone(name).is_some()
}

fn zone(name: &str) -> Option<TimeZone> {
    // Systems keep more in that directory: links to their own setting, and zones that count leap seconds.
    let foreign = ["posix/", "right/"].iter().any(|prefix| name.starts_with(prefix))
        || ["localtime", "posixrules", "Factory", "Etc/Unknown"].contains(&name);
    if foreign || name.len() > LONGEST_ZONE {
        return None;
    }
    jiff::tz::db().get(name).ok().filter(|zone| zone.iana_name() == Some(name))
}

fn local(moment: Timestamp, zone: &TimeZone) -> Zoned {
    // Every `Timestamp` lies within the range of `jiff::Timestamp`, so the default is never taken.
    jiff::Timestamp::from_microsecond(moment.micros()).unwrap_or_default().to_zoned(zone.clone())
}

fn years_after(day: Date, years: i16) -> Date {
    day.saturating_add(Span::new().years(years))
}

/// The rule of an exercise that follows so many times of the rule: the same, but for what is left to count.
pub fn following(rule: &str, passed: usize) -> String {
    let part = |part: &str| match part.split_once('=').map(|(name, count)| (name.to_ascii_uppercase(), count.parse::<usize>())) {
        Some((name, Ok(count))) if name == "COUNT" => format!("COUNT={}", count.saturating_sub(passed).max(1)),
        _ => part.to_owned(),
    };
    rule.split(';').map(part).collect::<Vec<_>>().join(";")
}

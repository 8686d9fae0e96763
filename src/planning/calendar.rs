//! Events as iCalendar text (RFC 5545), for calendars that subscribe to it. The same events always give the same text.
//! The crate `icalendar` does not serve: its folding never ends on some plain texts, such as 76 umlauts and 76 spaces.
#[cfg(test)]
mod tests;

use crate::model::{Date, Timestamp};
use crate::planning::text::is_shown;

/// Octets of a line without its end (RFC 5545, 3.1).
const LONGEST_LINE: usize = 75;

/// One entry of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// UID: stays the same for as long as the event exists, and is unique everywhere.
    pub uid: String,
    /// CATEGORIES: what the event is about, in one word.
    pub kind: &'static str,
    pub summary: String,
    pub description: Option<String>,
    pub when: When,
    /// Where to read more. Calendars expect an absolute address; characters no address has are left out.
    pub url: Option<String>,
    /// TENTATIVE, CONFIRMED or CANCELLED (RFC 5545, 3.8.1.11).
    pub status: &'static str,
    /// DTSTAMP and LAST-MODIFIED.
    pub changed_at: Timestamp,
    /// SEQUENCE: how often the event was revised, 0 when it is new (RFC 5545, 3.8.7.4).
    pub sequence: i64,
}

/// When an event takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Moments, written in whole seconds; an end that is not after the start is left out.
    At { start: Timestamp, end: Timestamp },
    /// All of a day, wherever the reader is.
    Day(Date),
}

/// The whole calendar: a VCALENDAR of that name with its events in the given order.
pub fn ics(name: &str, events: &[Event]) -> String {
    let mut text = String::with_capacity(512 * (events.len() + 1));
    line(&mut text, "BEGIN", "VCALENDAR");
    line(&mut text, "VERSION", "2.0");
    line(&mut text, "PRODID", "-//Holdfast//Continuity calendar//EN");
    line(&mut text, "METHOD", "PUBLISH");
    line(&mut text, "X-WR-CALNAME", &escaped(name));
    line(&mut text, "REFRESH-INTERVAL;VALUE=DURATION", "PT1H");
    for event in events {
        write_event(&mut text, event);
    }
    line(&mut text, "END", "VCALENDAR");
    text
}

fn write_event(text: &mut String, event: &Event) {
    line(text, "BEGIN", "VEVENT");
    line(text, "UID", &escaped(&event.uid));
    line(text, "DTSTAMP", &seconds(event.changed_at));
    line(text, "LAST-MODIFIED", &seconds(event.changed_at));
    line(text, "SEQUENCE", &event.sequence.max(0).to_string());
    match event.when {
        When::At { start, end } => {
            line(text, "DTSTART", &seconds(start));
            // DTEND must be later than DTSTART (RFC 5545, 3.8.2.2).
            if end.seconds() > start.seconds() {
                line(text, "DTEND", &seconds(end));
            }
        }
        // Without DTEND this lasts one day (RFC 5545, 3.6.1).
        When::Day(day) => line(text, "DTSTART;VALUE=DATE", &day.to_string().replace('-', "")),
    }
    line(text, "SUMMARY", &escaped(&event.summary));
    if let Some(description) = &event.description {
        line(text, "DESCRIPTION", &escaped(description));
    }
    line(text, "CATEGORIES", &escaped(event.kind));
    line(text, "STATUS", event.status);
    if let Some(url) = &event.url {
        line(text, "URL", &address(url));
    }
    line(text, "END", "VEVENT");
}

/// Writes one property, folded (RFC 5545, 3.1): a longer line goes on in the next after a space, which counts too.
fn line(text: &mut String, name: &str, value: &str) {
    let mut length = 0;
    for letter in name.chars().chain([':']).chain(value.chars()) {
        if length + letter.len_utf8() > LONGEST_LINE {
            text.push_str("\r\n ");
            length = 1;
        }
        text.push(letter);
        length += letter.len_utf8();
    }
    text.push_str("\r\n");
}

/// A value of the kind TEXT (RFC 5545, 3.3.11). Control characters have no place in it, except tabs and line ends.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            // Together they are one line end, written by the one that follows.
            '\r' if letters.peek() == Some(&'\n') => {}
            // Some readers take the last two for the end of a line as well.
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => text.push_str("\\n"),
            '\\' | ';' | ',' => text.extend(['\\', letter]),
            '\t' => text.push('\t'),
            _ if letter.is_control() || !is_shown(letter) => {}
            _ => text.push(letter),
        }
    }
    text
}

/// A value of the kind URI (RFC 5545, 3.3.13), which is not escaped; only letters of RFC 3986 stay.
fn address(value: &str) -> String {
    let allowed = |letter: &char| letter.is_ascii_graphic() && !r#""<>\^`{|}"#.contains(*letter);
    value.chars().filter(allowed).collect()
}

/// A moment in UTC (RFC 5545, 3.3.5), like `20261122T090000Z`.
fn seconds(moment: Timestamp) -> String {
    let text = moment.to_string();
    let whole = text.split('.').next().unwrap_or_default();
    let digits = whole.chars().filter(|letter| !matches!(letter, '-' | ':' | 'Z'));
    digits.chain(['Z']).collect()
}

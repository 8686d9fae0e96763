//! The axis of time: from where to where, and which ticks.
use super::chart::Chart;

/// Where the bars' part of the picture begins and ends, in pixels.
pub const LEFT: f64 = 460.0;
pub const RIGHT: f64 = 1326.0;
/// More intervals than that would have overlapping labels.
const MAX_TICKS: i64 = 12;
/// Distances between ticks that readers can reckon with, in seconds: minutes, hours, days, weeks.
pub const STEPS: [i64; 17] = [
    60,
    2 * 60,
    5 * 60,
    10 * 60,
    15 * 60,
    30 * 60,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
];
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

/// The axis of time, in seconds from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    pub from: i64,
    pub to: i64,
    pub step: i64,
}

impl Scale {
    /// Holds all bars and `now`, and the marks that lie near.
    pub fn of(chart: &Chart<'_>) -> Scale {
        let starts = chart.bars.iter().flat_map(|bar| [Some(bar.planned), bar.actual, bar.forecast]).flatten().map(|span| span.0);
        let from = starts.chain(chart.now).min().unwrap_or_default().min(0);
        let near = near(chart);
        let marks = chart.marks.iter().map(|mark| mark.at).filter(|at| *at <= near);
        let to = marks.chain(work(chart)).max().filter(|to| *to > from).unwrap_or(from.saturating_add(HOUR));
        Scale::between(from, to)
    }

    fn between(from: i64, to: i64) -> Scale {
        let least = to.saturating_sub(from) / MAX_TICKS;
        // Beyond the listed distances, those twice as far and so on.
        let longer = std::iter::successors(Some(56 * DAY), |step| step.checked_mul(2));
        let step = STEPS.into_iter().chain(longer).find(|step| *step > least).unwrap_or(i64::MAX);
        let from = from.div_euclid(step).saturating_mul(step);
        let to = to.saturating_sub(1).div_euclid(step).saturating_add(1).saturating_mul(step);
        Scale { from, to, step }
    }

    /// Where a moment lies, in pixels.
    pub fn x(&self, at: i64) -> f64 {
        let share = at.saturating_sub(self.from) as f64 / self.to.saturating_sub(self.from).max(1) as f64;
        rounded(LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT))
    }

    pub fn ticks(&self) -> impl Iterator<Item = i64> + use<> {
        let Scale { from, to, step } = *self;
        std::iter::successors(Some(from), move |at| at.checked_add(step)).take_while(move |at| *at <= to)
    }
}

/// When everything ends, with the floats and no sooner than now.
fn work(chart: &Chart<'_>) -> Option<i64> {
    let ends = chart.bars.iter().flat_map(|bar| {
        let float = bar.planned.1.saturating_add(bar.float);
        [Some(bar.planned.1), bar.actual.map(|span| span.1), bar.forecast.map(|span| span.1), Some(float)]
    });
    ends.flatten().chain(chart.now).max()
}

/// Marks later than this lie so far out that the bars would become too short to read.
pub fn near(chart: &Chart<'_>) -> i64 {
    work(chart).map_or(i64::MAX, |work| work.saturating_add(work / 2))
}

/// A tenth of a pixel is exact enough, and short to write.
pub fn rounded(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// A time as people say it: `0:30`, `2:00`, `1 d 4:00`; whole minutes.
pub fn clock(seconds: i64) -> String {
    let minutes = seconds.unsigned_abs() / 60;
    let sign = if seconds < 0 && minutes > 0 { "−" } else { "" };
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match days {
        0 => format!("{sign}{hours}:{minutes:02}"),
        _ if hours == 0 && minutes == 0 => format!("{sign}{days} d"),
        _ => format!("{sign}{days} d {hours}:{minutes:02}"),
    }
}

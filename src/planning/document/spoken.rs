//! Times and words as they are read aloud.

/// `45 min`, `1 h 30 min`, `2 d 4 h`.
pub fn duration(seconds: i64) -> String {
    let units = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
    let mut left = seconds.unsigned_abs();
    let mut told = Vec::new();
    for (unit, size) in units {
        if left >= size {
            told.push(format!("{} {unit}", left / size));
            left %= size;
        }
    }
    match (told.is_empty(), seconds < 0) {
        (true, _) => "0 min".to_owned(),
        (false, true) => format!("-{}", told.join(" ")),
        (false, false) => told.join(" "),
    }
}

/// The duration, or a dash.
pub fn some_duration(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), duration)
}

/// Hours and minutes on the clock of the event: `+1:15`.
pub fn offset(seconds: i64) -> String {
    let minutes = seconds.unsigned_abs() / 60;
    format!("{}{}:{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

/// The offset, or a dash.
pub fn some_offset(seconds: Option<i64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), offset)
}

/// A name of the interface as words: `in_review` is `In review`.
pub fn words(name: &str) -> String {
    let mut letters = name.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters.map(|c| if c == '_' { ' ' } else { c })).collect())
}

/// What stands over a plan that is not in force.
pub fn warning(status: &str) -> Option<&'static str> {
    match status {
        "active" | "approved" => None,
        "superseded" | "retired" | "withdrawn" | "archived" | "expired" => Some("NOT IN FORCE"),
        _ => Some("DRAFT"),
    }
}

/// Enough of a hash to compare two sheets of paper.
pub fn short_hash(sha256: &str) -> String {
    sha256.chars().take(12).collect()
}

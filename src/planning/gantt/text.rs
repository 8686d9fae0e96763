//! Text of users on its way into a picture: without control characters, and never wider than its place. The letters'
//! widths are estimates on the broad side, since nobody knows the reader's font.

pub use crate::planning::text::clean;

/// How wide a letter is, in hundredths of the font size.
fn breadth(letter: char) -> f64 {
    match letter {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' | '·' => 34.0,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' => 42.0,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '→' | '—' => 100.0,
        'a'..='z' | '0'..='9' => 64.0,
        c if c.is_ascii() => 76.0,
        '\u{80}'..='\u{58f}' => 76.0,
        // Han, Kana, Hangul, pictures.
        _ => 110.0,
    }
}

/// How wide a text is, in pixels.
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    text.chars().map(breadth).sum::<f64>() / 100.0 * size * if bold { 1.1 } else { 1.0 }
}

/// A text that fits into so many pixels, shortened with … where it must be.
pub fn fitted(text: &str, most: f64, size: f64, bold: bool) -> String {
    let text = clean(text);
    if width(&text, size, bold) <= most {
        return text;
    }
    let mut left = most - width("…", size, bold);
    let fits = |letter: &char| {
        left -= width(letter.encode_utf8(&mut [0; 4]), size, bold);
        left >= 0.0
    };
    let short: String = text.chars().take_while(fits).collect();
    format!("{}…", short.trim_end())
}

/// A text in at most so many lines.
pub fn wrapped(text: &str, most: f64, size: f64, lines: usize) -> Vec<String> {
    let text = clean(text);
    let mut wrapped = vec![String::new()];
    for word in text.split(' ') {
        let count = wrapped.len();
        let Some(line) = wrapped.last_mut() else { break };
        // The last line takes all the rest, to be shortened.
        if line.is_empty() || count == lines || width(line, size, false) + width(word, size, false) + size <= most {
            line.extend((!line.is_empty()).then_some(' '));
            line.push_str(word);
        } else {
            wrapped.push(word.to_owned());
        }
    }
    wrapped.iter().map(|line| fitted(line, most, size, false)).collect()
}

//! Text of users on its way into what people look at: never markup, and nothing that makes it look like another text.
use std::borrow::Cow;

/// Whether a character may stand in what people look at. Marks that turn the direction of writing show other words than
/// there are, and noncharacters of Unicode are not allowed in XML or stop its readers.
pub const fn is_shown(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let nothing = matches!(c, '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe;
    !turns && !nothing
}

/// The text without what may not be shown.
pub fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_shown) { Cow::Borrowed(text) } else { Cow::Owned(text.chars().filter(|c| is_shown(*c)).collect()) }
}

/// As [`shown`], of a page that has been put together: the last thing done to it.
pub fn page(text: String) -> String {
    if text.chars().all(is_shown) { text } else { text.chars().filter(|c| is_shown(*c)).collect() }
}

/// One line of what may be drawn: white space is a space, and what controls a terminal or the direction of writing is gone.
pub fn clean(text: &str) -> String {
    let spaced: String = text.chars().filter(|c| is_shown(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Escapes what Markdown would take for markup; lines stay lines.
pub fn markdown(text: &str) -> String {
    let text = shown(text);
    let mut out = String::with_capacity(text.len() + 8);
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            // Two spaces end a line within a paragraph.
            out.push_str("  \n");
        }
        let line = line.trim_start();
        // What begins a list, a heading or a rule does so only at the start of a line.
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        for (place, (at, c)) in line.char_indices().enumerate() {
            match c {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                // The last two would make links of addresses.
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | ':' | '@' => out.extend(['\\', c]),
                '+' | '-' | '=' if place == 0 => out.extend(['\\', c]),
                '.' | ')' if digits > 0 && place == digits => out.extend(['\\', c]),
                // `www.` begins an address too.
                '.' if line[..at].ends_with(['w', 'W']) => out.extend(['\\', c]),
                c => out.push(c),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_the_text_and_what_is_no_character_is_not_shown() {
        for c in ['\u{61c}', '\u{200e}', '\u{202e}', '\u{2069}', '\u{fdd0}', '\u{fffe}', '\u{ffff}', '\u{1fffe}', '\u{10ffff}'] {
            assert_eq!((is_shown(c), page(format!("a{c}b"))), (false, "ab".to_owned()), "{c:?}");
        }
        for c in ['a', 'ß', '\u{200d}', '\u{fffd}', '界', '\u{1f600}', '\n'] {
            assert!(is_shown(c) && shown(&c.to_string()) == c.to_string(), "{c:?}");
        }
    }

    #[test]
    fn markup_becomes_text() {
        assert_eq!(markdown("<b> & [x](y)"), "&lt;b&gt; &amp; \\[x\\](y)");
        assert_eq!(markdown("# one\n* two\n- three\n4. four"), "\\# one  \n\\* two  \n\\- three  \n4\\. four");
        assert_eq!(markdown("    code"), "code");
        assert_eq!(markdown("see https://x.example"), "see https\\://x.example");
        assert_eq!(markdown("www.x.example, a@x.example"), "www\\.x.example, a\\@x.example");
        assert_eq!(markdown("a\u{202e}b\u{ffff}c"), "abc");
        assert_eq!(markdown("plain words, größer. Really - yes"), "plain words, größer. Really - yes");
    }
}

//! Text of users on its way into Markdown: never markup.

/// Escapes what Markdown would take for markup; lines stay lines.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            // Two spaces end a line within a paragraph.
            out.push_str("  \n");
        }
        let line = line.trim_start();
        // What begins a list, a heading or a rule does so only at the start of a line.
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        for (place, c) in line.chars().enumerate() {
            match c {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                // The last two would make links of addresses.
                '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | ':' | '@' => out.extend(['\\', c]),
                '+' | '-' | '=' if place == 0 => out.extend(['\\', c]),
                '.' | ')' if digits > 0 && place == digits => out.extend(['\\', c]),
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
    fn markup_becomes_text() {
        assert_eq!(markdown("<b> & [x](y)"), "&lt;b&gt; &amp; \\[x\\](y)");
        assert_eq!(markdown("# one\n* two\n- three\n4. four"), "\\# one  \n\\* two  \n\\- three  \n4\\. four");
        assert_eq!(markdown("    code"), "code");
        assert_eq!(markdown("see https://x.example"), "see https\\://x.example");
        assert_eq!(markdown("plain words, größer. Really - yes"), "plain words, größer. Really - yes");
    }
}

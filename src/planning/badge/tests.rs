use super::*;
use crate::planning::gantt::text;
use scraper::Html;

const TONES: [Tone; 4] = [Tone::Good, Tone::Fair, Tone::Poor, Tone::Unknown];

/// The contrast of white on a colour, after WCAG 2.
fn contrast(colour: &str) -> f64 {
    let part = |at: usize| f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
    let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    1.05 / (0.2126 * linear(part(1)) + 0.7152 * linear(part(3)) + 0.0722 * linear(part(5)) + 0.05)
}

#[test]
fn white_text_is_readable_on_every_tone() {
    for tone in TONES {
        assert!(contrast(tone.ground()) >= 4.5, "{tone:?}: {}", contrast(tone.ground()));
    }
}

#[test]
fn a_badge_tells_its_text() {
    let badge = draw("RTO", "4 h", Tone::Good);
    assert!(badge.starts_with("<svg") && badge.contains("role=\"img\"") && badge.contains("aria-label=\"RTO: 4 h\""));
    assert!(badge.contains("<title>RTO: 4 h</title>") && badge.contains("height=\"20\""));
    assert_ne!(draw("RTO", "4 h", Tone::Poor), badge);
}

#[test]
fn text_of_users_stays_text() {
    let hostile = "\"'><script>alert(1)</script>]]>&\u{202e}\u{0}\u{1b}\n";
    let badge = draw(hostile, hostile, Tone::Fair);
    assert!(!badge.contains("<script") && !badge.chars().any(|c| c.is_control() || c == '\u{202e}'));
    let page = Html::parse_fragment(&badge);
    assert!(page.root_element().descendent_elements().all(|element| element.value().name() != "script"));
    let label = page.root_element().descendent_elements().find_map(|element| element.attr("aria-label")).unwrap();
    assert_eq!(label, format!("{0}: {0}", text::clean(hostile)));
}

#[test]
fn a_badge_is_as_wide_as_its_text_but_not_endless() {
    let wide = |badge: &str| badge.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse::<f64>().unwrap();
    assert!(wide(&draw("a", "b", Tone::Good)) < wide(&draw("a longer label", "b", Tone::Good)));
    assert!(wide(&draw(&"🦀".repeat(9000), &"W".repeat(9000), Tone::Good)) < 600.0);
    assert!(draw("", "", Tone::Unknown).starts_with("<svg"));
}

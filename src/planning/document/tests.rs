//! What is printed, and what can never be.
mod hostile;
mod sample;

use super::spoken::{duration, offset, warning, words};
use super::{Document, STYLE, html, markdown, prose};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};
use scraper::{Html, Selector};
use std::time::{Duration, Instant};

const ELEMENTS: [&str; 40] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "nav",
    "main",
    "section",
    "div",
    "span",
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ol",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "strong",
    "em",
    "del",
    "code",
    "pre",
    "blockquote",
];
const ATTRIBUTES: [&str; 13] =
    ["lang", "charset", "name", "content", "class", "id", "href", "rel", "scope", "colspan", "start", "data-head", "data-foot"];

/// Every element and attribute is one that the document writes itself.
fn assert_harmless(page: &str) -> Html {
    let parsed = Html::parse_document(page);
    let all = Selector::parse("*").unwrap();
    for element in parsed.select(&all) {
        let element = element.value();
        assert!(ELEMENTS.contains(&element.name()), "{} in {page}", element.name());
        for (name, value) in element.attrs() {
            assert!(ATTRIBUTES.contains(&name), "{name}={value} in {page}");
            if name == "href" {
                let safe =
                    ["#", "http://", "https://", "mailto:", "tel:"].iter().any(|start| value.to_lowercase().starts_with(start));
                assert!(safe, "{value}");
                assert!(!value.chars().any(|c| c.is_control() || c == ' '), "{value}");
            }
            if name == "id" {
                assert!(value.starts_with("step-") || value.starts_with("chapter-"), "{value}");
            }
        }
    }
    let texts = |name: &str| -> Vec<String> {
        parsed.select(&Selector::parse(name).unwrap()).map(|one| one.text().collect::<String>()).collect()
    };
    assert_eq!(texts("style"), [STYLE]);
    assert_eq!(texts("h1").len(), 1);
    parsed
}

fn options() -> Options {
    Options::all().difference(Options::ENABLE_YAML_STYLE_METADATA_BLOCKS | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS)
}

/// The titles of the document's own levels. Everything else that could harm fails, under the widest dialect.
fn assert_contained(text: &str) -> Vec<String> {
    let mut titles = Vec::new();
    let mut open = false;
    for event in Parser::new_ext(text, options()) {
        match event {
            Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. } | Tag::HtmlBlock) => {
                panic!("{event:?} in {text}")
            }
            Event::Start(Tag::FootnoteDefinition(_) | Tag::DefinitionList) => panic!("{event:?} in {text}"),
            Event::Start(Tag::Link { dest_url, .. }) => assert!(prose::safe(&dest_url), "{dest_url} in {text}"),
            Event::Start(Tag::Heading { level, .. }) if level <= HeadingLevel::H3 => {
                open = true;
                titles.push(String::new());
            }
            Event::Start(_) | Event::End(pulldown_cmark::TagEnd::Heading(_)) if open => {
                open = matches!(event, Event::Start(_));
            }
            Event::Text(text) | Event::Code(text) if open => titles.last_mut().unwrap().push_str(&text),
            _ => {}
        }
    }
    titles
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn seen(text: &str) -> String {
    let page = Html::parse_fragment(&prose::html(text).into_string());
    page.root_element().text().collect()
}

#[test]
fn no_text_becomes_markup() {
    for text in hostile::TEXTS {
        let plan = hostile::plan(text);
        let parsed = assert_harmless(&html(&plan));
        let title = parsed.select(&Selector::parse("h1").unwrap()).next().unwrap().text().collect::<String>();
        assert_eq!(letters(&title), letters(text));
        for word in ["alert(1)", "forged", "never closed", "tracker.example/a"] {
            let dropped = word.starts_with("tracker");
            assert_eq!(seen(text).contains(word), text.contains(word) && !dropped, "{text}");
        }
    }
}

/// Nine chapters, and what is below them.
const TITLES: usize = 21;

#[test]
fn nothing_turns_the_text_or_is_no_character() {
    let plan = hostile::plan("a\u{202e}b\u{2066}c\u{ffff}d www.x.example");
    let [page, text] = [html(&plan), markdown(&plan)];
    assert!(page.contains("abcd") && text.contains("abcd www\\.x"), "{text}");
    assert!(page.chars().chain(text.chars()).all(crate::planning::text::is_shown));
}

#[test]
fn no_text_leaves_its_place_in_markdown() {
    for text in hostile::TEXTS {
        let titles = assert_contained(&markdown(&hostile::plan(text)));
        assert_eq!(titles.len(), TITLES, "{text}: {titles:#?}");
        assert_eq!(letters(&titles[0]), letters(text));
    }
}

#[test]
fn what_is_written_is_read() {
    assert_eq!(seen("<b>bold</b> & <!-- note -->"), "<b>bold</b> & <!-- note -->\n");
    assert_eq!(seen("![the plan](http://x.example/a.png)"), "[picture: the plan]\n");
    assert_eq!(seen("[x](javascript:alert\\(1\\))"), "x (javascript:alert(1))\n");
    assert_eq!(seen("[x](../runbook.md)"), "x (../runbook.md)\n");
    let link = prose::html("[x](https://x.example/?a=1&b=\"2\")").into_string();
    let address = "https://x.example/?a=1&amp;b=&quot;2&quot;";
    let told = format!("<span class=\"address\"> ({address})</span>");
    assert_eq!(link, format!("<p><a href=\"{address}\" rel=\"noreferrer noopener\">x</a>{told}</p>\n"));
    assert_eq!(prose::html("# a\n\n### b").into_string(), "<h4>a</h4>\n<h6>b</h6>\n");
    assert_eq!(prose::html("one\ntwo").into_string(), "<p>one<br>two</p>\n");
    assert_eq!(prose::html("- [ ] a\n- [x] b").into_string().matches("class=\"box\"").count(), 2);
}

#[test]
fn markdown_is_written_anew() {
    let same = [
        "#### a\n\nb *c* **d** ~~e~~ `f`",
        "- a\n  - b\n  - c\n- d",
        "1. a\n2. b\n\n   c\n\n3. d",
        "> a\n>\n> > b",
        "```sh\na\n\n\tb\n```",
        "| a | b |\n| --- | --: |\n| c | `d` |",
        "- [ ] a\n- [x] b",
        "- a\n\n* b",
        "[a](<https://x.example/?a=1&amp;b=2>)",
        "a  \nb",
    ];
    for text in same {
        let once = prose::markdown(text);
        assert_eq!(prose::markdown(&once).replace("######", "#####"), once.replace("######", "#####"), "{text}");
    }
    assert_eq!(prose::markdown("# a\n## b"), "#### a\n\n##### b");
    assert_eq!(prose::markdown("- a\n  - b\n- c"), "- a\n  - b\n- c");
    assert_eq!(prose::markdown("```\nopen"), "```\nopen\n```");
    assert_eq!(prose::markdown("\\![x](https://y.example)"), "\\![x](<https://y.example>)");
    assert_eq!(prose::markdown("Say: at 16:20 http://x"), "Say: at 16:20 http\\://x");
    assert_eq!(prose::markdown("a<br>\n***\nb"), "a&lt;br&gt;\n\n___\n\nb");
}

const ROUNDS: usize = 2000;
const PIECES: &[&str] = &[
    "*",
    "**",
    "_",
    "~",
    "~~",
    "~~~",
    "`",
    "```",
    "#",
    "## ",
    "> ",
    "- ",
    "1. ",
    "1) ",
    "[",
    "](",
    ")",
    "<",
    ">",
    "!",
    "|",
    "\n",
    "\n\n",
    "    ",
    "\t",
    "&#10;",
    "&#13;",
    "&#32;",
    "&#96;",
    "&nbsp;",
    "a",
    "b c",
    "\\",
    "http://x.example",
    "---",
    "===",
    ":",
    "| - |",
    "[ ] ",
    "[^a]",
    "]: ",
    "<b>",
    "<!--",
    "+",
    "$",
    "$$",
    "^",
    "\r",
    "{#a}",
    "ä",
    "{",
    "}",
    "=",
    "\"",
    "(",
    "@x.example",
];

/// Texts of the characters that mean something, in an order nobody thought of.
#[test]
fn chance_finds_no_way_out() {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % most
    };
    for _ in 0..ROUNDS {
        let text: String = (0..1 + next(40)).map(|_| PIECES[next(PIECES.len())]).collect();
        let page = format!(
            "<!DOCTYPE html><html><head><style>{STYLE}</style></head><body><h1></h1>{}</body>",
            prose::html(&text).into_string()
        );
        assert_harmless(&page);
        let told = format!("# Own\n\n{}\n\n## Own\n", prose::markdown(&text));
        let titles = assert_contained(&told);
        assert_eq!(titles, ["Own", "Own"], "{text:?} became {told}");
    }
}

#[test]
fn deep_and_long_texts_take_no_time() {
    let long = [
        "[".repeat(20_000),
        "> ".repeat(10_000),
        "> ".repeat(10_000) + "a",
        "> ".repeat(5_000) + "a\n" + &"b\n".repeat(5_000),
        "- ".repeat(10_000),
        "*a _b ".repeat(3_500),
        "![".repeat(10_000),
        "`".repeat(20_000),
        (0..200).map(|count| "`".repeat(count) + " ").collect(),
        "<".repeat(20_000),
        "<!--".repeat(5_000),
        "&#106;".repeat(3_500),
        "[a](b".repeat(4_000),
        format!("[a]: https://x.example/{}\n\n{}", "x".repeat(8_000), "[a]".repeat(4_000)),
        format!("{}\n{}\n{}", "|a".repeat(3_000), "|-".repeat(3_000), "|b\n".repeat(2_500)),
        "1. ".repeat(6_000) + "\n" + &" b\n".repeat(600),
        (0..130).map(|depth| " ".repeat(depth * 2) + "- a\n").collect(),
        "~~a".repeat(6_000),
        "***a".repeat(5_000) + &"***".repeat(1_000),
    ];
    for text in long {
        let start = Instant::now();
        let page = prose::html(&text).into_string();
        let sheet = prose::markdown(&text);
        let (took, shown) = (start.elapsed(), text.chars().take(12).collect::<String>());
        eprintln!("{shown:?} {} {} {took:?}", page.len(), sheet.len());
        assert!(took < Duration::from_secs(2), "{shown}: {took:?}");
        assert!(page.len().max(sheet.len()) < 4_000_000, "{shown}: {} {}", page.len(), sheet.len());
    }
}

#[test]
fn the_sample_is_complete() {
    let plan = sample::plan();
    let page = html(&plan);
    let parsed = assert_harmless(&page);
    let text: String = parsed.root_element().text().collect();
    let told = markdown(&plan);
    for step in &plan.steps {
        assert!(text.contains(&step.title) && told.contains(&step.title), "{}", step.title);
    }
    for words in ["UNCONTROLLED COPY when printed", &plan.sha256, "+49 171 555 0112", "2 d 4 h", "+2:30", "CRITICAL", "Started"] {
        assert!(text.contains(words), "{words}");
    }
    assert!(!page.contains("DRAFT"));
    let targets = Selector::parse("a[href^='#']").unwrap();
    for link in parsed.select(&targets) {
        let target = Selector::parse(link.value().attr("href").unwrap()).unwrap();
        assert_eq!(parsed.select(&target).count(), 1);
    }
    assert_contained(&told);
}

#[test]
fn a_plan_that_is_not_in_force_says_so() {
    let draft = Document { status: "in_review".into(), ..Document::default() };
    assert!(html(&draft).contains("DRAFT") && markdown(&draft).contains("**DRAFT**"));
    assert!(html(&draft).contains("Nobody has decided about this version."));
    assert_eq!(warning("active"), None);
    assert_eq!(warning("superseded"), Some("NOT IN FORCE"));
}

#[test]
fn the_style_needs_nothing_from_elsewhere() {
    for word in ["url(", "@import", "</", "<!--", "@font-face", "image-set"] {
        assert!(!STYLE.contains(word), "{word}");
    }
}

#[test]
fn times_are_read_aloud() {
    let told = [(0, "0 min"), (45, "45 s"), (2_700, "45 min"), (5_400, "1 h 30 min"), (187_200, "2 d 4 h"), (-60, "-1 min")];
    for (seconds, words) in told {
        assert_eq!(duration(seconds), words);
    }
    assert_eq!((offset(4_500), offset(0), offset(100_000)), ("+1:15".into(), "+0:00".into(), "+27:46".into()));
    assert_eq!((words("in_review"), words("")), ("In review".into(), String::new()));
}

//! Markdown of users on its way into a document: parsed once, and only what is listed here gets through.
mod pages;
mod plain;

pub use pages::html;
pub use plain::{escaped, markdown};

use pulldown_cmark::{Alignment, CodeBlockKind, Event, Options, Parser, Tag, TextMergeStream};

/// Nothing on paper needs more levels; deeper ones leave their text.
const DEEPEST: usize = 12;
/// What one line may open: the time to parse a text grows with the product of its depth and its lines.
const MAX_MARKS: usize = 64;
/// The document's own headings are of the levels 1 to 3.
const FIRST_HEADING: u8 = 4;
/// A longer address is no use on paper.
const LONGEST_ADDRESS: usize = 200;
/// Rows are filled up with empty cells to the width of the head: only so far.
const WIDEST: usize = 32;

/// What opens and closes.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Paragraph,
    Heading(u8),
    Quote,
    Code(String),
    List(Option<u64>),
    Item,
    Table(Vec<Alignment>),
    Head,
    Row,
    Cell,
    Emphasis,
    Strong,
    Struck,
    Link(String),
}

/// A parsed piece of text; what opens also closes.
#[derive(Debug)]
enum Part {
    Open(Piece),
    Close(Piece),
    Text(String),
    Code(String),
    Break,
    Rule,
    Task(bool),
}

/// The text in parts. Without recursion: the nesting is the user's.
fn parts(text: &str) -> Vec<Part> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let text = clean(text);
    let mut sieve = Sieve::default();
    for event in TextMergeStream::new(Parser::new_ext(&text, options).map(as_text)) {
        sieve.take(event);
    }
    sieve.parts
}

/// One kind of line end, no other control characters, and no line that opens more than the parser can do quickly.
fn clean(text: &str) -> String {
    let kept = |c: char| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c };
    let text: String = text.replace("\r\n", "\n").replace('\r', "\n").chars().map(kept).collect();
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let (markers, rest) = line.split_at(too_deep(line).unwrap_or(line.len()));
        out.push_str(markers);
        if !rest.is_empty() {
            out.extend(["\\", rest]);
        }
    }
    out
}

/// Where the first mark of a quote or an item stands that one line has too many of.
fn too_deep(line: &str) -> Option<usize> {
    let mut marks = 0;
    let mut letters = line.char_indices().peekable();
    while let Some((place, c)) = letters.next() {
        let opens = match c {
            '>' => true,
            '-' | '*' | '+' | '.' | ')' => letters.peek().is_none_or(|(_, next)| next.is_whitespace()),
            ' ' | '\t' | '0'..='9' => false,
            _ => return None,
        };
        marks += usize::from(opens);
        if marks > MAX_MARKS {
            return Some(place);
        }
    }
    None
}

/// Before texts are merged, so that no markup arises where two of them meet.
fn as_text(event: Event<'_>) -> Event<'_> {
    match event {
        Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
            Event::Text(text)
        }
        event => event,
    }
}

/// What became of an opened tag.
enum Fate {
    Kept(Piece),
    Picture,
    /// A link whose address is only told.
    Told(String),
    Dropped,
}

#[derive(Default)]
struct Sieve {
    parts: Vec<Part>,
    open: Vec<Fate>,
    /// Those kept that can hold one another.
    nest: Vec<Piece>,
}

impl Sieve {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(_) => self.close(),
            Event::Text(text) if matches!(self.open.last(), Some(Fate::Kept(Piece::Code(_)))) => {
                self.parts.push(Part::Text(text.into_string()));
            }
            Event::Text(text) => self.line(&text),
            // A block of raw HTML comes in lines.
            Event::Html(text) => {
                for line in text.lines() {
                    self.line(line);
                    self.pause();
                }
            }
            Event::Code(text) => self.parts.push(Part::Code(text.replace('\n', " "))),
            // A line of an instruction stays a line.
            Event::SoftBreak | Event::HardBreak => self.pause(),
            Event::Rule => self.parts.push(Part::Rule),
            Event::TaskListMarker(done) => self.parts.push(Part::Task(done)),
            Event::InlineHtml(_) | Event::InlineMath(_) | Event::DisplayMath(_) | Event::FootnoteReference(_) => {}
        }
    }

    /// Entities can stand for line ends, which may not reach the writers.
    fn line(&mut self, text: &str) {
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        self.parts.push(Part::Text(text.chars().map(visible).collect()));
    }

    /// One line break, where there is a line.
    fn pause(&mut self) {
        let inline = match self.parts.last() {
            Some(Part::Text(_) | Part::Code(_)) => true,
            Some(Part::Close(piece)) => piece.is_inline(),
            _ => false,
        };
        if inline {
            self.parts.push(Part::Break);
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        let block = matches!(tag, Tag::BlockQuote(_) | Tag::List(_) | Tag::Item);
        let fate = self.fate(tag);
        match &fate {
            Fate::Kept(piece) => {
                if piece.nests() {
                    self.nest.push(piece.clone());
                }
                self.parts.push(Part::Open(piece.clone()));
            }
            Fate::Picture => self.parts.push(Part::Text("[picture: ".to_owned())),
            Fate::Dropped if block => self.pause(),
            Fate::Dropped | Fate::Told(_) => {}
        }
        self.open.push(fate);
    }

    fn fate(&self, tag: Tag<'_>) -> Fate {
        let piece = match tag {
            Tag::Paragraph | Tag::HtmlBlock => Piece::Paragraph,
            Tag::Heading { level, .. } => Piece::Heading((level as u8 - 1).saturating_add(FIRST_HEADING).min(6)),
            Tag::BlockQuote(_) => Piece::Quote,
            Tag::CodeBlock(kind) => Piece::Code(language(&kind)),
            Tag::List(start) => Piece::List(start),
            Tag::Item if self.in_list() => Piece::Item,
            Tag::Table(columns) => Piece::Table(columns),
            Tag::TableHead => Piece::Head,
            Tag::TableRow => Piece::Row,
            Tag::TableCell => Piece::Cell,
            Tag::Emphasis => Piece::Emphasis,
            Tag::Strong => Piece::Strong,
            Tag::Strikethrough => Piece::Struck,
            Tag::Image { .. } => return Fate::Picture,
            Tag::Link { dest_url, .. } if !safe(&dest_url) => return Fate::Told(dest_url.into_string()),
            Tag::Link { dest_url, .. } => Piece::Link(dest_url.into_string()),
            _ => return Fate::Dropped,
        };
        // Emphasis within the same emphasis means nothing, and its marks could be read as others.
        let twice = piece.is_inline() && self.nest.contains(&piece);
        if twice || piece.nests() && self.nest.len() >= DEEPEST { Fate::Dropped } else { Fate::Kept(piece) }
    }

    /// An item goes the way of its list.
    fn in_list(&self) -> bool {
        matches!(self.open.last(), Some(Fate::Kept(Piece::List(_))))
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Fate::Kept(piece)) => {
                if piece.nests() {
                    self.nest.pop();
                }
                if piece == Piece::Paragraph && matches!(self.parts.last(), Some(Part::Break)) {
                    self.parts.pop();
                }
                self.parts.push(Part::Close(piece));
            }
            Some(Fate::Picture) => self.parts.push(Part::Text("]".to_owned())),
            Some(Fate::Told(address)) if !address.is_empty() && address.len() <= LONGEST_ADDRESS => {
                self.line(&format!(" ({address})"));
            }
            _ => {}
        }
    }
}

impl Piece {
    const fn nests(&self) -> bool {
        self.is_inline() || matches!(self, Self::Quote | Self::List(_))
    }

    const fn is_inline(&self) -> bool {
        matches!(self, Self::Emphasis | Self::Strong | Self::Struck | Self::Link(_))
    }
}

fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(info) = kind else { return String::new() };
    info.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+')).take(20).collect()
}

/// Whether a link may lead there. What a browser skips in an address could hide another scheme.
pub fn safe(address: &str) -> bool {
    if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    let Some((scheme, rest)) = address.split_once(':') else { return false };
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => rest.starts_with("//") && rest.len() > 2,
        "mailto" | "tel" => !rest.is_empty(),
        _ => false,
    }
}

/// What a link's address adds to its text on paper.
fn address_of<'a>(link: &'a str, text: &str) -> Option<&'a str> {
    let address = link.strip_prefix("mailto:").or_else(|| link.strip_prefix("tel:")).unwrap_or(link);
    let told = address.len() > LONGEST_ADDRESS || text.trim() == address || text.trim() == link;
    (!told).then_some(address)
}

//! Prose as Markdown again: written anew from what was parsed, because pasted text could open what it never closes.
use super::{Part, Piece, WIDEST, parts};
use crate::planning::text;
use pulldown_cmark::Alignment;

/// The user's Markdown in a spelling that stays in its place: no raw HTML, no heading of the document, nothing left open.
pub fn markdown(text: &str) -> String {
    let mut sheet = Sheet::default();
    for part in parts(text) {
        sheet.take(part);
    }
    sheet.out.truncate(sheet.out.trim_end().len());
    sheet.out
}

/// Text that is no markup, on one line. A colon can only begin an address where letters or slashes follow it.
pub fn escaped(words: &str) -> String {
    // Where dollars mean mathematics, they would swallow the marks of a code span.
    let text = text::markdown(words).replace('$', "\\$");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(place) = rest.find("\\:") {
        let next = rest[place + 2..].chars().next();
        let plain = place + out.len() > 0 && next.is_none_or(|c| c == ' ' || c.is_ascii_digit());
        out.extend([&rest[..place], if plain { ":" } else { "\\:" }]);
        rest = &rest[place + 2..];
    }
    out.push_str(rest);
    out
}

/// Where the next character goes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// To the beginning of a block.
    #[default]
    Fresh,
    Inline,
    /// Behind a block.
    After,
}

struct List {
    number: Option<u64>,
    mark: char,
    items: usize,
}

#[derive(Default)]
struct Sheet {
    out: String,
    place: Place,
    /// What each line of the open quotes and items begins with.
    prefixes: Vec<String>,
    lists: Vec<List>,
    /// An empty line is due before the next item.
    loose: bool,
    /// The mark of the list that has just ended: the next one needs another.
    ended: Option<char>,
    /// Within a table or a heading all is on one line.
    one_line: bool,
    columns: Vec<Alignment>,
    in_head: bool,
    column: usize,
    cell: usize,
    code: Option<String>,
    link: usize,
    /// Where the texts of the open marks begin.
    marks: Vec<usize>,
    /// White space would be taken for the end of a mark.
    trim: bool,
}

impl Sheet {
    fn take(&mut self, part: Part) {
        match part {
            Part::Open(piece) => self.open(piece),
            Part::Close(piece) => self.close(piece),
            Part::Text(text) => match &mut self.code {
                Some(code) => code.push_str(&text),
                None => self.text(&text),
            },
            Part::Code(text) => self.code_span(&text),
            Part::Break => self.line_break(),
            Part::Rule => {
                self.block(true);
                self.out.push_str("___");
                self.place = Place::After;
            }
            Part::Task(done) => {
                self.inline();
                self.out.push_str(if done { "[x] " } else { "[ ] " });
            }
        }
    }

    fn new_line(&mut self, blank: bool) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
        let prefix = self.prefixes.concat();
        if blank {
            self.out.push_str(prefix.trim_end());
            self.out.push('\n');
        }
        self.out.push_str(&prefix);
        self.loose = false;
    }

    fn block(&mut self, blank: bool) {
        if self.place != Place::Fresh {
            self.new_line(blank);
        }
        self.place = Place::Fresh;
        self.ended = None;
    }

    fn inline(&mut self) {
        if self.place == Place::After {
            self.block(true);
        }
        if self.place == Place::Fresh {
            self.trim = true;
        }
        self.place = Place::Inline;
    }

    fn line_break(&mut self) {
        if self.place != Place::Inline {
            return;
        }
        if self.one_line {
            self.out.push(' ');
            return;
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push_str("  \n");
        let prefix = self.prefixes.concat();
        self.out.push_str(&prefix);
        self.trim = true;
    }

    fn text(&mut self, words: &str) {
        let fresh = self.place != Place::Inline || self.trim;
        let body = words.trim_start();
        if fresh && body.is_empty() {
            return;
        }
        self.inline();
        if !self.trim && body.len() < words.len() {
            self.out.push(' ');
        }
        self.trim = false;
        let kept = body.trim_end();
        self.out.push_str(&escaped(kept));
        if kept.len() < body.len() {
            self.out.push(' ');
        }
    }

    fn code_span(&mut self, code: &str) {
        // Pipes end cells even within code.
        if self.one_line && code.contains('|') {
            return self.text(code);
        }
        self.inline();
        self.trim = false;
        let marks = "`".repeat(longest_run(code) + 1);
        let edge = |c: char| c == '`' || c == ' ';
        let pad = if code.starts_with(edge) || code.ends_with(edge) { " " } else { "" };
        self.out.extend([&marks, pad, code, pad, &marks]);
    }

    fn mark(&mut self, mark: &str) {
        self.inline();
        self.out.push_str(mark);
        self.marks.push(self.out.len());
        self.trim = true;
    }

    /// Marks around nothing would be others: two pairs of tildes open a fence.
    fn close_mark(&mut self, mark: &str) {
        let start = self.marks.pop().unwrap_or_default();
        let end = self.out.trim_end_matches(' ').len();
        if end <= start {
            self.out.truncate(start.saturating_sub(mark.len()));
            self.trim = true;
        } else {
            self.end_inline(mark);
        }
    }

    /// White space goes behind the mark.
    fn end_inline(&mut self, mark: &str) {
        let end = self.out.trim_end_matches(' ').len();
        let space = end < self.out.len();
        self.out.truncate(end);
        self.out.push_str(mark);
        if space {
            self.out.push(' ');
        }
        self.trim = false;
    }

    fn open(&mut self, piece: Piece) {
        match piece {
            Piece::Paragraph => self.block(true),
            Piece::Heading(level) => {
                self.block(true);
                self.out.push_str(&"#".repeat(usize::from(level)));
                self.out.push(' ');
                self.one_line = true;
            }
            Piece::Quote => {
                self.block(true);
                self.out.push_str("> ");
                self.prefixes.push("> ".to_owned());
            }
            Piece::Code(_) => {
                self.block(true);
                self.code = Some(String::new());
            }
            Piece::List(start) => self.open_list(start),
            Piece::Item => self.open_item(),
            Piece::Table(columns) => {
                self.block(true);
                self.columns = columns;
                self.one_line = true;
            }
            Piece::Head | Piece::Row => {
                self.in_head = piece == Piece::Head;
                self.block(false);
                self.column = 0;
                self.out.push('|');
                self.place = Place::Inline;
            }
            Piece::Cell => {
                self.cell = self.out.len();
                self.column += 1;
                self.out.push(' ');
                self.trim = true;
            }
            Piece::Emphasis => self.mark("*"),
            Piece::Strong => self.mark("**"),
            Piece::Struck => self.mark("~~"),
            Piece::Link(_) => self.open_link(),
        }
    }

    fn open_list(&mut self, start: Option<u64>) {
        let (mark, other) = if start.is_some() { ('.', ')') } else { ('-', '*') };
        let mark = if self.ended == Some(mark) { other } else { mark };
        // A list in an item goes on with the item's text.
        let blank = self.lists.is_empty() || self.place == Place::After;
        self.block(blank);
        self.lists.push(List { number: start, mark, items: 0 });
    }

    fn open_item(&mut self) {
        let loose = self.loose;
        let Some(list) = self.lists.last_mut() else { return };
        let mark = match &mut list.number {
            Some(number) => {
                let mark = format!("{}{} ", (*number).min(999_999_999), list.mark);
                *number = number.saturating_add(1);
                mark
            }
            None => format!("{} ", list.mark),
        };
        list.items += 1;
        if list.items > 1 {
            self.new_line(loose);
        }
        self.prefixes.push(" ".repeat(mark.len()));
        self.out.push_str(&mark);
        self.place = Place::Fresh;
        self.loose = false;
        self.ended = None;
    }

    /// An exclamation mark before a link would make a picture of it.
    fn open_link(&mut self) {
        self.inline();
        if self.out.ends_with('!') {
            self.out.pop();
            self.out.push_str("\\!");
        }
        self.out.push('[');
        self.link = self.out.len();
        self.trim = true;
    }

    fn close(&mut self, piece: Piece) {
        match piece {
            Piece::Paragraph => self.end_block(true),
            Piece::Heading(_) => {
                self.one_line = false;
                self.end_block(true);
            }
            Piece::Quote => {
                self.prefixes.pop();
                self.end_block(true);
            }
            Piece::Code(language) => self.close_code(&language),
            Piece::List(_) => {
                let mark = self.lists.pop().map(|list| list.mark);
                let outermost = self.lists.is_empty();
                self.end_block(outermost);
                self.ended = mark;
            }
            Piece::Item => {
                self.prefixes.pop();
                let loose = self.loose;
                self.end_block(loose);
            }
            Piece::Table(_) => {
                self.one_line = false;
                self.end_block(true);
            }
            Piece::Head => self.close_head(),
            Piece::Row => self.place = Place::After,
            Piece::Cell if self.column > WIDEST && !self.in_head && self.out.len() == self.cell + 1 => {
                self.out.truncate(self.cell)
            }
            Piece::Cell => self.end_inline(" |"),
            Piece::Emphasis => self.close_mark("*"),
            Piece::Strong => self.close_mark("**"),
            Piece::Struck => self.close_mark("~~"),
            Piece::Link(address) => self.close_link(&address),
        }
    }

    fn end_block(&mut self, loose: bool) {
        self.place = Place::After;
        self.loose = loose;
        self.trim = false;
    }

    fn close_head(&mut self) {
        self.new_line(false);
        self.out.push('|');
        for column in self.columns.iter().take(self.column) {
            self.out.push_str(match column {
                Alignment::Right => " --: |",
                Alignment::Center => " :-: |",
                Alignment::Left | Alignment::None => " --- |",
            });
        }
        self.place = Place::After;
    }

    fn close_code(&mut self, language: &str) {
        let code = self.code.take().unwrap_or_default();
        let fence = "`".repeat((longest_run(&code) + 1).max(3));
        let prefix = self.prefixes.concat();
        self.out.extend([fence.as_str(), language]);
        for line in code.lines() {
            self.out.extend(["\n", prefix.as_str(), line]);
        }
        self.out.extend(["\n", prefix.as_str(), fence.as_str()]);
        self.end_block(true);
    }

    fn close_link(&mut self, address: &str) {
        if self.out.len() == self.link {
            self.trim = true;
            self.text(address);
        }
        self.end_inline("](<");
        self.out.truncate(self.out.trim_end_matches(' ').len());
        for c in address.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' | '>' | '\\' | '|' | '`' | '"' => self.out.push_str(&format!("%{:02X}", u32::from(c))),
                c => self.out.push(c),
            }
        }
        self.out.push_str(">)");
    }
}

fn longest_run(code: &str) -> usize {
    code.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

//! Prose as HTML.
use super::{Part, Piece, WIDEST, address_of, parts};
use maud::{Markup, PreEscaped};
use pulldown_cmark::Alignment;

/// The user's Markdown as HTML without anything that runs, loads or looks like the document's own structure.
pub fn html(text: &str) -> Markup {
    let mut page = Page::default();
    for part in parts(text) {
        page.take(part);
    }
    PreEscaped(page.out)
}

#[derive(Default)]
struct Page {
    out: String,
    columns: Vec<Alignment>,
    column: usize,
    /// Where the row's last cell with content ends, beyond the widest table that is filled up.
    filled: usize,
    in_head: bool,
    /// Where the text of the open link begins.
    link: usize,
    link_text: String,
}

impl Page {
    fn take(&mut self, part: Part) {
        match part {
            Part::Open(piece) => self.open(&piece),
            Part::Close(piece) => self.close(&piece),
            Part::Text(text) => self.text(&text),
            Part::Code(text) => {
                self.out.push_str("<code>");
                self.text(&text);
                self.out.push_str("</code>");
            }
            Part::Break => self.out.push_str("<br>"),
            Part::Rule => self.out.push_str("<hr>"),
            Part::Task(done) => {
                self.out.push_str(if done { r#"<span class="box">x</span>"# } else { r#"<span class="box"></span>"# })
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.link_text.push_str(text);
        escape(&mut self.out, text);
    }

    fn open(&mut self, piece: &Piece) {
        match piece {
            Piece::Code(_) => self.out.push_str("<pre><code>"),
            Piece::List(Some(start)) if *start != 1 => self.out.push_str(&format!("<ol start=\"{start}\">")),
            Piece::Table(columns) => {
                self.columns.clone_from(columns);
                self.out.push_str("<table>");
            }
            Piece::Head => {
                self.in_head = true;
                self.column = 0;
                self.out.push_str("<thead><tr>");
            }
            Piece::Row => {
                self.column = 0;
                self.out.push_str("<tr>");
            }
            Piece::Cell => self.open_cell(),
            Piece::Link(address) => {
                self.out.push_str("<a href=\"");
                escape(&mut self.out, address);
                self.out.push_str("\" rel=\"noreferrer noopener\">");
                self.link = self.out.len();
                self.link_text.clear();
            }
            piece => self.out.extend(["<", element(piece), ">"]),
        }
    }

    fn open_cell(&mut self) {
        self.filled = self.out.len();
        let alignment = match self.columns.get(self.column) {
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) => " class=\"centre\"",
            _ => "",
        };
        self.column += 1;
        self.out.extend(["<", self.cell(), alignment, ">"]);
        self.link = self.out.len();
    }

    const fn cell(&self) -> &'static str {
        if self.in_head { "th" } else { "td" }
    }

    fn close(&mut self, piece: &Piece) {
        match piece {
            Piece::Code(_) => self.out.push_str("</code></pre>"),
            Piece::Table(_) => self.out.push_str("</tbody></table>"),
            Piece::Head => {
                self.in_head = false;
                self.out.push_str("</tr></thead><tbody>");
            }
            Piece::Row => self.out.push_str("</tr>"),
            Piece::Cell if self.column > WIDEST && !self.in_head && self.out.len() == self.link => self.out.truncate(self.filled),
            Piece::Cell => self.out.extend(["</", self.cell(), ">"]),
            Piece::Link(address) => self.close_link(address),
            piece => self.out.extend(["</", element(piece), ">"]),
        }
        if matches!(piece, Piece::Paragraph | Piece::Heading(_) | Piece::Item | Piece::Row | Piece::List(_)) {
            self.out.push('\n');
        }
    }

    /// Paper cannot be clicked: the address follows the text, on paper only.
    fn close_link(&mut self, address: &str) {
        if self.out.len() == self.link {
            escape(&mut self.out, address);
            self.link_text.push_str(address);
        }
        self.out.push_str("</a>");
        if let Some(address) = address_of(address, &self.link_text) {
            self.out.push_str("<span class=\"address\"> (");
            escape(&mut self.out, address);
            self.out.push_str(")</span>");
        }
    }
}

const fn element(piece: &Piece) -> &'static str {
    match piece {
        Piece::Paragraph => "p",
        Piece::Heading(4) => "h4",
        Piece::Heading(5) => "h5",
        Piece::Heading(_) => "h6",
        Piece::Quote => "blockquote",
        Piece::Code(_) => "pre",
        Piece::List(Some(_)) => "ol",
        Piece::List(None) => "ul",
        Piece::Item => "li",
        Piece::Table(_) => "table",
        Piece::Head => "thead",
        Piece::Row => "tr",
        Piece::Cell => "td",
        Piece::Emphasis => "em",
        Piece::Strong => "strong",
        Piece::Struck => "del",
        Piece::Link(_) => "a",
    }
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

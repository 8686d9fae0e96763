//! The document as a web page that is made for paper.
mod cards;
mod marks;
mod people;

use super::outline::{self, Chapter, Index, Matter};
use super::spoken::{duration, offset, short_hash, some_duration, some_offset, warning, words};
use super::{Document, STYLE, prose};
use crate::planning::text;
use marks::tick;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Empty rows of the log: with its heading they fill a page.
const LOG_ROWS: usize = 20;

/// The whole page. Needs nothing else: no script, no picture, no font from elsewhere.
pub fn html(document: &Document) -> String {
    let chapters = outline::chapters(document);
    let index = Index::new(document);
    let warning = warning(&document.status).map(|word| format!(" · {word}")).unwrap_or_default();
    let head = format!("{} · version {} · {}{warning}", document.key, document.version, words(&document.status));
    let foot = format!("SHA-256 {}… · printed {}", short_hash(&document.sha256), document.printed_at);
    let page = html! {
        (DOCTYPE)
        html lang="en" data-head=(head) data-foot=(foot) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (document.key) " version " (document.version) ": " (document.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (title(document)) }
                (contents(&chapters))
                main {
                    @for chapter in &chapters { (drawn(document, &index, chapter)) }
                }
            }
        }
    };
    text::page(page.into_string())
}

/// A link if the address is one, and text otherwise.
fn address(address: &str) -> Markup {
    html! {
        @if prose::safe(address) { a href=(address) rel="noreferrer noopener" { (address) } } @else { (address) }
    }
}

fn title(document: &Document) -> Markup {
    html! {
        @if let Some(word) = warning(&document.status) {
            p class="warning" {
                span class="word" { (word) }
                "Status: " (words(&document.status)) ". This version is not in force."
            }
        }
        div class="title" {
            p class="kind" { (document.organization) " · " (words(&document.kind)) }
            h1 { (document.title) }
            p class="copy" {
                "UNCONTROLLED COPY when printed. "
                @match &document.address {
                    Some(place) => { "The current version is at " (address(place)) }
                    None => "Compare the version before you use it.",
                }
            }
            (facts(document))
        }
        (approvals(document))
    }
}

fn facts(document: &Document) -> Markup {
    html! {
        table class="facts" { tbody {
            tr { th scope="row" { "Plan" } td { strong { (document.key) } } }
            tr { th scope="row" { "Version" } td { strong { (document.version) } } }
            tr { th scope="row" { "Status" } td { strong { (words(&document.status)) } } }
            @if let Some(owner) = &document.owner { tr { th scope="row" { "Owner" } td { (people::line(owner)) } } }
            @if let Some(site) = &document.recovery_site { tr { th scope="row" { "Recovery site" } td { (site) } } }
            @if let Some(due) = &document.review_due { tr { th scope="row" { "Review due" } td { (due) } } }
            tr { th scope="row" { "Printed" } td { (document.printed_at) } }
            tr { th scope="row" { "SHA-256" } td class="hash" { (document.sha256) } }
        } }
    }
}

fn approvals(document: &Document) -> Markup {
    html! {
        div class="together" {
            h3 { "Approvals" }
            @if document.approvals.is_empty() { p class="missing" { "Nobody has decided about this version." } } @else {
                table class="approvals" {
                    thead { tr { @for head in ["Role", "Name", "Decision", "When", "Comment"] { th scope="col" { (head) } } } }
                    tbody {
                        @for approval in &document.approvals {
                            tr {
                                td { (words(&approval.role)) }
                                td { (approval.name) }
                                td { strong { (words(&approval.decision)) } }
                                td { (approval.at) }
                                td class="lines" { (approval.comment.as_deref().unwrap_or("–")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn contents(chapters: &[Chapter<'_>]) -> Markup {
    html! {
        nav class="contents" {
            h2 { "Contents" }
            ol {
                @for chapter in chapters {
                    li {
                        span class="number" { (chapter.number) }
                        a href=(format!("#chapter-{}", chapter.number)) { (chapter.title) }
                        @if let Matter::Phase(steps) = &chapter.matter { (span(steps)) }
                    }
                }
            }
        }
    }
}

/// Which steps a phase holds.
fn span(steps: &[outline::Numbered<'_>]) -> String {
    match (steps.first(), steps.last()) {
        (Some((first, _)), Some((last, _))) if last > first => format!(" (steps {first} to {last})"),
        (Some((first, _)), _) => format!(" (step {first})"),
        _ => String::new(),
    }
}

fn drawn(document: &Document, index: &Index<'_>, chapter: &Chapter<'_>) -> Markup {
    let new_page = matches!(chapter.matter, Matter::Use | Matter::People | Matter::Overview | Matter::Log);
    html! {
        section id=(format!("chapter-{}", chapter.number)) {
            h2 class=[new_page.then_some("new-page")] { (chapter.number) " " (chapter.title) }
            @match &chapter.matter {
                Matter::Use => (told(&outline::beginning(document), true)),
                Matter::Objectives => (objectives(document, index)),
                Matter::People => (people::call_tree(document)),
                Matter::Overview => (overview(document, index)),
                Matter::Phase(steps) => @for (number, step) in steps { (cards::step(index, *number, step)) },
                Matter::Messages => (cards::messages(document)),
                Matter::Sections => @for part in &document.sections {
                    h3 { (part.title) " " span class="small" { "(" (part.key) ")" } }
                    div class="prose" { (prose::html(&part.body)) }
                },
                Matter::Background => (told(&outline::background(document), false)),
                Matter::End => (told(&outline::end(document), true)),
                Matter::Log => (log()),
            }
        }
    }
}

/// Texts under their titles; a needed one that is missing is missed aloud.
fn told(texts: &[(&str, Option<&str>)], needed: bool) -> Markup {
    html! {
        @for (title, text) in texts {
            @if needed || text.is_some() {
                h3 { (title) }
                div class="prose" {
                    @match text { Some(text) => (prose::html(text)), None => p class="missing" { "Not described." } }
                }
            }
        }
    }
}

fn objectives(document: &Document, index: &Index<'_>) -> Markup {
    html! {
        @if document.covers.is_empty() { p class="missing" { "The plan names nothing that it recovers." } } @else {
            table class="objectives" {
                thead { tr { @for head in ["Recovered", "Objective (RTO)", "Planned", "Verdict"] { th scope="col" { (head) } } } }
                tbody {
                    @for covered in &document.covers {
                        tr {
                            td { strong { (covered.name) } br; span class="small" { (words(&covered.kind)) " " (covered.key) } }
                            td { (some_duration(covered.rto_seconds)) }
                            td { (some_duration(covered.planned_seconds)) }
                            td { strong { (words(&covered.verdict)) } }
                        }
                    }
                }
            }
        }
        @if let Some(planned) = document.planned_seconds {
            p {
                "From the invocation to the end of the last step: " strong { (duration(planned)) }
                @if let Some(least) = document.unlimited_seconds { " (" (duration(least)) " if nobody had to wait for people)" }
                "."
            }
        }
        @if !document.critical_path.is_empty() {
            p {
                "A delay of any of these steps delays the recovery: "
                strong { (cards::references(index, &document.critical_path)) }
                "."
            }
        }
        @if !document.scenarios.is_empty() {
            h3 { "Made for these scenarios" }
            ul { @for scenario in &document.scenarios { li { (scenario) } } }
        }
    }
}

fn overview(document: &Document, index: &Index<'_>) -> Markup {
    html! {
        @if index.steps.is_empty() { p class="missing" { "No steps are described." } } @else {
            p { "Clock times count from the invocation." }
            (cards::by_hand(["Invoked on (date)", "At (time)", "By", "Log kept by"]))
            table class="overview" {
                thead { tr {
                    @for head in ["Done", "Step", "Start", "Takes", "What", "After", "Who"] { th scope="col" { (head) } }
                } }
                tbody {
                    @for (number, step) in &index.steps {
                        tr {
                            td class="centre" { (tick()) }
                            td class="right" { a href=(format!("#step-{number}")) { (number) } }
                            td class="right" { (some_offset(step.earliest_seconds)) }
                            td { (some_duration(step.expected_seconds)) }
                            td { (step.title) @if step.critical { strong { " – CRITICAL" } } }
                            td { (cards::numbers(index, &step.after)) }
                            td { (step.responsible) }
                        }
                    }
                }
            }
            @if let Some(planned) = document.planned_seconds { p { "Planned end: " strong { (offset(planned)) } } }
        }
    }
}

fn log() -> Markup {
    html! {
        table class="log" {
            thead { tr {
                th scope="col" class="when" { "Time" }
                th scope="col" { "What happened, what was decided" }
                th scope="col" class="who" { "Initials" }
            } }
            tbody { @for _ in 0..LOG_ROWS { tr { td {} td {} td {} } } }
        }
    }
}

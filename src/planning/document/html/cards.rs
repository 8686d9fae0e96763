//! Steps and messages: one card each, with room for what is written by hand.
use super::super::outline::Index;
use super::super::spoken::{some_duration, some_offset, words};
use super::super::{Document, Message, Step, prose};
use super::marks::tick;
use maud::{Markup, html};

/// A step.
pub fn step(index: &Index<'_>, number: usize, step: &Step) -> Markup {
    html! {
        section id=(format!("step-{number}")) class=(if step.critical { "card critical" } else { "card" }) {
            h3 {
                (tick()) (number) " " (step.title)
                @if step.critical { " " span class="mark" { "CRITICAL" } }
                @if step.automated { " " span class="mark" { "AUTOMATED" } }
                " " span class="key" { (step.key) }
            }
            table class="times" { tbody {
                tr {
                    th scope="row" { "Start" } td { (some_offset(step.earliest_seconds)) }
                    th scope="row" { "Takes" } td { (some_duration(step.expected_seconds)) }
                    th scope="row" { "Who" } td { (step.responsible) }
                }
                tr {
                    th scope="row" { "After" }
                    td colspan="5" {
                        @if step.after.is_empty() { "Nothing: can start at once" } @else { (references(index, &step.after)) }
                    }
                }
            } }
            div class="prose" { (prose::html(&step.instruction)) }
            dl {
                @if let Some(check) = &step.verification { dt { "Done when" } dd class="lines" { (check) } }
                @if !step.recovers.is_empty() { dt { "Recovers" } dd { strong { (step.recovers.join(", ")) } } }
                @if !step.used_in.is_empty() { dt { "Used in" } dd { (words(&step.used_in)) } }
            }
            (by_hand(["Started", "Ended", "Initials", "Remarks"]))
        }
    }
}

/// Empty fields.
pub fn by_hand(fields: [&str; 4]) -> Markup {
    html! { table class="hand" { tbody { tr { @for field in fields { td { (field) } } } } } }
}

/// All messages.
pub fn messages(document: &Document) -> Markup {
    html! { @for one in &document.communications { (message(one)) } }
}

fn message(message: &Message) -> Markup {
    html! {
        section class="card" {
            h3 { (tick()) (message.audience) " " span class="key" { (message.key) } }
            dl {
                dt { "When" } dd { strong { (message.trigger) } }
                dt { "Through" } dd { (message.channel) }
            }
            div class="prose words" { (prose::html(&message.template)) }
            (by_hand(["Sent at", "By", "Initials", "Remarks"]))
        }
    }
}

/// Steps by number and title.
pub fn references(index: &Index<'_>, keys: &[String]) -> Markup {
    html! {
        @for (place, key) in keys.iter().enumerate() {
            @if place > 0 { ", " }
            @match index.find(key) {
                Some((number, step)) => { a href=(format!("#step-{number}")) { (number) " " (step.title) } }
                None => (key),
            }
        }
    }
}

/// Steps by number alone.
pub fn numbers(index: &Index<'_>, keys: &[String]) -> Markup {
    html! {
        @if keys.is_empty() { "–" }
        @for (place, key) in keys.iter().enumerate() {
            @if place > 0 { ", " }
            @match index.find(key) {
                Some((number, _)) => { a href=(format!("#step-{number}")) { (number) } }
                None => (key),
            }
        }
    }
}

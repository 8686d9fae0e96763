//! Whom to call, in letters that can be read in poor light.
use super::super::{Document, Member, Person};
use super::marks::tick;
use maud::{Markup, html};

/// Name, numbers and address in one line.
pub fn line(person: &Person) -> Markup {
    html! {
        (person.name) " (" (person.key) ")"
        @for number in &person.phones { " · " strong { (phone(number)) } }
        @if let Some(email) = &person.email { " · " (mail(email)) }
    }
}

/// Who calls whom: from the top to the bottom, and the deputy of whoever does not answer.
pub fn call_tree(document: &Document) -> Markup {
    let Some((first, others)) = document.team.split_first() else {
        return html! { p class="missing" { "The plan names no team." } };
    };
    html! {
        p {
            "Whoever invokes the plan calls the first role, " strong { (first.role) }
            @if !others.is_empty() { ", who calls all others, from the top to the bottom" }
            "."
            " Call the deputy of whoever does not answer, and write down whom you reached, and when."
        }
        table class="people" {
            thead { tr { @for head in ["", "Role", "Person", "Deputy", "Reached at"] { th scope="col" { (head) } } } }
            tbody { @for member in &document.team { (row(member)) } }
        }
    }
}

fn row(member: &Member) -> Markup {
    html! {
        tr {
            td class="centre" { (tick()) }
            td { strong { (member.role) } }
            td { (card(member.person.as_ref(), "NOBODY NAMED")) }
            td { (card(member.deputy.as_ref(), "No deputy")) }
            td {}
        }
    }
}

fn card(person: Option<&Person>, missing: &str) -> Markup {
    let Some(person) = person else { return html! { span class="missing" { (missing) } } };
    html! {
        span class="name" { (person.name) }
        @for number in &person.phones { span class="phone" { (phone(number)) } }
        @if person.phones.is_empty() { span class="missing" { "No phone number" } br; }
        span class="small" {
            @if let Some(email) = &person.email { (mail(email)) br; }
            @if let Some(channel) = &person.channel { (channel) br; }
            (person.key)
        }
    }
}

/// A number to touch on a telephone; letters in it are only told.
fn phone(number: &str) -> Markup {
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    let dialled = !digits.is_empty() && number.chars().all(|c| c.is_ascii_digit() || "+-./() ".contains(c));
    html! {
        @if dialled { a href=(format!("tel:{digits}")) { (number) } } @else { (number) }
    }
}

fn mail(email: &str) -> Markup {
    let plain = email.contains('@') && email.chars().all(|c| c.is_ascii_alphanumeric() || "@.+-_".contains(c));
    html! {
        @if plain { a href=(format!("mailto:{email}")) { (email) } } @else { (email) }
    }
}

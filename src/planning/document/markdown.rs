//! The document as Markdown: the same chapters, for wikis and repositories.
use super::outline::{self, Chapter, Index, Matter, Numbered};
use super::spoken::{duration, offset, some_duration, some_offset, warning, words};
use super::{Covered, Document, Member, Message, Person, Step, prose};
use std::fmt::Write;

/// The whole text. Plain fields are escaped; the users' Markdown is written anew and cannot leave its place.
pub fn markdown(document: &Document) -> String {
    let index = Index::new(document);
    let mut out = String::new();
    title(&mut out, document);
    for chapter in outline::chapters(document) {
        if matches!(chapter.matter, Matter::Log) {
            // Nobody writes by hand into a file.
            continue;
        }
        let _ = write!(out, "\n## {} {}\n", chapter.number, plain(&chapter.title));
        matter(&mut out, document, &index, &chapter);
    }
    crate::planning::text::page(out)
}

/// Text on one line: a line end could begin something else.
fn plain(words: &str) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = words.chars().map(visible).collect();
    prose::escaped(line.trim())
}

fn paragraph(out: &mut String, told: &str) {
    let _ = write!(out, "\n{told}\n");
}

fn row<'a>(out: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    out.push('|');
    for cell in cells {
        let _ = write!(out, " {cell} |");
    }
    out.push('\n');
}

fn head<const N: usize>(out: &mut String, cells: [&str; N]) {
    out.push('\n');
    row(out, cells);
    row(out, ["---"; N]);
}

fn title(out: &mut String, document: &Document) {
    let _ = writeln!(out, "# {}", plain(&document.title));
    if let Some(word) = warning(&document.status) {
        paragraph(out, &format!("**{word}** – this version is not in force."));
    }
    paragraph(out, "**UNCONTROLLED COPY when printed**");
    head(out, ["Plan", &plain(&document.key)]);
    let mut fact = |name: &str, told: &str| row(out, [name, told]);
    fact("Version", &document.version.to_string());
    fact("Status", &plain(&words(&document.status)));
    fact("Kind", &plain(&words(&document.kind)));
    fact("Organisation", &plain(&document.organization));
    if let Some(owner) = &document.owner {
        fact("Owner", &person(owner));
    }
    let told = [
        ("Recovery site", &document.recovery_site),
        ("Review due", &document.review_due),
        ("Current version", &document.address),
    ];
    for (name, text) in told {
        if let Some(text) = text {
            fact(name, &plain(text));
        }
    }
    fact("Printed", &plain(&document.printed_at));
    fact("SHA-256", &plain(&document.sha256));
    approvals(out, document);
}

fn approvals(out: &mut String, document: &Document) {
    if document.approvals.is_empty() {
        return paragraph(out, "Nobody has decided about this version.");
    }
    head(out, ["Role", "Name", "Decision", "When", "Comment"]);
    for one in &document.approvals {
        let comment = one.comment.as_deref().unwrap_or("–");
        let cells = [&words(&one.role), &one.name, &words(&one.decision), &one.at, comment].map(plain);
        row(out, cells.iter().map(String::as_str));
    }
}

fn person(person: &Person) -> String {
    let mut told = vec![format!("{} ({})", plain(&person.name), plain(&person.key))];
    told.extend(person.phones.iter().map(|number| format!("**{}**", plain(number))));
    told.extend(person.email.iter().chain(&person.channel).map(|one| plain(one)));
    told.join(", ")
}

fn matter(out: &mut String, document: &Document, index: &Index<'_>, chapter: &Chapter<'_>) {
    match &chapter.matter {
        Matter::Use => texts(out, &outline::beginning(document), true),
        Matter::Objectives => objectives(out, document, index),
        Matter::People => people(out, &document.team),
        Matter::Overview => overview(out, document, index),
        Matter::Phase(steps) => steps.iter().for_each(|(number, one)| step(out, index, *number, one)),
        Matter::Messages => document.communications.iter().for_each(|one| message(out, one)),
        Matter::Sections => {
            for part in &document.sections {
                let _ = write!(out, "\n### {} ({})\n", plain(&part.title), plain(&part.key));
                written(out, &part.body);
            }
        }
        Matter::Background => texts(out, &outline::background(document), false),
        Matter::End => texts(out, &outline::end(document), true),
        Matter::Log => {}
    }
}

/// The users' own Markdown.
fn written(out: &mut String, text: &str) {
    let text = prose::markdown(text);
    if !text.is_empty() {
        paragraph(out, &text);
    }
}

fn texts(out: &mut String, texts: &[(&str, Option<&str>)], needed: bool) {
    for (title, text) in texts {
        if needed || text.is_some() {
            let _ = write!(out, "\n### {title}\n");
            match text {
                Some(text) => written(out, text),
                None => paragraph(out, "Not described."),
            }
        }
    }
}

fn objectives(out: &mut String, document: &Document, index: &Index<'_>) {
    if document.covers.is_empty() {
        paragraph(out, "The plan names nothing that it recovers.");
    } else {
        head(out, ["Recovered", "Objective (RTO)", "Planned", "Verdict"]);
    }
    for Covered { kind, key, name, rto_seconds, planned_seconds, verdict } in &document.covers {
        let what = format!("**{}** ({} {})", plain(name), plain(&words(kind)), plain(key));
        let (objective, planned) = (some_duration(*rto_seconds), some_duration(*planned_seconds));
        row(out, [what.as_str(), &objective, &planned, &plain(&words(verdict))]);
    }
    if let Some(planned) = document.planned_seconds {
        let mut told = format!("From the invocation to the end of the last step: **{}**", duration(planned));
        if let Some(least) = document.unlimited_seconds {
            let _ = write!(told, " ({} if nobody had to wait for people)", duration(least));
        }
        paragraph(out, &format!("{told}."));
    }
    if !document.critical_path.is_empty() {
        let path = references(index, &document.critical_path);
        paragraph(out, &format!("A delay of any of these steps delays the recovery: {path}."));
    }
    if !document.scenarios.is_empty() {
        paragraph(out, "### Made for these scenarios");
        out.push('\n');
        document.scenarios.iter().for_each(|scenario| {
            let _ = writeln!(out, "- {}", plain(scenario));
        });
    }
}

fn people(out: &mut String, team: &[Member]) {
    let Some((first, others)) = team.split_first() else { return paragraph(out, "The plan names no team.") };
    let first = plain(&first.role);
    let others = if others.is_empty() { "" } else { ", who calls all others, from the top to the bottom" };
    let told = format!(
        "Whoever invokes the plan calls the first role, **{first}**{others}. Call the deputy of whoever does not answer."
    );
    paragraph(out, &told);
    head(out, ["Role", "Person", "Deputy"]);
    for member in team {
        let name = |one: &Option<Person>, missing: &str| one.as_ref().map_or_else(|| missing.to_owned(), person);
        let (main, deputy) = (name(&member.person, "**NOBODY NAMED**"), name(&member.deputy, "No deputy"));
        row(out, [plain(&member.role).as_str(), &main, &deputy]);
    }
}

fn overview(out: &mut String, document: &Document, index: &Index<'_>) {
    if index.steps.is_empty() {
        return paragraph(out, "No steps are described.");
    }
    paragraph(out, "Clock times count from the invocation.");
    head(out, ["Step", "Start", "Takes", "What", "After", "Who"]);
    for (number, step) in &index.steps {
        let critical = if step.critical { " – **CRITICAL**" } else { "" };
        let what = format!("{}{critical}", plain(&step.title));
        let after: Vec<String> = step.after.iter().map(|key| number_of(index, key)).collect();
        let after = if after.is_empty() { "–".to_owned() } else { after.join(", ") };
        let (start, takes) = (some_offset(step.earliest_seconds), some_duration(step.expected_seconds));
        row(out, [number.to_string().as_str(), &start, &takes, &what, &after, &plain(&step.responsible)]);
    }
    if let Some(planned) = document.planned_seconds {
        paragraph(out, &format!("Planned end: **{}**", offset(planned)));
    }
}

fn number_of(index: &Index<'_>, key: &str) -> String {
    index.find(key).map_or_else(|| plain(key), |(number, _)| number.to_string())
}

fn references(index: &Index<'_>, keys: &[String]) -> String {
    let told = |(number, step): Numbered<'_>| format!("{number} {}", plain(&step.title));
    let all: Vec<String> = keys.iter().map(|key| index.find(key).map_or_else(|| plain(key), told)).collect();
    all.join(", ")
}

fn step(out: &mut String, index: &Index<'_>, number: usize, step: &Step) {
    let mut marks = String::new();
    for (marked, word) in [(step.critical, " – CRITICAL"), (step.automated, " – AUTOMATED")] {
        marks.push_str(if marked { word } else { "" });
    }
    let _ = write!(out, "\n### {number} {}{marks} ({})\n", plain(&step.title), plain(&step.key));
    let mut facts = Vec::new();
    let mut fact = |name: &str, told: &str| facts.push(format!("**{name}:** {told}"));
    let (start, takes) = (some_offset(step.earliest_seconds), some_duration(step.expected_seconds));
    fact("Start", &format!("{start}, takes {takes}"));
    fact("Who", &plain(&step.responsible));
    let after = references(index, &step.after);
    fact("After", if after.is_empty() { "nothing: can start at once" } else { &after });
    if let Some(check) = &step.verification {
        fact("Done when", &plain(check));
    }
    if !step.recovers.is_empty() {
        fact("Recovers", &plain(&step.recovers.join(", ")));
    }
    if !step.used_in.is_empty() {
        fact("Used in", &plain(&words(&step.used_in)));
    }
    // Not a list: a list of the instruction would go on with it.
    paragraph(out, &facts.join("  \n"));
    written(out, &step.instruction);
}

fn message(out: &mut String, message: &Message) {
    let _ = write!(out, "\n### {} ({})\n", plain(&message.audience), plain(&message.key));
    paragraph(out, &format!("**When:** {}  \n**Through:** {}", plain(&message.trigger), plain(&message.channel)));
    written(out, &message.template);
}

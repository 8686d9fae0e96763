//! A plan whose every word wants to be something else.
use super::super::{Approval, Covered, Document, Member, Message, Person, Section, Step};

/// What has broken out of documents before.
pub const TEXTS: [&str; 36] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg/onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title></td></table></section></body><h1>forged</h1>",
    "-->",
    "<!-- never closed",
    "<![CDATA[ never closed",
    "<?php never closed",
    "[click](javascript:alert(1))",
    "[click](&#106;avascript:alert(1))",
    "[click](java&#9;script:alert(1))",
    "[click](<java\tscript:alert(1)>)",
    "[click](JaVaScRiPt&colon;alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click][a]\n\n[a]: vbscript:x",
    "[ok](https://x.example/\"onmouseover=\"alert(1) \"title\")",
    "[ok](https://x.example/?a=1&amp;b=<>|`\\)",
    "![x](http://tracker.example/a.png)",
    "![](http://tracker.example/a.png)",
    "\\![x](https://x.example/y)",
    "[![x](http://tracker.example/a.png)](http://x.example)",
    "<https://x.example/auto> <javascript:alert(1)> <a@x.example>",
    "```html\nnever closed <script>",
    "~~~\nnever closed",
    "# forged\n\n## forged\n\nforged\n===\n\nforged\n---",
    "a&#13;# forged&#10;# forged&#13;---&#10;===",
    "a\r# forged\r\n## forged\r---",
    "> quote\n# forged\n\n- item\n# forged\n\n    # code",
    "| a | b |\n|---|---|\n| <b>x</b> | `a\\|b` |\n| # | ~~~ |",
    "&lt;script&gt; &#60;script&#62; &#32;&#32;&#32;&#32;code &#96;&#96;&#96;",
    "1 $$ 2 `` a_$<b>`|<b> `` 3 $ 4",
    "~~&#32;~~{#a}#\n_]: ~~*&#32;*~~\n***&#32;***",
    "~~a ~b~~~~ ~~~~x~~~~ *a***b** ***c*** __d__",
    "- - - 1. 1) > # deep\n\n1. a\n1) b\n* c\n- d\n- [ ] t\n- [x] u",
    "a\u{0}b\u{1b}c\u{202e}d | e \\",
];

fn person(text: &str) -> Option<Person> {
    let text = text.to_owned();
    Some(Person {
        name: text.clone(),
        key: text.clone(),
        email: Some(text.clone()),
        phones: vec![text.clone(), "+49 171 555 0112".into()],
        channel: Some(text),
    })
}

/// A plan that says the same everywhere.
pub fn plan(text: &str) -> Document {
    let own = || text.to_owned();
    let told = || Some(text.to_owned());
    let step = Step {
        key: own(),
        phase: own(),
        title: own(),
        instruction: own(),
        responsible: own(),
        after: vec![own(), "unknown".into()],
        critical: true,
        automated: true,
        used_in: own(),
        recovers: vec![own()],
        verification: told(),
        ..Step::default()
    };
    Document {
        organization: own(),
        key: own(),
        title: own(),
        kind: own(),
        version: 1,
        status: own(),
        sha256: own(),
        printed_at: own(),
        address: told(),
        owner: person(text),
        covers: vec![Covered { kind: own(), key: own(), name: own(), verdict: own(), ..Covered::default() }],
        scenarios: vec![own()],
        recovery_site: told(),
        review_due: told(),
        approvals: vec![Approval { role: own(), name: own(), decision: own(), comment: told(), at: own() }],
        objectives: told(),
        scope: told(),
        assumptions: told(),
        activation_criteria: told(),
        deactivation_criteria: told(),
        who_may_invoke: told(),
        success_criteria: told(),
        sections: vec![Section { key: own(), title: own(), body: own() }],
        team: vec![Member { role: own(), person: person(text), deputy: person(text) }; 2],
        communications: vec![Message { key: own(), audience: own(), channel: own(), trigger: own(), template: own() }],
        steps: vec![step],
        planned_seconds: Some(60),
        unlimited_seconds: None,
        critical_path: vec![own()],
    }
}

//! A flooded data centre, as somebody could really have planned for it.
use super::super::{Approval, Covered, Document, Member, Message, Person, Section, Step};

fn person(name: &str, key: &str, phones: &[&str]) -> Person {
    let mail = name.to_lowercase().replace(' ', ".");
    Person {
        name: name.into(),
        key: key.into(),
        email: Some(format!("{mail}@harbour-bank.example")),
        phones: phones.iter().map(ToString::to_string).collect(),
        channel: Some("Signal group “Crisis IT”".into()),
    }
}

fn member(role: &str, person: Option<Person>, deputy: Option<Person>) -> Member {
    Member { role: role.into(), person, deputy }
}

fn team() -> Vec<Member> {
    let one = |name, key, phone| Some(person(name, key, &[phone]));
    vec![
        member(
            "Recovery manager",
            Some(person("Mariam Okafor", "CNT-OKAFOR", &["+49 40 5550 1200", "+49 171 555 0112"])),
            one("Jonas Petersen", "CNT-PETERSEN", "+49 171 555 0113"),
        ),
        member(
            "Facilities lead",
            one("Heinrich Voss", "CNT-VOSS", "+49 171 555 0120"),
            one("Aylin Demir", "CNT-DEMIR", "+49 171 555 0121"),
        ),
        member(
            "Network lead",
            one("Sofia Lindqvist", "CNT-LINDQVIST", "+49 171 555 0130"),
            one("Pavel Novák", "CNT-NOVAK", "+49 171 555 0131"),
        ),
        member(
            "Storage and backup lead",
            one("Thabo Nkosi", "CNT-NKOSI", "+49 171 555 0140"),
            one("Elisabeth von Hohenberg-Schwarzenfels", "CNT-HOHENBERG", "+49 171 555 0141"),
        ),
        member(
            "Database lead",
            one("Grace Chen", "CNT-CHEN", "+49 171 555 0150"),
            Some(Person { name: "Database on call".into(), key: "CNT-DBA".into(), ..Person::default() }),
        ),
        member("Communications lead", one("Rui Tavares", "CNT-TAVARES", "+49 171 555 0160"), None),
    ]
}

struct Timing(i64, i64);

fn step(key: &str, phase: &str, title: &str, who: &str, time: &Timing, after: &[&str], instruction: &str) -> Step {
    Step {
        key: format!("STP-{key}"),
        phase: phase.into(),
        title: title.into(),
        instruction: instruction.into(),
        responsible: who.into(),
        after: after.iter().map(|key| format!("STP-{key}")).collect(),
        expected_seconds: Some(time.1 * 60),
        earliest_seconds: Some(time.0 * 60),
        used_in: "emergency and exercise".into(),
        ..Step::default()
    }
}

fn first_steps() -> Vec<Step> {
    let (manager, facilities) = ("Recovery manager", "Facilities lead");
    vec![
        Step {
            critical: true,
            verification: Some("The time of the invocation is on page 1 of the log.".into()),
            ..step(
                "INVOKE",
                "emergency_response",
                "Invoke the plan and open the bridge",
                manager,
                &Timing(0, 10),
                &[],
                "Say: **“I invoke PLN-DC-NORTH.”** Write the time down.\n\n1. Open the bridge: `+49 40 5550 9000`, PIN on the card in the red folder\n2. Call the team (chapter 3)\n3. Name somebody to keep the log",
            )
        },
        Step {
            critical: true,
            verification: Some("Voss or Demir confirms by phone that nobody is inside.".into()),
            ..step(
                "CLEAR",
                "emergency_response",
                "Clear the building",
                facilities,
                &Timing(10, 15),
                &["INVOKE"],
                "Nobody goes below ground level. Water and 400 V do not mix.\n\n> People first. No equipment is worth a life.",
            )
        },
        step(
            "POWER",
            "emergency_response",
            "Cut the power of the basement",
            facilities,
            &Timing(25, 10),
            &["CLEAR"],
            "Switches **Q1** and **Q2** in the meter room on the *ground floor*. If the door is wet, call the utility: [emergency line](tel:+49405550777).",
        ),
        Step {
            critical: true,
            ..step(
                "ASSESS",
                "assessment",
                "Assess the damage",
                facilities,
                &Timing(25, 30),
                &["CLEAR"],
                "| Water level | Meaning | Decision |\n|---|---|---|\n| below 20 cm | raised floor wet | pumps, stay |\n| 20 to 60 cm | lower third of the racks lost | fail over |\n| above 60 cm | site lost | fail over, call the insurer |",
            )
        },
        Step {
            critical: true,
            verification: Some("Decision and time are in the log.".into()),
            ..step(
                "DECIDE",
                "assessment",
                "Decide on the failover",
                manager,
                &Timing(55, 15),
                &["ASSESS"],
                "Decide with the CIO or the deputy. **Without an answer within 10 minutes the recovery manager decides alone.**\n\n- [ ] Water above 20 cm, or rising\n- [ ] Power out for more than one hour\n- [ ] Replication healthy at the last check",
            )
        },
    ]
}

fn failover() -> Vec<Step> {
    let network = "Network lead";
    vec![
        Step {
            critical: true,
            ..step(
                "FENCE",
                "failover",
                "Fence the north site",
                network,
                &Timing(70, 10),
                &["DECIDE"],
                "So that no half-dead system writes on:\n\n```\nssh edge-1.south\nconfigure terminal\n  route-map NORTH-IN deny 10\n  router bgp 65010\n    neighbor 192.0.2.1 shutdown\ncommit\n```",
            )
        },
        Step {
            critical: true,
            verification: Some("`lag` is 0 on all volume groups, or the loss is written down.".into()),
            ..step(
                "STORAGE",
                "failover",
                "Promote the storage replicas",
                "Storage and backup lead",
                &Timing(80, 30),
                &["FENCE"],
                "1. Log in to the array at South, account `break-glass-2` (envelope B)\n2. Promote the groups in this order:\n   1. `core-db`\n   2. `core-files`\n   3. `mail`\n3. Write the last replicated time of each group into the log. The manual is at [the intranet copy at South](https://docs.south.harbour-bank.example/storage/promote?v=7)",
            )
        },
        Step {
            automated: true,
            ..step(
                "DNS",
                "failover",
                "Move the names",
                network,
                &Timing(80, 10),
                &["FENCE"],
                "Run the job **dns-to-south** in the automation. By hand, if it fails: `nsupdate -k /etc/keys/south.key < south.txt`. The time to live is 300 s.",
            )
        },
    ]
}

fn last_steps() -> Vec<Step> {
    let (manager, database) = ("Recovery manager", "Database lead");
    vec![
        Step { critical: true, recovers: vec!["Core banking database".into()], verification: Some("SELECT count(*) of yesterday's bookings equals the evening report.\nThe newest booking is at most 15 minutes older than the flood.".into()), ..step("DB", "recovery", "Start the databases", database, &Timing(110, 40), &["STORAGE"], "Start `core-db-1` at South, then the standby. Do not start the batch jobs.") },
        Step { critical: true, recovers: vec!["Payments".into(), "Online banking".into()], ..step("APPS", "recovery", "Start the applications", "Application operations", &Timing(150, 35), &["DB", "DNS"], "In this order, each only when the one before answers:\n\n1. identity provider\n2. payments\n3. online banking") },
        Step { recovers: vec!["Mail".into()], ..step("MAIL", "recovery", "Start mail", "Application operations", &Timing(185, 20), &["STORAGE", "DNS", "APPS"], "As in the runbook *Mail at South*. Mail is not critical: payments come first.") },
        step("BRANCHES", "recovery", "Connect the branches", "Network lead", &Timing(90, 45), &["DNS"], "Branches 1–40 come by themselves. Branches 41–46 have no second line: send the LTE boxes."),
        Step { critical: true, verification: Some("Two customers have confirmed a transfer.".into()), ..step("CHECK", "recovery", "Check with the business", manager, &Timing(185, 30), &["APPS"], "Payments desk and branch 7 test: log in, transfer 1 €, print a statement.") },
        step("BACKUP", "stabilisation", "Start backup at South", "Storage and backup lead", &Timing(215, 30), &["CHECK"], "From now on South is the only copy. **Backup to the cloud vault must run before the night batch.**"),
        step("WATCH", "stabilisation", "Set up the watch", manager, &Timing(215, 15), &["CHECK"], "Two shifts of eight hours, handover on the bridge at 06:00, 14:00 and 22:00."),
        Step { expected_seconds: Some(187_200), ..step("RETURN", "return_to_normal", "Plan the way back", manager, &Timing(245, 0), &["BACKUP", "WATCH"], "Not before the insurer has released the building. The way back is a change of its own.") },
    ]
}

fn messages() -> Vec<Message> {
    let message = |key: &str, audience: &str, channel: &str, trigger: &str, template: &str| Message {
        key: key.into(),
        audience: audience.into(),
        channel: channel.into(),
        trigger: trigger.into(),
        template: template.into(),
    };
    vec![
        message(
            "MSG-STAFF",
            "All staff",
            "SMS gateway at South, then intranet",
            "After step 1, within 15 minutes",
            "The data centre North is **out of service** because of water. Stay away from the building. Next news at `____` o'clock.",
        ),
        message(
            "MSG-BOARD",
            "Board",
            "Phone, by the recovery manager",
            "After step 5",
            "We have moved to South. We expect:\n\n- payments at `____`\n- online banking at `____`\n- no loss of bookings older than 15 minutes",
        ),
        message(
            "MSG-REGULATOR",
            "Regulator",
            "Portal of the authority; by phone if it is down",
            "Within 4 hours of the invocation",
            "Major incident according to our report of `____`. Cause: flood. Services affected: payments, online banking.",
        ),
        message(
            "MSG-CUSTOMERS",
            "Customers and press",
            "Website, hotline announcement",
            "When step 10 is done, or after 2 hours",
            "Our online services were interrupted since `____`. **Your money is safe.** We will tell you more at `____`.",
        ),
    ]
}

/// The plan.
pub fn plan() -> Document {
    let keys = ["INVOKE", "CLEAR", "ASSESS", "DECIDE", "FENCE", "STORAGE", "DB", "APPS", "CHECK", "BACKUP", "RETURN"];
    let covered = |kind: &str, key: &str, name: &str, rto: i64, planned: i64, verdict: &str| Covered {
        kind: kind.into(),
        key: key.into(),
        name: name.into(),
        rto_seconds: Some(rto),
        planned_seconds: Some(planned),
        verdict: verdict.into(),
    };
    let approval = |role: &str, name: &str, at: &str, comment: Option<&str>| Approval {
        role: role.into(),
        name: name.into(),
        decision: "approved".into(),
        comment: comment.map(Into::into),
        at: at.into(),
    };
    Document {
        organization: "Harbour Bank".into(),
        key: "PLN-DC-NORTH".into(),
        title: "Loss of the data centre North by flood".into(),
        kind: "disaster_recovery".into(),
        version: 7,
        status: "active".into(),
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        printed_at: "2026-11-22 16:20 UTC".into(),
        address: Some("https://continuity.harbour-bank.example/api/v1/plans/key:PLN-DC-NORTH/document".into()),
        owner: Some(person("Mariam Okafor", "CNT-OKAFOR", &["+49 171 555 0112"])),
        covers: vec![
            covered("service", "SVC-PAYMENTS", "Payments", 14_400, 11_100, "meets the objective, 55 min to spare"),
            covered("service", "SVC-ONLINE", "Online banking", 14_400, 11_100, "meets the objective, 55 min to spare"),
            covered("service", "SVC-MAIL", "Mail", 10_800, 12_300, "MISSES the objective by 25 min"),
        ],
        scenarios: vec!["Storm surge floods the basement of North (SCN-FLOOD)".into(), "Fire water from the floors above (SCN-FIRE)".into()],
        recovery_site: Some("South, Industriestraße 12, Lüneburg (SIT-SOUTH)".into()),
        review_due: Some("2027-05-31".into()),
        approvals: vec![
            approval("Process owner", "Ingrid Solheim", "2026-09-14", None),
            approval("CIO", "Dr. Amadou Diallo", "2026-09-15", Some("Mail may wait; accepted until the new array is in place.")),
        ],
        objectives: Some("Payments and online banking are back **within four hours**, with at most 15 minutes of bookings lost.".into()),
        scope: Some("In scope: everything in rooms U1 and U2.\n\nOut of scope: the trading floor, which has its own plan.".into()),
        assumptions: Some("- South is not hit by the same event\n- At least one person of each role can be reached\n- The replication was healthy in the last 24 hours".into()),
        activation_criteria: Some("Any of these:\n\n1. Water in room U1 or U2\n2. Flood warning **level 3** for the harbour, and power out\n3. The fire brigade closes the building".into()),
        deactivation_criteria: Some("Operation at South is stable for 48 hours, **or** North is released and the way back is approved.".into()),
        who_may_invoke: Some("The recovery manager or the deputy; if neither can be reached within 15 minutes, the head of the shift.".into()),
        success_criteria: Some("- Payments processed until the cut-off of the same day\n- No booking lost that is older than 15 minutes".into()),
        sections: vec![
            Section { key: "keys".into(), title: "Keys, envelopes and access".into(), body: "# Where things are\n\nThe red folder is with the porter at South. Envelope **A**: bridge PIN. Envelope **B**: break-glass accounts.\n\n## Way to South\n\nMotorway A39, exit Lüneburg-Nord. Parking behind the building, code `4711#`.".into() },
            Section { key: "suppliers".into(), title: "Suppliers".into(), body: "| Supplier | For | Contract | Phone |\n|:--|:--|:-:|--:|\n| NordPump | pumps, drying | C-118 | +49 40 5550 310 |\n| ArrayCo | storage support | AC-99 | +49 800 555 0100 |\n| UtilityNet | power | – | +49 40 5550 777 |".into() },
        ],
        team: team(),
        communications: messages(),
        steps: first_steps().into_iter().chain(failover()).chain(last_steps()).collect(),
        planned_seconds: Some(14_700 + 187_200),
        unlimited_seconds: Some(13_500 + 187_200),
        critical_path: keys.iter().map(|key| format!("STP-{key}")).collect(),
    }
}

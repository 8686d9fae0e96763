//! The log of a run as a stream for live boards.

use super::board::{Board, News, PATIENCE};
use super::stage::{active_plan, done, events, id, practised, press, step, went};
use crate::both;
use crate::support::token::{ALL_POWERFUL, claims};
use crate::support::{Api, Backend, Server, fresh};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

fn plan(api: &Api) -> Value {
    let steps = [step("one", &[], 60), step("two", &["one"], 60), step("three", &["two"], 60), step("four", &["three"], 60)];
    active_plan(api, &[], &json!([]), &steps)
}

fn board(api: &Api, run: &Value, last: Option<u64>) -> Board {
    Board::connect(api, &format!("/runs/{}/events", id(run)), last)
}

/// The seqs and words of a list of events.
fn listed(events: &[Value]) -> Vec<(u64, String)> {
    let one = |event: &Value| (event["seq"].as_u64().expect("a seq"), event["event"].as_str().expect("a word").to_owned());
    events.iter().map(one).collect()
}

fn streamed(news: &[News]) -> Vec<(u64, String)> {
    news.iter().map(|one| (one.id, one.event.clone())).collect()
}

fn is_done(step: &'static str) -> impl Fn(&News) -> bool {
    move |news| news.event == "step_done" && news.data["body"]["step"] == step
}

/// A board loses its connection and comes back, and then the service is killed and comes back.
fn a_board_comes_back(backend: Backend) {
    let server = Server::start(backend);
    let (api, home) = (server.fresh_organization(), server.home.clone());
    let run = practised(&api, &plan(&api));
    let first = board(&api, &run, None);
    done(&api, &run, "one");
    let mut seen = first.until(is_done("one"));
    drop(first);
    done(&api, &run, "two");
    let second = board(&api, &run, seen.last().map(|news| news.id));
    seen.extend(second.until(is_done("two")));
    press(&api, &run, "three", &json!({"to": "in_progress"})).expect(200);
    server.kill();
    // What was on its way when the service was killed may have arrived or not.
    seen.extend(second.rest());
    let server = Server::start_at(&home, "serve", &[]);
    let api = server.client(&api.organization, "ana", &crate::support::token::ALL_POWERFUL);
    press(&api, &run, "three", &json!({"to": "done"})).expect(200);
    let third = board(&api, &run, seen.last().map(|news| news.id));
    seen.extend(third.until(is_done("three")));
    done(&api, &run, "four");
    seen.extend(third.until(is_done("four")));
    went(&api, "runs", &run, &["completed"]);
    seen.extend(third.until(|news| news.event == "run_completed"));
    seen.extend(third.rest());
    assert_eq!(streamed(&seen), listed(&events(&api, &run)));
}

#[test]
fn a_board_that_comes_back_misses_nothing_and_sees_nothing_twice_on_sqlite() {
    a_board_comes_back(Backend::Sqlite);
}

#[test]
fn a_board_that_comes_back_misses_nothing_and_sees_nothing_twice_on_postgres() {
    a_board_comes_back(Backend::Postgres);
}

/// A service that is asked to stop does not wait for boards, which would come back anyway.
fn a_stop_ends_the_boards(backend: Backend) {
    let server = Server::start(backend);
    let api = server.fresh_organization();
    let run = practised(&api, &plan(&api));
    let board = board(&api, &run, None);
    board.until(|news| news.event == "step_ready" || news.event == "step_planned");
    assert_eq!(server.terminate(std::time::Duration::from_secs(20)), Some(0));
}

#[test]
fn a_stop_does_not_wait_for_boards_on_sqlite() {
    a_stop_ends_the_boards(Backend::Sqlite);
}

#[test]
fn a_stop_does_not_wait_for_boards_on_postgres() {
    a_stop_ends_the_boards(Backend::Postgres);
}

/// A suspended organisation is shut: to whatever its callers send, and to boards that are open, on every instance.
fn a_suspension_shuts_everything(backend: Backend) {
    let server = Server::start(backend);
    let api = server.fresh_organization();
    let run = practised(&api, &plan(&api));
    // On PostgreSQL a second instance, which hears of it by itself.
    let second = match backend {
        Backend::Sqlite => server.clone(),
        Backend::Postgres => Server::start_at(&server.home, "serve", &[]),
    };
    let far = second.client(&api.organization, "ana", &crate::support::token::ALL_POWERFUL);
    let boards = [&api, &far].map(|api| board(api, &run, None));
    boards.iter().for_each(|board| drop(board.until(|news| news.event == "run_started")));
    far.get("/me").expect(200);
    let operator = server.client("default", "operator", &["administrator"]);
    let path = format!("/organizations/key:{}", api.organization);
    operator.patch(&path, &json!({"status": "suspended"})).expect(200);
    let deadline = Instant::now() + Duration::from_secs(5);
    for board in boards {
        assert!(board.ended(deadline), "a board stays open");
    }
    std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    let ways = [
        ("GET", "/me", Value::Null),
        ("GET", "/sites", Value::Null),
        ("GET", "/changes", Value::Null),
        ("GET", "/gaps", Value::Null),
        ("GET", "/calendar.ics", Value::Null),
        ("GET", "/reports/risk-matrix", Value::Null),
        ("GET", &format!("/runs/{}/events", id(&run)), Value::Null),
        ("POST", "/analysis/impact", json!({"lost": []})),
        ("POST", "/batch", json!({"rows": []})),
        ("POST", "/sites", json!({"name": "Here", "kind": "other"})),
    ];
    for (method, path, body) in ways {
        for api in [&api, &far] {
            let call = api.call(method, path);
            let answer = if body.is_null() { call.send() } else { call.json(&body).send() };
            answer.refused(403, "forbidden");
        }
    }
    operator.patch(&path, &json!({"status": "active"})).expect(200);
    api.get("/me").expect(200);
}

#[test]
fn a_suspended_organisation_is_shut_within_five_seconds_on_sqlite() {
    a_suspension_shuts_everything(Backend::Sqlite);
}

#[test]
fn a_suspended_organisation_is_shut_within_five_seconds_on_postgres() {
    a_suspension_shuts_everything(Backend::Postgres);
}

both! {
    fn the_head_of_a_stream_is_answered_at_once(server) {
        let api = server.fresh_organization();
        let run = practised(&api, &plan(&api));
        let began = Instant::now();
        let answer = api.call("HEAD", &format!("/runs/{}/events", id(&run))).header("Accept", "text/event-stream").send().expect(200);
        assert_eq!(answer.needed_header("content-type"), "text/event-stream");
        assert!(began.elapsed() < Duration::from_secs(5) && answer.text().is_empty());
    }

    fn a_board_is_told_at_once_what_has_happened_and_then_what_happens(server) {
        let api = server.fresh_organization();
        let run = practised(&api, &plan(&api));
        done(&api, &run, "one");
        let board = board(&api, &run, None);
        let past = board.until(is_done("one"));
        assert_eq!(past[0].event, "run_started");
        let planned = past.iter().filter(|news| news.event == "step_planned").count();
        assert_eq!(planned, 4);
        press(&api, &run, "two", &json!({"to": "in_progress", "comment": "now"})).expect(200);
        let news = board.until(|news| news.event == "step_in_progress" && news.data["body"]["step"] == "two");
        let last = news.last().expect("an event");
        assert_eq!((&last.data["by"], &last.data["reason"], &last.data["seq"]), (&json!("ana"), &json!("now"), &json!(last.id)));
        api.post(&format!("/runs/{}/notes", id(&run)), &json!({"text": "The courier is late"})).expect(200);
        board.until(|news| news.event == "note" && news.data["body"]["notes"][0]["text"] == "The courier is late");
        let finding = json!({"title": "No torch", "severity": "minor", "source": "run", "run": run["id"]});
        let finding = api.create("findings", &finding);
        board.until(|news| news.event == "finding" && news.data["id"] == finding["id"]);
        press(&api, &run, "two", &json!({"to": "failed"})).expect(200);
        board.until(|news| news.event == "step_failed");
        let all = events(&api, &run);
        let after = all[3]["seq"].as_u64().expect("a seq");
        let later = api.get(&format!("/runs/{}/events?after={after}", id(&run))).expect(200);
        assert_eq!(listed(&later.items()), listed(&all[4..]));
    }

    fn a_board_ends_with_its_token(server) {
        let api = server.fresh_organization();
        let run = practised(&api, &plan(&api));
        let mut claims = claims(&api.organization, "ana", &ALL_POWERFUL);
        claims["jti"] = json!(format!("board-{}", fresh()));
        let reader = server.with_token(&api.organization, &server.token(&claims));
        let board = board(&reader, &run, None);
        let revoked = server.home.run("token", &["--revoke", claims["jti"].as_str().expect("a name")]);
        assert!(revoked.status.success());
        assert!(board.ended(Instant::now() + Duration::from_secs(5)), "the board outlives its token");
    }

    fn a_board_sees_no_other_run_and_no_other_organisation(server) {
        let (api, stranger) = (server.fresh_organization(), server.fresh_organization());
        let own_plan = plan(&api);
        let (run, other) = (practised(&api, &own_plan), practised(&api, &own_plan));
        let foreign = practised(&stranger, &plan(&stranger));
        let board = board(&api, &run, None);
        done(&api, &other, "one");
        done(&stranger, &foreign, "one");
        let finding = json!({"title": "No torch", "severity": "minor", "source": "run", "run": other["id"]});
        api.create("findings", &finding);
        done(&api, &run, "one");
        let mut seen = board.until(is_done("one"));
        seen.extend(board.rest());
        for news in &seen {
            let body = &news.data["body"];
            let belongs = news.data["id"] == run["id"] || body["run"]["id"] == run["id"];
            assert!(belongs, "an event of something else: {news:#?}");
        }
        assert_eq!(streamed(&seen), listed(&events(&api, &run)));
        api.get(&format!("/runs/{}/events", id(&foreign))).refused(404, "not_found");
        let reader = server.client(&api.organization, "una", &["user"]);
        reader.get(&format!("/runs/{}/events", id(&run))).refused(403, "forbidden");
    }

    // What was seen last counts for more than where the board once began.
    fn a_board_that_began_in_the_middle_goes_on_where_it_was(server) {
        let api = server.fresh_organization();
        let run = practised(&api, &plan(&api));
        done(&api, &run, "one");
        let all = events(&api, &run);
        let (began, seen) = (all[1]["seq"].as_u64().expect("a seq"), all[4]["seq"].as_u64().expect("a seq"));
        let target = format!("/runs/{}/events?after={began}", id(&run));
        let first = Board::connect(&api, &target, None);
        assert_eq!(streamed(&first.until(is_done("one"))), listed(&all[2..]).split_at(all.len() - 3).0.to_vec());
        let again = Board::connect(&api, &target, Some(seen));
        assert_eq!(again.next(PATIENCE).expect("an event").id, all[5]["seq"].as_u64().expect("a seq"));
    }

    // Who asks again and again while things are written sees everything once, in its order.
    fn whoever_polls_misses_nothing_and_sees_nothing_twice(server) {
        let api = server.fresh_organization();
        let run = practised(&api, &plan(&api));
        let board = board(&api, &run, None);
        let writing = AtomicUsize::new(3);
        let polled = |path: &str| {
            let (mut seqs, mut after, mut last) = (Vec::new(), 0, false);
            while !last {
                last = writing.load(Ordering::Relaxed) == 0;
                let separator = if path.contains('?') { '&' } else { '?' };
                let page = api.get(&format!("{path}{separator}after={after}")).expect(200).json();
                let items = page["items"].as_array().expect("a list").iter();
                seqs.extend(items.map(|one| one["seq"].as_u64().expect("a seq")));
                after = page["next_after"].as_u64().expect("a seq");
            }
            seqs
        };
        let note = |number: usize| json!({"text": format!("note {number}")});
        let (of_run, of_all) = std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    (0..40).for_each(|number| drop(api.post(&format!("/runs/{}/notes", id(&run)), &note(number)).expect(200)));
                    writing.fetch_sub(1, Ordering::Relaxed);
                });
            }
            let of_run = scope.spawn(|| polled(&format!("/runs/{}/events", id(&run))));
            let of_all = scope.spawn(|| polled("/changes?kind=run,run_step"));
            (of_run.join().expect("seqs"), of_all.join().expect("seqs"))
        });
        let all: Vec<u64> = listed(&events(&api, &run)).into_iter().map(|(seq, _)| seq).collect();
        assert_eq!(all.len(), 5 + 3 * 40);
        assert_eq!(of_run, all);
        assert_eq!(of_all, all);
        let last = all.last().copied();
        assert_eq!(streamed(&board.until(|news| Some(news.id) == last)), listed(&events(&api, &run)));
    }

    // Thousands of entries of other runs lie between two events of this one.
    fn a_board_is_not_held_up_by_other_runs(server) {
        let api = server.fresh_organization();
        let run = practised(&api, &plan(&api));
        let steps: Vec<Value> = (0..1000).map(|number| step(&format!("s{number}"), &[], 60)).collect();
        let large = active_plan(&api, &[], &json!([]), &steps);
        for _ in 0..3 {
            practised(&api, &large);
        }
        done(&api, &run, "one");
        let board = board(&api, &run, None);
        let seen = board.until(is_done("one"));
        assert_eq!(seen.iter().filter(|news| news.event == "step_planned").count(), 4);
    }
}

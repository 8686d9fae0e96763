"""Plans, their runs, and people who press the buttons of a run, the same on every run."""

import json
import random

from catalogue import upsert
from service import BASE, Client

ORGANIZATION = "practice"
ROLES = 20
PEOPLE_OF_A_ROLE = 3
SERVICES = 10
BEFORE_A_STEP = 3
# How far back a step's prerequisites lie at most.
REACH = 40
RUNS_AT_ONCE = 5
PHASES = ["activation", "assessment", "recovery", "recovery", "recovery", "validation", "return_to_normal"]


def services():
    for number in range(SERVICES):
        yield upsert("service", f"PRACTICE-SERVICE-{number}", {
            "name": f"Practised service {number}", "rto_seconds": 14400,
        })


def team():
    return [{"key": f"seat-{role}-{person}", "role": f"Role {role}"}
            for role in range(ROLES) for person in range(PEOPLE_OF_A_ROLE)]


def steps(count):
    """Layers of steps that wait for each other; the last ones bring the services back."""
    chance = random.Random(21)
    for number in range(count):
        step = {
            "key": f"step-{number}", "title": f"Practised step {number}", "phase": PHASES[number * len(PHASES) // count],
            "instruction": "Do it as it was practised, then *look* whether it has worked.",
            "role": f"Role {chance.randrange(ROLES)}", "expected_seconds": chance.choice([60, 300, 900]),
            "depends_on": [f"step-{before}" for before in chance.sample(
                range(max(0, number - REACH), number), min(BEFORE_A_STEP, number))],
        }
        if number >= count - SERVICES:
            step["recovers"] = [f"key:PRACTICE-SERVICE-{count - 1 - number}"]
        yield step


def parallel_steps(count):
    for number in range(count):
        yield {"key": f"step-{number}", "title": f"Practised step {number}", "phase": "recovery",
               "role": f"Role {number % ROLES}", "expected_seconds": 60}


def post(client, path, body):
    return json.loads(client.send("POST", f"{BASE}{path}", json.dumps(body).encode())[0])


def active_plan(service, client, key, steps):
    """A plan with an active version; the paths of both."""
    named = [f"key:PRACTICE-SERVICE-{number}" for number in range(SERVICES)]
    plan = post(client, "/plans", {"key": key, "title": key, "kind": "disaster_recovery", "services": named})
    version = post(client, "/plan-versions", {"plan": plan["id"], "team": team(), "steps": steps})
    path = f"/plans/{plan['id']}/versions/{version['number']}"
    manager = Client(service.port, service.token(ORGANIZATION, "manager", "it_service_continuity_manager"))
    post(manager, f"{path}/transitions", {"to": "in_review"})
    post(manager, f"{path}/approvals", {"role": "it_service_continuity_manager", "decision": "approved"})
    for status in ["approved", "active"]:
        post(manager, f"{path}/transitions", {"to": status})
    manager.close()
    return plan, path


def runs(service, client, plan, count):
    """So many runs of the plan in one exercise."""
    exercise = post(client, "/exercises", {
        "title": "Measured exercise", "kind": "functional", "category": "technical", "plans": [plan["id"]],
        "scheduled_start": "2026-12-01T08:00:00Z", "scheduled_end": "2026-12-01T16:00:00Z"})
    manager = Client(service.port, service.token(ORGANIZATION, "manager", "it_service_continuity_manager"))
    for status in ["approved", "in_progress"]:
        post(manager, f"/exercises/{exercise['id']}/transitions", {"to": status})
    manager.close()
    return [post(client, "/runs", {"plan": plan["id"], "exercise": exercise["id"]})["id"] for _ in range(count)]


def presses(ids, step_count):
    """Every step of every run is begun, then ended; path and body of each press. Between the two lie so many presses
    that the first one was answered long before, whoever sent it."""
    for first in range(0, len(ids), RUNS_AT_ONCE):
        for status in ["in_progress", "done"]:
            for run in ids[first:first + RUNS_AT_ONCE]:
                for number in range(step_count):
                    yield f"{BASE}/runs/{run}/steps/step-{number}/transitions\t" + json.dumps({"to": status})


def contacts(count):
    for number in range(count):
        yield f"{BASE}/contacts\t" + json.dumps({"name": f"Measured contact {number}", "email": f"m{number}@example.org"})


def pressed(client, ids):
    """How many presses the logs of the runs tell of."""
    count = 0
    for run in ids:
        after = 0
        while True:
            page = client.get(f"{BASE}/runs/{run}/events?after={after}")
            count += sum(event["event"] in ("step_in_progress", "step_done") for event in page["items"])
            if page["next_after"] == after:
                break
            after = page["next_after"]
    return count


def plans_view(report, database, client, path, step_count, usual_ms):
    plain, _ = usual_ms(client, f"{BASE}{path}", times=50)
    beside = ("GET the version", plain)
    for what, query in [("JSON", ""), ("SVG", "?format=svg")]:
        taken, body = usual_ms(client, f"{BASE}{path}/schedule{query}", times=50)
        report.add(f"schedule of {step_count:,} steps as {what}", database, taken, "ms", beside, bytes=len(body))


def buttons(report, database, service, client, wrk, options, plan, usual_ms):
    """People press buttons, others make contacts, both as many at a time and for as long."""
    ids = runs(service, client, plan, options.press_runs)
    tokens = wrk.file("tokens", [service.token(ORGANIZATION)])
    lines = wrk.file("lines", contacts(options.press_runs * options.run_steps * 2))
    plain = wrk.run(service.port, options.pressers, "post.lua", tokens, lines)
    lines = wrk.file("lines", presses(ids, options.run_steps))
    own = wrk.run(service.port, options.pressers, "post.lua", tokens, lines)
    told = pressed(client, ids)
    # What was on its way when time was up was carried out, and nobody waited for the answer.
    if not own["requests"] <= told <= own["requests"] + options.pressers:
        raise RuntimeError(f"{own['requests']} presses were acknowledged, and {told} stand in the logs")
    report.add(f"POST a contact, {options.pressers} clients, p50", database, plain["p50_ms"], "ms",
               p50_ms=plain["p50_ms"], p99_ms=plain["p99_ms"], requests=plain["requests"])
    beside = ("p50 of POST a contact", plain["p50_ms"])
    for what in ["p50", "p99"]:
        report.add(f"press of a button, {options.pressers} clients, {what}", database, own[f"{what}_ms"], "ms", beside,
                   p50_ms=own["p50_ms"], p99_ms=own["p99_ms"], requests=own["requests"], pressed=told)
    run = runs(service, client, plan, 1)[0]
    taken, body = usual_ms(client, f"{BASE}/runs/{run}", times=50)
    report.add(f"GET a run of {options.run_steps} steps", database, taken, "ms", bytes=len(body))


def view(report, database, service, wrk, options, usual_ms):
    client = Client(service.port, service.token(ORGANIZATION))
    post(client, "/batch", {"rows": list(services())})
    _, path = active_plan(service, client, "PRACTICE-LARGE", list(steps(options.steps)))
    plans_view(report, database, client, path, options.steps, usual_ms)
    plan, _ = active_plan(service, client, "PRACTICE-WIDE", list(parallel_steps(options.run_steps)))
    buttons(report, database, service, client, wrk, options, plan, usual_ms)
    client.close()

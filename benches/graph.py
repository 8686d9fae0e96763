"""Questions about the dependency graph: of the measured catalogue, and of the packages of a Debian release."""

import concurrent.futures
import contextlib
import json
import os
import random
import sqlite3
import statistics
import time
import uuid

import packages
from service import BASE, Client

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = 8
IMPACT = f"{BASE}/analysis/impact"
POINTS = "/api/v1/analysis/single-points-of-failure"
POINTS_OF_SERVICE = "/api/v1/services/{id}/single-points-of-failure"
CHANGE = "/api/v1/analysis/change"
# An answer with no more items than this is a small one.
SMALL = 20
SAMPLE = 200
# So many recursive queries are timed one by one.
TIMED = 20
# Seconds, for all repetitions of a question.
LONGEST = 20
PACKAGES_ORGANIZATION = "packages"


def question(lost, **more):
    return json.dumps({"lost": [lost], "include": [], **more})


def ask(client, body, path=IMPACT):
    answer, seconds = client.send("POST", path, body.encode())
    return json.loads(answer), seconds


def usual(client, path, body=None, times=50):
    """The usual milliseconds of a question by one client, its last answer, and how many bytes that has. What takes long
    is asked less often."""
    all_seconds = []
    while len(all_seconds) <= times and (len(all_seconds) < 4 or sum(all_seconds) < LONGEST):
        answer, seconds = client.send("GET" if body is None else "POST", path, body and body.encode())
        all_seconds.append(seconds)
    return 1000 * statistics.median(all_seconds[1:]), json.loads(answer), len(answer)


def must(true, what):
    if not true:
        raise RuntimeError(what)


class Known:
    """The operations of this version; what it has not is left out and said."""

    def __init__(self, client):
        self.paths = client.get("/openapi.json")["paths"]

    def has(self, path):
        if path in self.paths:
            return True
        print(f"  not in this version: {path}", flush=True)
        return False


class Plain:
    """The impact as a recursive query on the service's own database, without the service."""

    def __init__(self, service, cluster, folder, query="impact"):
        self.service, self.cluster, self.folder = service, cluster, folder
        with open(os.path.join(HERE, f"{query}.sql"), encoding="utf-8") as file:
            self.statement = file.read()
        self.query = query
        self.name = f"recursive SQL ({query}.sql), {f'{CLIENTS} clients' if cluster else '1 thread'}"

    def text(self, id):
        organization = self.cluster.query(f"select organization_id from objects where id = '{id}'")
        return self.statement.replace(":organization", f"'{organization}'").replace(":id", f"'{id}'")

    @contextlib.contextmanager
    def file(self):
        path = os.path.join(self.service.data, "holdfast.db")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            yield database

    def values(self, database, id):
        of = {"id": uuid.UUID(id).bytes}
        of["organization"], = database.execute("SELECT organization_id FROM objects WHERE id = :id", of).fetchone()
        return of

    def count(self, id):
        """How many go down."""
        if self.cluster:
            return int(self.cluster.query(self.text(id)))
        with self.file() as database:
            return database.execute(self.statement, self.values(database, id)).fetchone()[0]

    def rate(self, ids, seconds):
        """Answers per second, and their mean milliseconds for the one who waits."""
        if self.cluster:
            scripts = []
            for number, id in enumerate(ids[:100]):
                scripts.append(os.path.join(self.folder, f"{self.query}-{number}.sql"))
                with open(scripts[-1], "w", encoding="utf-8") as file:
                    file.write(self.text(id))
            rate = self.cluster.pgbench(scripts, seconds, clients=CLIENTS)
            return rate, 1000 * CLIENTS / rate
        with self.file() as database:
            asked = [self.values(database, id) for id in ids]
            count, started = 0, time.perf_counter()
            while time.perf_counter() - started < seconds:
                database.execute(self.statement, asked[count % len(asked)]).fetchone()
                count += 1
            rate = count / (time.perf_counter() - started)
        return rate, 1000 / rate


def chosen(client, count):
    """Components taken at random, those among them whose loss reaches few, and what each takes down."""
    chance = random.Random(31)
    late = range(max(0, count * 9 // 10), count)  # the later ones have less above them
    numbers = chance.sample(range(count), min(SAMPLE, count))
    numbers_late = chance.sample(late, min(SAMPLE, len(late)))
    down, any_of_them, small = {}, [], []
    for number, into in [*((number, any_of_them) for number in numbers), *((number, None) for number in numbers_late)]:
        answer, _ = ask(client, question(f"key:BENCH-COMPONENT-{number}"), f"{IMPACT}?limit=1")
        id, totals = answer["lost"][0]["id"], answer["totals"]
        down[id] = totals["down"]
        if into is not None:
            into.append(id)
        if 0 < totals["down"] + totals["degraded"] <= SMALL:
            small.append(id)
    must(small, f"no component of {count} has an impact of 1 to {SMALL} objects")
    return any_of_them, list(dict.fromkeys(small)), down


def impacts(report, database, client, cluster, wrk, options, service, token):
    plain, causes = (Plain(service, cluster, wrk.folder, query) for query in ("impact", "causes"))
    any_of_them, small, down = chosen(client, options.components)
    for what, ids in [("few objects", small), ("any", any_of_them)]:
        for id in ids[:TIMED]:
            found = plain.count(id)
            must(found == down[id], f"impact of {id}: {down[id]} are down, and {found} by a recursive query")
        mean = statistics.mean(down[id] for id in ids)
        tokens = wrk.file("tokens", [token])
        lines = wrk.file("lines", [f"{IMPACT}\t{question(id)}" for id in ids])
        # A question that would wait for too long is refused as busy, and that is told, not hidden.
        heavy = {"refusals": ids is any_of_them}
        wrk.run(service.port, CLIENTS, "post.lua", tokens, lines, "again", seconds=1, **heavy)
        own, most = [], []
        for _ in range(options.rounds):
            own.append(wrk.run(service.port, CLIENTS, "post.lua", tokens, lines, "again", **heavy))
            most.append(plain.rate(ids, options.seconds))
        own = sorted(own, key=lambda result: result["per_second"])[len(own) // 2]
        rate, waits = sorted(most)[len(most) // 2]
        report.add(f"impact on {what}, {CLIENTS} clients", database, own["per_second"], "req/s", (plain.name, rate),
                   p50_ms=own["p50_ms"], p99_ms=own["p99_ms"], requests=own["requests"], objects_down=mean)
        # What goes down is told with a shortest cause each, which the plain query does not know.
        rate_of_causes, _ = causes.rate(ids, options.seconds)
        report.add(f"impact on {what}, {CLIENTS} clients, causes compared", database, own["per_second"], "req/s",
                   (causes.name, rate_of_causes))
        if own["refused"]:
            report.add(f"impact on {what}, {CLIENTS} clients, refused as busy", database, own["refused"], "requests",
                       ("all requests", own["requests"]))
        # The query says how many go down and nothing else; so does this, but for one object that is told with its cause.
        counted = wrk.file("counted", [f"{IMPACT}?limit=1\t{question(id)}" for id in ids])
        counts = [wrk.run(service.port, CLIENTS, "post.lua", tokens, counted, "again", **heavy)
                  for _ in range(options.rounds)]
        counts = sorted(counts, key=lambda result: result["per_second"])[len(counts) // 2]
        report.add(f"impact on {what}, counted only, {CLIENTS} clients", database, counts["per_second"], "req/s",
                   (plain.name, rate), p50_ms=counts["p50_ms"], p99_ms=counts["p99_ms"], refused=counts["refused"],
                   requests=counts["requests"], objects_down=mean)
        alone = [ask(client, question(id))[1] for id in ids]
        report.add(f"impact on {what}, 1 client, mean", database, 1000 * statistics.mean(alone), "ms",
                   (plain.name + ", mean ms", waits), p50_ms=1000 * statistics.median(alone), objects_down=mean)
    taken, _, size = usual(client, IMPACT, json.dumps({"lost": [small[0]]}))
    report.add("impact on few objects, with cost, plans and contacts", database, taken, "ms", bytes=size)
    taken, _, size = usual(client, f"{IMPACT}?limit=10000", question(max(any_of_them, key=down.get)))
    report.add(f"impact on {max(down.values()):,} objects, 10,000 told", database, taken, "ms", bytes=size)


def points(report, database, client, known, of, service_key):
    """Single points of failure of an organisation and of one service; those of the organisation."""
    found = None
    if known.has(POINTS):
        first, seconds = client.send("GET", f"{POINTS}?limit=100")
        report.add(f"single points of failure of {of}, first", database, 1000 * seconds, "ms")
        taken, found, size = usual(client, f"{POINTS}?limit=100")
        must(found["total"] == json.loads(first)["total"], "the same question has two answers")
        report.add(f"single points of failure of {of}, again", database, taken, "ms", bytes=size,
                   total=found["total"])
    if known.has(POINTS_OF_SERVICE):
        path = POINTS_OF_SERVICE.replace("{id}", f"key:{service_key}")
        taken, answer, size = usual(client, path)
        report.add(f"single points of failure of a service of {of}", database, taken, "ms", bytes=size,
                   total=answer["total"])
        try:
            taken, answer, size = usual(client, f"{path}?order=2", times=5)
            report.add(f"the same and {answer['total_pairs']:,} pairs", database, taken, "ms", bytes=size)
        except RuntimeError as refusal:
            if "too_many_objects" not in str(refusal):
                raise
            print(f"  pairs for a service of {of}: too many to look at, says the service", flush=True)
    return found


def recoveries(report, database, client, of, service_key, component_key):
    path = f"{BASE}/services/key:{service_key}/recovery"
    for scenario in ["total", f"component:key:{component_key}"]:
        _, seconds = client.send("GET", f"{path}?scenario={scenario}")
        taken, answer, size = usual(client, f"{path}?scenario={scenario}")
        word = scenario.split(":")[0]
        report.add(f"recovery of a service of {of}, {word}", database, taken, "ms", ("the first", 1000 * seconds),
                   bytes=size, verdict=answer["service"]["verdict"], items=answer["total_items"],
                   achievable_seconds=answer["service"]["achievable_seconds"], deadlocks=len(answer["deadlocks"]))


def after_writes(report, database, client, wrk, options, service, token):
    """A mapping is led to another component and back, over and over: what do the first questions cost then, are their
    answers right, and what do others feel of it?"""
    path = f"{BASE}/mappings/key:BENCH-MAPPING-0"
    mapping = client.get(path)
    dependent, old = mapping["dependent"]["id"], mapping["provider"]["id"]
    numbers = iter(range(options.components - 1, 0, -1))
    while True:  # one the dependent does not depend on
        asked = question(f"key:BENCH-COMPONENT-{next(numbers)}")
        before, _ = ask(client, asked)
        other = before["lost"][0]["id"]
        if before["totals"]["down"] < SMALL and all(hit["item"]["id"] != dependent for hit in before["down"]):
            break
    asked = question(other)
    warm = 1000 * statistics.median(ask(client, asked)[1] for _ in range(50))
    tokens = wrk.file("tokens", [token])
    paths = wrk.file("paths", [f"{BASE}/services/{dependent}"])
    alone = wrk.run(service.port, 1, "get.lua", tokens, paths)
    writes, first = [], []
    with concurrent.futures.ThreadPoolExecutor(1) as others:
        beside = others.submit(wrk.run, service.port, 1, "get.lua", tokens, paths)
        while not beside.done() or len(first) < 10:
            for provider in [other, old]:
                body = json.dumps({"provider": provider, "effect": "cascade"}).encode()
                writes.append(client.send("PATCH", path, body)[1])
                answer, seconds = ask(client, asked)
                first.append(seconds)
                there = any(hit["item"]["id"] == dependent for hit in answer["down"])
                must(there == (provider == other), "an impact does not show the mapping that was changed before")
        beside = beside.result()
    client.send("PATCH", path, json.dumps({"provider": old, "effect": mapping["effect"]}).encode())
    report.add("PATCH a mapping", database, 1000 * statistics.median(writes), "ms", count=len(writes))
    report.add("impact, first after a mapping changed", database, 1000 * statistics.median(first), "ms",
               ("the same, nothing changed", warm), slowest_ms=1000 * max(first), count=len(first))
    for what in ["p50", "p99", "max"]:
        report.add(f"GET a service meanwhile, {what}", database, beside[f"{what}_ms"], "ms",
                   ("nothing else asked", alone[f"{what}_ms"]), requests=beside["requests"])


def large(report, database, service, cluster, wrk, options):
    """The measured catalogue, which is loaded already."""
    service.stop()
    service.start()
    if cluster:
        cluster.query("vacuum analyze")
    token = service.token("bench")
    client = Client(service.port, token)
    known = Known(client)
    component, of = f"BENCH-COMPONENT-{options.components // 2}", "BENCH-SERVICE-0"
    _, seconds = ask(client, question(f"key:{component}"))
    report.add("impact, first after a start", database, 1000 * seconds, "ms")
    impacts(report, database, client, cluster, wrk, options, service, token)
    points(report, database, client, known, "the catalogue", of)
    mapping = client.get(f"{BASE}/mappings/key:BENCH-MAPPING-0")
    recoveries(report, database, client, "the catalogue", of, mapping["provider"]["key"])
    if known.has(CHANGE):
        change = json.dumps({"items": [f"key:{component}"]})
        taken, answer, size = usual(client, CHANGE, change)
        report.add("assessment of a change", database, taken, "ms", bytes=size, verdict=answer["verdict"])
    after_writes(report, database, client, wrk, options, service, token)
    report.add("memory, after questions about the catalogue", database, service.memory_bytes() / 2**20, "MiB")
    client.close()


def release(report, database, service, options, load_rows):
    """Debian's packages, in an organisation of their own."""
    listed = packages.available()
    if listed is None:
        print("  no package lists here: they are what apt-get update leaves on a Debian machine", flush=True)
        return
    whole = packages.graph(listed, options.graph_packages)
    circles = whole.circles()
    for what, value in [("packages", len(whole.packages)), ("services", len(whole.services)),
                        ("dependencies", whole.edges), ("groups of alternatives", whole.groups),
                        ("circles", len(circles)), ("packages in circles", sum(map(len, circles))),
                        ("largest circle", max(map(len, circles), default=0)),
                        ("dependencies on what does not exist", whole.unknown),
                        ("dependencies on oneself", whole.own)]:
        report.add(f"Debian: {what}", database, value, "")
    client = Client(service.port, service.token(PACKAGES_ORGANIZATION))
    known = Known(client)
    for what, rows in [("packages", packages.components(whole)), ("programs", packages.services(whole)),
                       ("dependencies", packages.mappings(whole))]:
        load_rows(report, database, client, what, rows)
    dependents = whole.dependents()
    serving = set(whole.services)
    leaf = min((name for name in whole.packages if name not in serving), key=lambda name: len(dependents[name]))
    for what, name in [("libc6", "libc6"), ("a leaf", leaf)]:
        lost = whole.lost_with(name, dependents)
        stopped = sum(one in serving for one in lost | {name})
        asked = question(f"key:{packages.key(name)}")
        _, seconds = ask(client, asked)
        taken, answer, size = usual(client, IMPACT, asked)
        told = answer["totals"]
        must((told["down"], told["services"]) == (len(lost) + stopped, stopped),
             f"without {name} {len(lost)} packages and {stopped} programs are lost, but the answer says {told}")
        report.add(f"Debian: impact of {what}", database, taken, "ms", ("the first", 1000 * seconds), bytes=size,
                   **told)
    program = next((name for name in ("apache2", "postgresql", "postfix", "dpkg") if name in serving), whole.services[0])
    found = points(report, database, client, known, "Debian", packages.service_key(program))
    if found:
        compare(found, whole, dependents, serving)
    recoveries(report, database, client, "Debian", packages.service_key(program), packages.key("libc6"))
    report.add("memory, after questions about Debian", database, service.memory_bytes() / 2**20, "MiB")
    client.close()


def compare(found, whole, dependents, serving):
    """The services that each package stops, counted here again."""
    names = {packages.key(name): name for name in whole.packages}
    for one in found["items"][:TIMED]:
        name = names.get(one["item"]["key"])
        if name is None:
            continue
        services = one["services"]
        told = len(services) if isinstance(services, list) else services
        counted = sum(other in serving for other in whole.lost_with(name, dependents) | {name})
        must(told == counted, f"{name} stops {counted} programs, but the answer says {told}")


def view(report, database, service, cluster, wrk, options, load_rows):
    large(report, database, service, cluster, wrk, options)
    if options.graph_packages != 0:
        release(report, database, service, options, load_rows)

"""Shapes that make careless algorithms take for ever, each in an organisation of its own."""

import json
import time

from service import BASE, Client

CHAIN, COMPLETE, CIRCLES, LAYERS = 100_000, 500, 10_000, 50


def chain():
    """Each needs the next."""
    return CHAIN, ((number, number + 1) for number in range(CHAIN - 1))


def complete():
    """Each needs all others."""
    return COMPLETE, ((one, other) for one in range(COMPLETE) for other in range(COMPLETE) if one != other)


def circles():
    """Many pairs that need each other, all of them beneath the first."""
    pairs = [(0, 1 + 2 * pair) for pair in range(CIRCLES)]
    pairs += [edge for pair in range(CIRCLES) for edge in ((1 + 2 * pair, 2 + 2 * pair), (2 + 2 * pair, 1 + 2 * pair))]
    return 1 + 2 * CIRCLES, pairs


def diamonds():
    """Layers of two, each of which needs both of the next: 2 to the power of the layers ways from top to bottom."""
    nodes = [[2 * layer, 2 * layer + 1] for layer in range(LAYERS)]
    return 2 * LAYERS, [(one, other) for layer, below in zip(nodes, nodes[1:]) for one in layer for other in below]


SHAPES = {"chain": chain, "complete": complete, "circles": circles, "diamonds": diamonds}


def rows(shape):
    """A service and a vital process on top of everything, beneath them components."""
    nodes, edges = SHAPES[shape]()
    upsert = lambda kind, key, data: {"op": "upsert", "kind": kind, "id": f"key:{key}", "data": data}
    yield upsert("business_process", "TOP", {"name": "Top", "vital": True, "rto_seconds": 3600})
    yield upsert("service", "SERVICE", {"name": "Service", "lifecycle": "live", "restart_seconds": 1})
    for node in range(nodes):
        yield upsert("component", f"N-{node}", {"name": f"Node {node}", "kind": "server", "recovery_time_seconds": 60,
                                                "restart_seconds": 1})
    tops = [("TOP", "SERVICE"), ("SERVICE", "N-0")]
    for number, (dependent, provider) in enumerate([*tops, *((f"N-{one}", f"N-{other}") for one, other in edges)]):
        kind = {"TOP": "business_process", "SERVICE": "service"}.get(dependent, "component")
        to = "service" if provider == "SERVICE" else "component"
        yield upsert("mapping", f"M-{number}", {
            "dependent": {"kind": kind, "id": f"key:{dependent}"}, "provider": {"kind": to, "id": f"key:{provider}"},
            "relation": "requires", "effect": "cascade"})


def questions(last):
    lost = json.dumps({"lost": [f"key:N-{last}"]})
    edit = [{"op": "remove_mapping", "mapping": "key:M-1"}]
    yield "impact", "POST", f"{BASE}/analysis/impact", lost
    yield "impact, hypothetical", "POST", f"{BASE}/analysis/impact", json.dumps({**json.loads(lost), "hypothetical": edit})
    yield "recovery, total", "GET", f"{BASE}/services/key:SERVICE/recovery?scenario=total", None
    yield "recovery, component", "GET", f"{BASE}/services/key:SERVICE/recovery?scenario=component:key:N-{last}", None
    yield "recovery of everything", "POST", f"{BASE}/analysis/recovery", "{}"
    yield "sequence", "POST", f"{BASE}/analysis/recovery-sequence", "{}"
    yield "points of the service", "GET", f"{BASE}/services/key:SERVICE/single-points-of-failure", None
    yield "pairs of the service", "GET", f"{BASE}/services/key:SERVICE/single-points-of-failure?order=2", None
    yield "points", "GET", f"{BASE}/analysis/single-points-of-failure", None
    yield "change", "POST", f"{BASE}/analysis/change", json.dumps({"items": [f"key:N-{last}"]})
    yield "continuity", "GET", f"{BASE}/services/key:SERVICE/continuity", None
    yield "gaps", "GET", f"{BASE}/gaps", None
    yield "dependencies", "GET", f"{BASE}/services/key:SERVICE/dependencies?depth=32", None


def view(report, database, service, load_rows):
    """How long each question takes: the first after something has changed, and the usual one."""
    for shape in SHAPES:
        client = Client(service.port, service.token(f"bomb-{shape}"))
        load_rows(report, database, client, f"rows of the bomb: {shape}", rows(shape))
        last = SHAPES[shape]()[0] - 1
        for what, method, path, body in questions(last):
            seconds, size, refused = [], 0, None
            for _ in range(4):
                started = time.perf_counter()
                try:
                    size = len(client.send(method, path, body and body.encode())[0])
                except RuntimeError as error:
                    if "too_many" not in str(error):
                        raise
                    refused = "refused"
                seconds.append(time.perf_counter() - started)
            report.add(f"bomb: {shape}: {what}{', refused' if refused else ''}", database, 1000 * sorted(seconds[1:])[1], "ms",
                       ("the first", 1000 * seconds[0]), bytes=size)
        client.close()

"""A large, layered catalogue as batch rows, the same on every run."""

import random

CRITICALITIES = ["marginal", "normal", "critical", "highly_critical"]
COMPONENT_KINDS = ["application", "database", "server", "virtual_machine", "storage", "network", "cloud_service"]
RECOVERY_OPTIONS = ["manual_workaround", "gradual", "intermediate", "fast", "immediate"]
RELATIONS = ["requires", "runs_on", "hosted_on", "connects_to", "reads_from", "writes_to"]


def upsert(kind, key, data):
    return {"op": "upsert", "kind": kind, "id": f"key:{key}", "data": data}


def services(count):
    chance = random.Random(1)
    for number in range(count):
        yield upsert("service", f"BENCH-SERVICE-{number}", {
            "name": f"Measured service {number}",
            "description": "A service of the measured catalogue, with a description of the usual length.",
            "criticality": chance.choice(CRITICALITIES),
            "lifecycle": "live" if chance.random() < 0.8 else "planned",
            "rto_seconds": chance.choice([3600, 14400, 86400]),
            "rpo_seconds": chance.choice([0, 900, 3600]),
            "restart_seconds": 300,
            "tags": ["measured", f"team-{number % 20}"],
        })


def components(count):
    chance = random.Random(2)
    for number in range(count):
        yield upsert("component", f"BENCH-COMPONENT-{number}", {
            "name": f"Measured component {number}",
            "kind": chance.choice(COMPONENT_KINDS),
            "recovery_option": chance.choice(RECOVERY_OPTIONS),
            "recovery_time_seconds": chance.choice([600, 3600, 14400]),
            "restart_seconds": chance.choice([60, 300, 900]),
        })


def mappings(count, service_count, component_count):
    """Services lean on any component, a component on components before it: deep, and free of circles."""
    chance = random.Random(3)
    dependents = [("service", number) for number in range(service_count)]
    dependents += [("component", number) for number in range(1, component_count)]
    made = set()
    number = 0
    while number < count:
        kind, dependent = dependents[number % len(dependents)]
        provider = chance.randrange(component_count if kind == "service" else dependent)
        relation = chance.choice(RELATIONS)
        edge = (kind, dependent, provider, relation)
        if edge in made:  # a component with few before it: take any service instead
            edge = ("service", chance.randrange(service_count), chance.randrange(component_count), relation)
            if edge in made:
                continue
        made.add(edge)
        kind, dependent, provider, relation = edge
        yield upsert("mapping", f"BENCH-MAPPING-{number}", {
            "dependent": {"kind": kind, "id": f"key:BENCH-{kind.upper()}-{dependent}"},
            "provider": {"kind": "component", "id": f"key:BENCH-COMPONENT-{provider}"},
            "relation": relation,
            "effect": "cascade" if chance.random() < 0.9 else "partial",
        })
        number += 1


def chunks(rows, size):
    chunk = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk

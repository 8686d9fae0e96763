"""Risks, assessments and measures on the measured catalogue, as batch rows, the same on every run."""

import random

from catalogue import upsert

# The year the assessments lie in.
YEAR = 2025
PROCESSES = 100
SERVICES_OF_A_PROCESS = 3
ITEMS_OF_A_RISK = 3
RISKS_OF_A_MEASURE = 2


def processes(service_count):
    chance = random.Random(11)
    for number in range(PROCESSES):
        yield upsert("business_process", f"BENCH-PROCESS-{number}", {
            "name": f"Measured process {number}", "vital": number % 5 == 0, "criticality": "critical",
        })
    for number in range(PROCESSES):
        for place, service in enumerate(chance.sample(range(service_count), SERVICES_OF_A_PROCESS)):
            yield upsert("mapping", f"BENCH-PROCESS-MAPPING-{number}-{place}", {
                "dependent": f"key:BENCH-PROCESS-{number}", "provider": f"key:BENCH-SERVICE-{service}",
            })


def risks(count, component_count):
    chance = random.Random(12)
    for number in range(count):
        items = chance.sample(range(component_count), ITEMS_OF_A_RISK)
        yield upsert("risk", f"BENCH-RISK-{number}", {
            "title": f"Measured risk {number}",
            "description": "A risk of the measured catalogue, with a description of the usual length.",
            "components": [f"key:BENCH-COMPONENT-{item}" for item in items],
            "treatment": chance.choice(["open", "reduce", "transfer"]),
            "inherent": {"likelihood": chance.randint(1, 5), "impact": chance.randint(1, 5)},
            "review_due": f"{YEAR + 2}-{chance.randint(1, 12):02}-15",
        })


def assessments(count, risk_count):
    """Spread over the year; each risk gets one after the other."""
    chance = random.Random(13)
    for number in range(count):
        month = 1 + number // risk_count * 12 // max(1, -(-count // risk_count))
        yield upsert("risk_assessment", f"BENCH-ASSESSMENT-{number}", {
            "risk": f"key:BENCH-RISK-{number % risk_count}",
            "likelihood": chance.randint(1, 5), "impact": chance.randint(1, 5),
            "assessed_at": f"{YEAR}-{month:02}-{chance.randint(1, 28):02}T09:00:00Z",
            "rationale": "As agreed in the workshop.",
        })


def measures(count, risk_count):
    chance = random.Random(14)
    for number in range(count):
        treated = chance.sample(range(risk_count), min(RISKS_OF_A_MEASURE, risk_count))
        yield upsert("measure", f"BENCH-MEASURE-{number}", {
            "title": f"Measured measure {number}",
            "nature": chance.choice(["technical", "organisational"]), "purpose": "preventive",
            "risks": [f"key:BENCH-RISK-{risk}" for risk in treated],
            "due_on": f"{YEAR + 1}-{chance.randint(1, 12):02}-28",
        })

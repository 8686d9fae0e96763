"""Every figure that the dashboard and the alert rules ask for is one that a running service offers."""

import json
import os
import re

DATABASES = ("sqlite",)
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
DASHBOARD = os.path.join(ROOT, "packaging/grafana/holdfast.json")
RULES = os.path.join(ROOT, "docs/operations.md")
#: Only the service's own: others, such as `up`, are Prometheus's.
NAME = re.compile(r"\b(?:holdfast|process)_[a-z0-9_]+")


def run(stage):
    service = stage.service()
    # Some figures are there only when something was asked.
    service.client().get("/sites")
    service.command("backup", os.path.join(stage.folder, "figures.backup"))
    service.command("verify")
    answer = service.client().get("/metrics")
    there = offered(answer.body.decode())
    with open(DASHBOARD, encoding="utf-8") as file:
        panels = asked_by_dashboard(json.load(file))
    with open(RULES, encoding="utf-8") as file:
        rules = asked_by_rules(file.read())
    for where, asked in (("the dashboard", panels), ("the alert rules", rules)):
        stage.report.figure(f"figures asked for by {where}", len(asked), at_least=1)
        for name in sorted(asked - there):
            stage.report.fault(f"{name} is asked for by {where}, and /metrics does not offer it")


def offered(text):
    """The names of the series in an answer of /metrics."""
    return {re.split(r"[{ ]", line, maxsplit=1)[0] for line in text.splitlines() if line and not line.startswith("#")}


def asked_by_dashboard(dashboard):
    """The names in what its panels and its variables ask."""
    words = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    words += [one["definition"] for one in dashboard["templating"]["list"] if "definition" in one]
    return {name for word in words for name in NAME.findall(word)}


def asked_by_rules(text):
    """The names in the rules that a document shows."""
    return {name for rule in re.findall(r"^ *expr: (.+)$", text, re.MULTILINE) for name in NAME.findall(rule)}

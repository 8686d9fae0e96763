"""One organisation misbehaves in every way that is allowed; a small one beside it is not to notice."""

import os
import subprocess
import sys
import time

from common.nuisance import KINDS
from common.outage import PATIENCE
from common.report import quantile
from common.service import FIRST

DATABASES = ("sqlite", "postgres")
SHORT = ("sqlite",)
RATIO = 2.0
#: Where answers come so fast that twice as long is nothing, this counts as alone.
LEAST_SECONDS = 0.005
BAD = "demo"


def run(stage):
    cluster = stage.cluster() if stage.on_postgres else None
    service = stage.service(cluster.url if cluster else None, start=False)
    service.serves = "demo"
    service.start()
    stage.prepare(service)
    known = service.client(BAD)
    details = {"as_of_loops": str(known.get("/changes?limit=1").json["seq"] - 1),
               "open_boards": known.get("/runs?limit=1").json["items"][0]["id"]}
    seconds = 3 if stage.short else 10
    alone = measure(stage, service, "alone", seconds)
    everything = list(KINDS)
    for kinds in [everything] if stage.short else [[kind] for kind in everything] + [everything]:
        words = "all at once" if len(kinds) > 1 else kinds[0].replace("_", " ")
        nuisances = [start(stage, service, kind, details.get(kind, "-")) for kind in kinds]
        time.sleep(1.5)
        beside = measure(stage, service, words, seconds)
        # The short form looks only at what is refused or lost: how long it takes is a matter of the machine and the build.
        if not stage.short:
            compare(stage, words, alone, beside)
        for nuisance in nuisances:
            if nuisance.poll() is not None:
                stage.report.fault(f"{words}: the misbehaving clients ended by themselves: nothing was tried")
            nuisance.kill()
            nuisance.wait()
        time.sleep(1)
    stage.report.figure("memory of the service at the end", service.memory_bytes() / 1e6, "MB")
    stage.conclude(service)


def start(stage, service, kind, detail):
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "common", "nuisance.py")
    words = [kind, str(service.port), service.token(BAD, "eve"), detail, "gentle" if stage.short else "rough"]
    process = subprocess.Popen([sys.executable, program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    stage.stack.callback(process.kill)
    return process


def measure(stage, service, words, seconds):
    """p99 of the small organisation's reads and writes."""
    load, report = stage.load, stage.report
    load.begin()
    began = time.monotonic()
    patience = 3 * PATIENCE if stage.short else PATIENCE
    load.writer(service, FIRST, timeout=patience, pause=0.01, mix=False)
    load.reader(service, FIRST, timeout=patience, pause=0.01)
    time.sleep(seconds)
    for stuck in load.stop():
        report.fault(f"{words}: the client {stuck} never came to an end")
    found = {}
    for lane in ("read", "write"):
        asked = load.journal.of(lane, since=began)
        report.figure(f"{words}: {lane}s", len(asked), at_least=1 if stage.short else 20)
        found[lane] = quantile([one.seconds for one in asked], 0.99)
        report.figure(f"{words}: p99 of {lane}s", None if found[lane] is None else found[lane] * 1000, "ms")
        refused = [one for one in asked if one.failed]
        report.figure(f"{words}: {lane}s refused", len(refused), at_most=0)
        for one in refused:
            report.fault(f"{words}: a {one.what} of the small organisation was answered {one.status} {one.code}")
    return found


def compare(stage, words, alone, beside):
    for lane in ("read", "write"):
        ratio = None if beside[lane] is None else beside[lane] / max(alone[lane], LEAST_SECONDS)
        stage.report.figure(f"{words}: p99 of {lane}s against alone", ratio, "x", at_most=RATIO)

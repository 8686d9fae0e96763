"""The service is killed while clients write; what was acknowledged must be there, and it is ready again at once."""

import sqlite3
import os
import time

from common.service import FIRST, SECOND

DATABASES = ("sqlite", "postgres")
READY_SECONDS = 1.0
#: So often all there is is compared with the oracle and the ledger verified; what is new is settled each time.
THOROUGH = 10


def run(stage):
    report, load = stage.report, stage.load
    cycles = stage.cycles(usual=100, short=2)
    cluster = stage.cluster() if stage.on_postgres else None
    service = stage.service(cluster.url if cluster else None)
    stage.prepare(service)
    service.kill()
    times = []
    for cycle in range(cycles):
        times.append(service.start())
        report.all_faults(load.settle(service)[1])
        if cycle % THOROUGH == 0:
            report.all_faults(load.check(service))
        load.begin()
        for client in range(4):
            load.writer(service, (FIRST, SECOND)[client % 2])
        time.sleep(stage.random.uniform(0.005, 0.5))
        service.kill()
        load.stop()
        if cycle % THOROUGH == 0:
            look_at_the_rest(service, report, cycle)
    report.figure("kills", cycles)
    # How soon a build that is not optimised starts beside others says nothing.
    report.times("ready again after", times, at_most=None if stage.short else READY_SECONDS)
    times.append(service.start())
    stage.conclude(service)


def look_at_the_rest(service, report, cycle):
    """What the kill left behind, before a start repairs it."""
    wrong = service.verify()
    if wrong:
        report.fault(f"kill {cycle}: holdfast verify: {wrong}")
    file = os.path.join(service.data, "holdfast.db")
    if service.database_url is None:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            said = database.execute("pragma integrity_check").fetchall()
            broken = database.execute("pragma foreign_key_check").fetchall()
        database.close()
        if said != [("ok",)] or broken:
            report.fault(f"kill {cycle}: SQLite's own check says {said[:3]} {broken[:3]}")

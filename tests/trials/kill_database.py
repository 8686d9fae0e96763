"""A backend of PostgreSQL is killed, the postmaster is killed, it is stopped at once; the service stays and loses nothing."""

import time

from common.outage import BACK_SECONDS, Outage

DATABASES = ("postgres",)
#: So often all there is is compared with the oracle.
THOROUGH = 10


def run(stage):
    report = stage.report
    cluster = stage.cluster()
    service = stage.service(cluster.url)
    stage.prepare(service)
    cycles = stage.cycles(usual=60, short=2)
    outages = []
    for cycle in range(cycles):
        words = ("backend killed", "postmaster killed", "stopped at once")[cycle % 3]
        outage = Outage(stage, service, words, writers=2, readers=1)

        def trouble():
            if words == "backend killed":
                cluster.remember()
                if not cluster.kill_backend(stage.random):
                    report.fault("the service has no connection that could be killed")
            elif words == "postmaster killed":
                cluster.kill()
            else:
                cluster.stop("immediate")

        def mend():
            if words == "backend killed":
                cluster.wait_for_recovery()
            else:
                time.sleep(stage.random.uniform(0, 1))
                cluster.start()

        outage.play(trouble, mend, seconds=0, before=stage.random.uniform(0.005, 0.5), after=BACK_SECONDS + 1)
        outages.append(outage)
        if not service.alive:
            report.fault(f"{words}: the service has ended")
            service.start()
        if cycle % THOROUGH == 0:
            stage.recover(service, words)
            report.all_faults(stage.load.settle(service)[1])
            report.all_faults(stage.load.check(service))
            wrong = service.verify()
            if wrong:
                report.fault(f"{words}: holdfast verify: {wrong}")
    report.figure("kills and stops", cycles)
    summarise(report, stage.load.journal, outages)
    stage.conclude(service)


def summarise(report, journal, outages):
    for words in ("backend killed", "postmaster killed", "stopped at once"):
        mine = [outage for outage in outages if outage.words == words]
        if not mine:
            continue
        for lane in ("write", "read", "/readyz"):
            backs = [back for outage in mine for back in back_times(journal, outage, lane)]
            report.times(f"{words}: {lane} back after", backs, at_most=BACK_SECONDS)
    entries = journal.of()
    report.figure("longest answer", max(one.seconds for one in entries), "s", at_most=5.25)
    report.figure("answered 503", sum(one.status == 503 for one in entries), at_least=1)
    report.figure("/livez not 200", sum(not one.good for one in entries if one.lane == "/livez"), at_most=0)
    for outage in outages:
        for one in journal.of(since=outage.began, until=outage.ended):
            outage.judge(one)


def back_times(journal, outage, lane):
    clients = {one.lane for one in journal.of(lane, since=outage.began, until=outage.ended)}
    return [journal.first(client, outage.mended, lambda one: one.good) for client in sorted(clients)]

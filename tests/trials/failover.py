"""A primary with a synchronous standby is killed and the standby promoted; the service finds the new primary by itself."""

import shutil
import time

from common.outage import PATIENCE
from common.service import FIRST, SECOND

DATABASES = ("postgres",)
WRITE_OUTAGE_SECONDS = 15.0
READ_OUTAGE_SECONDS = 15.0


def run(stage):
    report, load = stage.report, stage.load
    primary = stage.cluster()
    standby = stage.ends(primary.make_standby())
    primary.wait_for_standby()
    hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
    url = f"postgres://holdfast@{hosts}/holdfast?sslmode=disable"
    service = stage.service(url)
    stage.prepare(service)
    writes, reads, ready = [], [], []
    cycles = stage.cycles(usual=10, short=1)
    for cycle in range(cycles):
        load.begin()
        for organization in (FIRST, SECOND):
            for _ in range(2):
                load.writer(service, organization, timeout=PATIENCE)
            load.reader(service, organization, timeout=PATIENCE)
        load.prober(service, "/readyz", timeout=PATIENCE)
        load.prober(service, "/livez", timeout=PATIENCE)
        time.sleep(0.5 + stage.random.uniform(0.005, 0.5))
        killed = time.monotonic()
        primary.kill()
        standby.promote()
        promoted = time.monotonic() - killed
        wait_for_writes(load.journal, killed)
        time.sleep(0.5)
        for stuck in load.stop():
            report.fault(f"the client {stuck} never came to an end")
        writes += gaps(load.journal, "write", killed)
        reads += gaps(load.journal, "read", killed)
        ready += gaps(load.journal, "/readyz", killed)
        report.figure(f"failover {cycle + 1}: promotion itself", promoted, "s")
        judge(report, load.journal, killed)
        stage.recover(service, "after the failover")
        report.all_faults(load.settle(service)[1])
        report.all_faults(load.check(service))
        if cycle + 1 < cycles:
            primary, standby = standby, rebuilt(stage, standby, primary)
    report.figure("failovers", cycles)
    report.times("write outage of a client", writes, at_most=WRITE_OUTAGE_SECONDS)
    report.times("read outage of a client", reads, at_most=READ_OUTAGE_SECONDS)
    report.times("/readyz not 200 for", ready, at_most=WRITE_OUTAGE_SECONDS)
    stage.conclude(service)


def wait_for_writes(journal, since, patience=30):
    """Until every writer has had a good answer that was asked for after the kill, or patience ends."""
    until = time.monotonic() + patience
    lanes = {one.lane for one in journal.of("write", since)}
    while time.monotonic() < until:
        if all(any(one.good and one.began > since for one in journal.of(lane, since)) for lane in lanes):
            return
        time.sleep(0.1)


def gaps(journal, lane, since):
    """For each client the longest time between two good answers, from the last before the kill on; None when none came after
    the first failure."""
    found = []
    for client in journal.lanes(lane):
        good = [one.ended for one in journal.of(client) if not one.failed]
        if not good or journal.of(client)[-1].ended < since:
            continue
        before = [moment for moment in good if moment <= since][-1:]
        after = [moment for moment in good if moment > since]
        moments = (before or [since]) + after
        fails = [one for one in journal.of(client, since) if one.failed]
        if fails and (not after or after[-1] < fails[-1].ended):
            found.append(None)
        else:
            found.append(max((b - a for a, b in zip(moments, moments[1:])), default=None))
    return found


def judge(report, journal, since):
    for one in journal.of(since=since):
        if one.lane == "/livez" and not one.good:
            report.fault(f"/livez was answered {one.status}")
        elif one.status in ("hung", "broken", "not sent"):
            report.fault(f"a {one.what} got no answer ({one.status})")
        elif one.status == 503 and not one.retry_after:
            report.fault(f"a {one.what} was answered 503 without Retry-After")
        elif isinstance(one.status, int) and one.status >= 500 and one.status != 503:
            report.fault(f"a {one.what} was answered {one.status} {one.code}")


def rebuilt(stage, primary, lost):
    """A new standby at the address of the primary that was lost."""
    shutil.rmtree(lost.data, ignore_errors=True)
    standby = stage.ends(primary.make_standby(port=lost.port))
    primary.wait_for_standby()
    return standby

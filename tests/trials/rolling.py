"""Instances behind a load balancer are stopped and started one after the other; no request may fail."""

import os
import shutil
import time

from common.balancer import Balancer
from common.service import FIRST, SECOND

DATABASES = ("postgres",)
STOP_SECONDS = 40


def run(stage):
    report, load = stage.report, stage.load
    cluster = stage.cluster()
    instances = [stage.service(cluster.url, name="one")]
    for name in ("two",) if stage.short else ("two", "three"):
        instances.append(stage.service(cluster.url, name=name, start=False))
        # They accept each other's tokens.
        os.makedirs(instances[-1].data, mode=0o700)
        shutil.copy(os.path.join(instances[0].data, "local-issuer.key"), instances[-1].data)
        instances[-1].start()
    stage.prepare(instances[0])
    balancer = stage.stack.enter_context(Balancer([one.port for one in instances]))
    load.begin()
    for organization in (FIRST, SECOND):
        load.writer(instances[0], organization, port=balancer.port, pause=0.002)
        load.writer(instances[0], organization, port=balancer.port, pause=0.002)
        load.reader(instances[0], organization, port=balancer.port, pause=0.005)
    rounds = stage.cycles(usual=5, short=1)
    stops, starts = [], []
    time.sleep(1)
    for _ in range(rounds):
        for instance in instances[:1] if stage.short else instances:
            code, seconds = instance.terminate(STOP_SECONDS)
            stops.append(seconds if code is not None else None)
            if code != 0:
                report.fault(f"a graceful stop ended with the code {code}")
            time.sleep(0.3)
            starts.append(instance.start())
            time.sleep(1)
    time.sleep(0.5)
    for stuck in load.stop():
        report.fault(f"the client {stuck} never came to an end")
    asked = load.journal.of()
    report.figure("stops of an instance", len(stops), at_least=1)
    report.figure("requests", len(asked), at_least=100)
    wrong = [one for one in asked if one.failed]
    report.figure("failed requests", len(wrong), at_most=0)
    for one in wrong:
        report.fault(f"a {one.what} was answered {one.status} {one.code}: {one.detail}")
    report.figure("longest request", max(one.seconds for one in asked), "s")
    report.times("stopped after", stops, at_most=30.0)
    report.times("ready after", starts)
    for why, count in sorted(balancer.counts.items()):
        report.figure(f"balancer: {why}", count)
    stage.conclude(instances[0])

"""Somebody holds a lock: on the row of one organisation, on a table, on the whole file."""

import os
import sqlite3

from common.outage import Outage
from common.service import FIRST, SECOND

DATABASES = ("sqlite", "postgres")
SHORT = ("postgres",)

ROW = f"""begin; select from tenants where organization_id =
          (select id from objects where kind = 'organization' and key = '{FIRST}') for update"""
WRITES = "begin; lock table sites in share row exclusive mode"
READS = "begin; lock table sites in access exclusive mode"


def run(stage):
    if stage.on_postgres:
        cluster = stage.cluster()
        service = stage.service(cluster.url)
        stage.prepare(service)
        session = cluster.session()
        troubles = [("row of an organisation", ROW), ("table, against writes", WRITES),
                    ("table, against reads", READS)]
        for words, statements in troubles[:1] if stage.short else troubles:
            outage = start(stage, service, words)
            seconds = 6 if stage.short else 8
            outage.play(lambda: session.execute(statements), lambda: session.execute("rollback"), seconds)
            judge_postgres(outage, words)
            stage.recover(service, words)
    else:
        service = stage.service()
        stage.prepare(service)
        file = sqlite3.connect(os.path.join(service.data, "holdfast.db"), isolation_level=None)
        outage = start(stage, service, "whole file")
        outage.play(lambda: file.execute("begin immediate"), lambda: file.execute("rollback"), seconds=8)
        file.close()
        outage.answers(["write"])
        outage.goes_on(["read", "other"])
        finish(outage)
    stage.conclude(service)


def start(stage, service, words):
    outage = Outage(stage, service, words)
    stage.load.reader(service, SECOND, timeout=12, path="/services?limit=5", lane="other")
    return outage


def judge_postgres(outage, words):
    if words.startswith("row"):
        outage.answers([f"write {FIRST}"])
        outage.goes_on([f"write {SECOND}", "read", "other"])
    elif words.endswith("writes"):
        outage.answers(["write"])
        outage.goes_on(["read", "other"])
    else:
        outage.answers(["write", "read"])
        outage.goes_on(["other"])
    finish(outage)


def finish(outage):
    outage.is_not_told()
    outage.lives()
    outage.is_back(["write", "read", "other"])

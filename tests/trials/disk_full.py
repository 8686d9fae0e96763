"""The disk of the database is full: writes are refused, reads go on, and with room again all goes on without a restart."""

import os

from common.cluster import owner
from common.outage import Outage

DATABASES = ("sqlite", "postgres")
SHORT = ("sqlite",)


class Ballast:
    """Fills what is left of a file system, and keeps it full."""

    def __init__(self, folder):
        self.file = os.path.join(folder, "ballast")

    def load(self):
        with open(self.file, "wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    def drop(self):
        os.remove(self.file)


def run(stage):
    if not stage.can_mount():
        return
    if stage.on_postgres:
        tables_full(stage)
        if not stage.short:
            log_full(stage)
    else:
        on_sqlite(stage)


def on_sqlite(stage):
    folder = stage.small_disk("small", 48)
    service = stage.service(data=os.path.join(folder, "data"))
    stage.prepare(service)
    play(stage, service, Ballast(folder), "disk full")
    stage.conclude(service)


def tables_full(stage):
    """The tables have no room, the write-ahead log has."""
    account = owner()
    folder = stage.small_disk("tables", 160, account)
    log = os.path.join(stage.folder, "wal")
    os.makedirs(log)
    os.chown(log, account["user"], account["group"])
    cluster = stage.cluster(data=os.path.join(folder, "data"), initdb=("-X", log), settings={"max_wal_size": "64MB"})
    service = stage.service(cluster.url)
    stage.prepare(service)
    play(stage, service, Ballast(folder), "tables' disk full")
    stage.conclude(service)


def log_full(stage):
    """The write-ahead log has no room: PostgreSQL ends itself, and is started again when there is."""
    account = owner()
    folder = stage.small_disk("log", 24, account)
    cluster = stage.cluster(initdb=("-X", os.path.join(folder, "wal"), "--wal-segsize=1"),
                            settings={"max_wal_size": "4MB", "min_wal_size": "2MB", "wal_keep_size": "0"})
    service = stage.service(cluster.url, name="other")
    stage.load.oracles.clear()
    stage.prepare(service)
    ballast = Ballast(folder)

    def mend():
        ballast.drop()
        if cluster.postmaster.poll() is not None:
            cluster.start()

    words = "log's disk full"
    outage = Outage(stage, service, words)
    outage.play(ballast.load, mend, seconds=8)
    outage.answers(["write"])
    outage.answers(["read"], least_refused=0)
    outage.lives()
    outage.is_back(["write", "read", "/readyz"])
    stage.conclude(service)


def play(stage, service, ballast, words):
    outage = Outage(stage, service, words)
    outage.play(ballast.load, ballast.drop, seconds=4 if stage.short else 10)
    outage.answers(["write"])
    outage.goes_on(["read"])
    outage.lives()
    outage.is_back(["write", "read", "/readyz"])

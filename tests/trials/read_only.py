"""The database may only be read: by its own setting, for a standby stands behind its address, or for its file is closed to
writing or gone."""

import os
import pwd

from common.outage import Outage
from common.proxy import Proxy

DATABASES = ("sqlite", "postgres")
SHORT = ("postgres",)


def run(stage):
    if stage.on_postgres:
        on_postgres(stage)
    else:
        on_sqlite(stage)


def on_postgres(stage):
    cluster = stage.cluster()
    proxy = stage.stack.enter_context(Proxy(cluster.port))
    service = stage.service(cluster.url_of("holdfast", proxy.port))
    stage.prepare(service)
    seconds = 4 if stage.short else 8

    def close_to_writing():
        cluster.query("alter database holdfast set default_transaction_read_only = on", database="postgres")
        cluster.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holdfast'")

    def open_again():
        cluster.query("alter database holdfast reset default_transaction_read_only", database="postgres")

    troubles = [
        ("database set read-only", close_to_writing, open_again),
    ]
    if not stage.short:
        standby = stage.ends(cluster.make_standby())
        troubles.append(("standby behind the address", lambda: proxy.turn_to(standby.port),
                         lambda: proxy.turn_to(cluster.port)))
    for words, trouble, mend in troubles:
        outage = Outage(stage, service, words)
        outage.play(trouble, mend, seconds)
        outage.answers(["write"])
        # The connections were ended with the trouble: a read that was on its way may be told to come again.
        outage.answers(["read"], least_refused=0)
        reads = [one for one in outage.during("read") if one.began > outage.broken + 2 and one.ended < outage.mending]
        outage.report.figure(f"{words}: reads refused 2 s after it began", sum(not one.good for one in reads), at_most=0)
        outage.is_told()
        outage.lives()
        outage.is_back(["write", "read", "/readyz"])
        stage.recover(service, words)
    stage.conclude(service)


def on_sqlite(stage):
    # Root may write everywhere, so the service runs as somebody else.
    user = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chmod(stage.folder, 0o755)
    folder = os.path.join(stage.folder, "service")
    os.makedirs(folder)
    if user:
        os.chown(folder, user["user"], user["group"])
    service = stage.service(user=user)
    stage.prepare(service)
    file = os.path.join(service.data, "holdfast.db")
    endings = [ending for ending in ("", "-wal", "-shm") if os.path.exists(file + ending)]

    def move(before, after):
        for ending in endings:
            os.rename(before + ending, after + ending)

    words = "file taken away"
    outage = Outage(stage, service, words)
    outage.play(lambda: move(file, file + ".away"), lambda: move(file + ".away", file), seconds=5)
    outage.answers(["write", "read"])
    outage.is_told()
    outage.lives()
    outage.is_back(["write", "read", "/readyz"])
    stage.recover(service, words)

    words = "file closed to writing"
    outage = Outage(stage, service, words)
    outage.play(lambda: close(service.data), lambda: reopen(service.data), seconds=4)
    # What was open before stays so, and may go on to be written.
    outage.answers(["write", "read"], least_refused=0)
    outage.lives()
    outage.is_back(["write", "read", "/readyz"])
    stage.recover(service, words)
    start_on_a_closed_file(stage, service)
    stage.conclude(service)


def close(folder):
    for name in os.listdir(folder):
        if name.startswith("holdfast.db"):
            os.chmod(os.path.join(folder, name), 0o400)
    os.chmod(folder, 0o500)


def reopen(folder):
    os.chmod(folder, 0o700)
    for name in os.listdir(folder):
        if name.startswith("holdfast.db"):
            os.chmod(os.path.join(folder, name), 0o600)


def start_on_a_closed_file(stage, service):
    """A start there is refused with its cause, or serves what can be read and answers 503 to writes."""
    service.terminate()
    close(service.data)
    service.launch()
    if service.wait_ready(10) or service.alive:
        client = service.client(timeout=10)
        status = client.request("POST", "/sites", {"name": "x", "kind": "office"}).status
        if status != 503:
            stage.report.fault(f"started on a closed file, a write is answered {status}")
        stage.report.figure("start on a closed file", "serves")
    else:
        words = service.last_words().strip().splitlines()[-1:]
        stage.report.figure("start on a closed file", "refused")
        if not words or "panicked" in words[0] or "holdfast.db" not in words[0] and "data" not in words[0]:
            stage.report.fault(f"started on a closed file, it ends without naming the file: {words}")
    service.kill()
    reopen(service.data)
    service.start()

"""PgBouncer between service and PostgreSQL: what it lends to many may not be left changed for the next."""

import os
import shutil
import subprocess
import time

from common.outage import PATIENCE
from common.service import FIRST, SECOND, free_port

DATABASES = ("postgres",)
#: As the next client of the pool must find them.
SETTINGS = {"default_transaction_read_only": "off", "statement_timeout": "0", "lock_timeout": "0",
            "idle_in_transaction_session_timeout": "0", "jit": "on", "max_parallel_workers_per_gather": "2"}


def run(stage):
    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not program:
        stage.cannot("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
        return
    cluster = stage.cluster()
    for mode in ("session", "transaction"):
        cluster.query(f"create database {mode}")
        port = start(stage, program, cluster, mode)
        service = stage.service(cluster.url_of(mode, port), name=mode, start=False)
        service.launch()
        if service.wait_ready(15):
            stage.load.oracles.clear()
            works(stage, service, mode)
        elif mode == "session" or service.alive:
            state = "runs and is not ready" if service.alive else "has ended"
            stage.report.fault(f"{mode} mode: 15 s after its start the service {state}: {last_line(service)}")
        else:
            refused(stage, service)
        service.terminate() if service.alive else None
        look_at_the_pool(stage, cluster, port, mode)


def start(stage, program, cluster, mode):
    """A PgBouncer in front of the cluster; tells its port."""
    port = free_port()
    file = os.path.join(cluster.folder, f"{mode}.ini")
    with open(file, "w", encoding="utf-8") as config:
        config.write(f"""[databases]
{mode} = host=127.0.0.1 port={cluster.port} user=holdfast
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = 20
logfile = {os.path.join(cluster.folder, mode + ".log")}
""")
    os.chmod(file, 0o644)
    process = subprocess.Popen([program, file], cwd=cluster.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **cluster.owner)
    stage.stack.callback(process.wait)
    stage.stack.callback(process.kill)
    until = time.monotonic() + 10
    while cluster.try_query("select 1", mode, port) is None:
        if time.monotonic() > until:
            raise RuntimeError("PgBouncer does not start")
        time.sleep(0.05)
    return port


def works(stage, service, mode):
    """With load for some seconds nothing fails and nothing is lost."""
    report, load = stage.report, stage.load
    stage.prepare(service)
    load.begin()
    began = time.monotonic()
    for organization in (FIRST, SECOND):
        load.writer(service, organization, timeout=PATIENCE, pause=0.005)
        load.reader(service, organization, timeout=PATIENCE)
    time.sleep(2 if stage.short else 6)
    load.stop()
    entries = load.journal.of(since=began)
    wrong = [one for one in entries if one.failed]
    report.figure(f"{mode} mode: requests", len(entries), at_least=50)
    report.figure(f"{mode} mode: failed", len(wrong), at_most=0)
    for one in wrong:
        report.fault(f"{mode} mode: a {one.what} was answered {one.status} {one.code}")
    stage.conclude(service)


def refused(stage, service):
    """A refusal has to say why, in words an operator can act on."""
    words = last_line(service)
    told = any(word in words.lower() for word in ("pgbouncer", "pooler", "pool_mode", "transaction mode", "session mode"))
    stage.report.figure("transaction mode: refused at the start", "yes")
    if not told or "panicked" in words:
        stage.report.fault(f"transaction mode: refused without its cause: {words}")


def last_line(service):
    lines = service.last_words().strip().splitlines()
    return lines[-1][:400] if lines else "it says nothing"


def look_at_the_pool(stage, cluster, port, mode):
    """Whatever server connection the next client is lent, it is as a new one."""
    report = stage.report
    left = cluster.query("select count(*) from pg_locks where locktype = 'advisory'", mode)
    report.figure(f"{mode} mode: advisory locks left", int(left), at_most=0)
    names = list(SETTINGS)
    asked = " || ',' || ".join(f"current_setting('{name}')" for name in names)
    # Side by side, so that each is lent another server connection.
    sessions = [cluster.session(mode, port) for _ in range(10)]
    for session in sessions:
        session.execute("begin")
    for session in sessions:
        for name, value in zip(names, session.execute(f"select {asked}").split(",")):
            if value != SETTINGS[name]:
                report.fault(f"{mode} mode: the next client of the pool finds {name} = {value}")
        if session.execute("select count(*) from pg_prepared_statements") != "0":
            report.fault(f"{mode} mode: the next client of the pool finds prepared statements of the service")
    report.figure(f"{mode} mode: connections of the pool looked at", len(sessions), at_least=1)
    for session in sessions:
        session.close()

"""A PostgreSQL cluster of a trial's own, durable as in production: started, frozen, killed, copied to a standby."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from common.service import free_port

MISSING = "no PostgreSQL server is installed (Debian: apt-get install postgresql)"


def programs():
    """The folder of the newest server's programs."""
    def version(path):
        return float(path.split("/")[4]) if path.split("/")[4].replace(".", "").isdigit() else 0.0
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=version)
    initdb = found[-1] if found else shutil.which("initdb")
    if not initdb:
        raise RuntimeError(MISSING)
    return os.path.dirname(initdb)


def owner():
    """As whom PostgreSQL's programs run: it refuses root."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam("postgres")
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(one) for one in file.read().split()]


class Cluster:
    """`settings` are server settings; `data` may lie on another file system; `initdb` are further flags of that program;
    `tidy` is given the folder in the end."""

    def __init__(self, settings=None, data=None, port=None, initdb=(), tidy=None):
        self.programs = programs()
        self.owner = owner()
        self.port = port or free_port()
        self.initdb = initdb
        self.tidy = tidy or (lambda folder: shutil.rmtree(folder, ignore_errors=True))
        self.folder = tempfile.mkdtemp(prefix="holdfast-trial-postgres-")
        self.data = data or os.path.join(self.folder, "data")
        self.settings = {"fsync": "on", "max_connections": "100", "wal_keep_size": "256MB", "listen_addresses": "127.0.0.1",
                         **(settings or {})}
        self.postmaster = None
        self.sessions = []
        self.remembered = None
        if self.owner:
            os.chown(self.folder, self.owner["user"], self.owner["group"])

    def __enter__(self):
        try:
            self.run("initdb", "-D", self.data, "-U", "holdfast", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                     "--no-sync", *self.initdb)
            self.start()
            self.query("create database holdfast", database="postgres")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for session in self.sessions:
            session.close()
        if self.postmaster is not None and self.postmaster.poll() is None:
            self.thaw()
            self.stop("immediate")
        self.tidy(self.folder)

    # Its life.

    def start(self, patience=60):
        """Starts the postmaster. After a kill its children may hold the shared memory for a moment, and a new one refuses to
        start; then it is tried again."""
        until = time.monotonic() + patience
        while True:
            settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
            with open(os.path.join(self.folder, "log"), "ab") as log:
                self.postmaster = subprocess.Popen(
                    [self.program("postgres"), "-D", self.data, "-p", str(self.port), "-k", self.folder, *settings],
                    cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.owner)
            while self.postmaster.poll() is None and time.monotonic() < until:
                if self.answers():
                    return
                time.sleep(0.02)
            if time.monotonic() > until:
                with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
                    raise RuntimeError(f"PostgreSQL does not start:\n{log.read()[-2000:]}")
            time.sleep(0.05)

    def answers(self):
        done = subprocess.run([self.program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"],
                              check=False)
        return done.returncode == 0

    def kill(self):
        """As a power cut would; its children notice and go."""
        self.postmaster.kill()
        self.postmaster.wait()

    def stop(self, mode):
        how = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
        self.postmaster.send_signal(how)
        self.postmaster.wait(timeout=60)

    def processes(self):
        """The postmaster and all it started."""
        return [self.postmaster.pid, *children(self.postmaster.pid)]

    def freeze(self):
        """Stops every process as it stands: sockets stay open, nobody answers. The postmaster first, so that none is new."""
        os.kill(self.postmaster.pid, signal.SIGSTOP)
        for pid in children(self.postmaster.pid):
            signal_to(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in reversed(self.processes()):
            signal_to(pid, signal.SIGCONT)

    def kill_backend(self, random):
        """Kills one connection's process of the service, the way the kernel's memory killer does. All others are then
        stopped by the postmaster, and the database recovers."""
        found = self.try_query("select pid from pg_stat_activity where application_name = 'holdfast' order by pid")
        pids = [int(pid) for pid in (found or "").split()]
        if not pids:
            return False
        signal_to(random.choice(pids), signal.SIGKILL)
        return True

    def remember(self):
        """Which of its own processes there are; a recovery makes new ones."""
        self.remembered = self.query("select pid from pg_stat_activity where backend_type = 'checkpointer'")

    def wait_for_recovery(self, patience=60):
        """Until it answers with other processes of its own than those remembered."""
        until = time.monotonic() + patience
        asked = "select pid from pg_stat_activity where backend_type = 'checkpointer'"
        while self.try_query(asked) in (None, self.remembered):
            if time.monotonic() > until:
                raise RuntimeError("PostgreSQL does not recover from the end of one of its processes")
            time.sleep(0.01)

    # What may be asked of it.

    @property
    def url(self):
        return self.url_of("holdfast")

    def url_of(self, database, port=None):
        return f"postgres://holdfast@127.0.0.1:{port or self.port}/{database}?sslmode=disable"

    def query(self, statement, database="holdfast", port=None):
        return self.run(*self.psql(database, port), "-v", "ON_ERROR_STOP=1", "-c", statement).strip()

    def try_query(self, statement, database="holdfast", port=None):
        try:
            return self.query(statement, database, port)
        except subprocess.CalledProcessError:
            return None

    def psql(self, database="holdfast", port=None):
        return ["psql", "-h", "127.0.0.1", "-p", str(port or self.port), "-U", "holdfast", "-d", database,
                "-X", "-q", "-A", "-t"]

    def session(self, database="holdfast", port=None):
        session = Session(self, database, port)
        self.sessions.append(session)
        return session

    # A second one.

    def make_standby(self, port=None):
        """A standby that follows this one, with all it has so far; its caller ends it."""
        standby = Cluster(port=port, tidy=self.tidy)
        try:
            self.run("pg_basebackup", "-D", standby.data, "-h", "127.0.0.1", "-p", str(self.port), "-U", "holdfast", "-R",
                     "-X", "stream", "-c", "fast", "--no-sync")
            with open(os.path.join(standby.data, "postgresql.auto.conf"), "a", encoding="utf-8") as file:
                file.write(f"\nprimary_conninfo = 'host=127.0.0.1 port={self.port} user=holdfast application_name=standby'\n")
            standby.start()
        except BaseException:
            standby.__exit__()
            raise
        return standby

    def wait_for_standby(self, patience=30):
        """From here on a commit waits for the standby, and this waits until it does."""
        self.query("alter system set synchronous_standby_names = 'standby'")
        self.query("select pg_reload_conf()")
        until = time.monotonic() + patience
        while self.query("select sync_state from pg_stat_replication") != "sync":
            if time.monotonic() > until:
                raise RuntimeError("the standby does not follow")
            time.sleep(0.05)

    def promote(self):
        self.run("pg_ctl", "promote", "-D", self.data, "-w")

    def program(self, name):
        path = os.path.join(self.programs, name)
        return path if os.path.exists(path) else name

    def run(self, name, *arguments):
        return subprocess.run([self.program(name), *arguments], cwd=self.folder, check=True, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, **self.owner).stdout


class Session:
    """A psql that stays connected, to hold locks with."""

    def __init__(self, cluster, database, port):
        command = [cluster.program("psql"), *cluster.psql(database, port)[1:]]
        self.process = subprocess.Popen(command, cwd=cluster.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, **cluster.owner)

    def execute(self, statements):
        """Carries them out and waits until they are done."""
        self.process.stdin.write(f"{statements};\n\\echo done\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.strip() == "done":
                break
            said.append(line)
        words = "".join(said)
        if "ERROR" in words or self.process.poll() is not None:
            raise RuntimeError(f"{statements}: {words}")
        return words.strip()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def signal_to(pid, what):
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass

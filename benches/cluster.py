"""A PostgreSQL cluster of the measurement's own, durable as in production."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time


def programs():
    """The folder of the newest installed server's programs, or None."""
    def version(path):
        try:
            return float(path.split("/")[4])
        except ValueError:
            return 0.0
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=version)
    if found:
        return os.path.dirname(found[-1])
    initdb = shutil.which("initdb")
    return os.path.dirname(initdb) if initdb else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    def __init__(self):
        self.programs = programs()
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="holdfast-bench-postgres-")
        self.postmaster = None
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)

    def __enter__(self):
        try:
            self._run("initdb", "-D", "data", "-U", "holdfast", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
            with open(os.path.join(self.folder, "log"), "ab") as log:
                self.postmaster = subprocess.Popen(self._command(
                    "postgres", "-D", "data", "-p", str(self.port), "-k", self.folder,
                    "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
                    "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "shared_buffers=512MB",
                    "-c", "max_wal_size=4GB",
                ), cwd=self.folder, stdout=log, stderr=log)
            self._wait()
            self.query("create database holdfast", database="postgres")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.postmaster and self.postmaster.poll() is None:
            # The pid in the file is the postmaster's own, also where runuser stands before it.
            with open(os.path.join(self.folder, "data", "postmaster.pid"), encoding="ascii") as file:
                os.kill(int(file.readline()), signal.SIGINT)
            self.postmaster.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"postgres://holdfast@127.0.0.1:{self.port}/holdfast?sslmode=disable"

    def query(self, statement, database="holdfast"):
        answer = self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "holdfast", "-d", database,
                           "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement)
        return answer.strip()

    def discard(self, statement, database="holdfast"):
        """Has the server send all rows, and drops them."""
        self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "holdfast", "-d", database,
                  "-X", "-q", "-o", os.devnull, "-c", f"copy ({statement}) to stdout")

    def pgbench(self, scripts, seconds, clients):
        """Transactions per second of the given script files, prepared."""
        arguments = []
        for script in scripts:
            arguments += ["-f", script]
        output = subprocess.run(
            [self._program("pgbench"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "holdfast", "-n",
             "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds), *arguments, "holdfast"],
            check=True, capture_output=True, text=True).stdout
        line = next(line for line in output.splitlines() if line.startswith("tps = "))
        return float(line.split()[2])

    def _wait(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                self.query("select 1", database="postgres")
                return
            except subprocess.CalledProcessError:
                if self.postmaster.poll() is not None or time.monotonic() > deadline:
                    with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
                        raise RuntimeError(f"PostgreSQL does not start:\n{log.read()}") from None
                time.sleep(0.1)

    def _program(self, name):
        path = os.path.join(self.programs, name)
        return path if os.path.exists(path) else name

    def _command(self, name, *arguments):
        before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        return [*before, self._program(name), *arguments]

    def _run(self, name, *arguments):
        return subprocess.run(self._command(name, *arguments), cwd=self.folder, check=True,
                              capture_output=True, text=True).stdout

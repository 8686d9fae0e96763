"""The service as a process: started, asked, stopped and killed; and its commands."""

import json
import os
import signal
import socket
import subprocess
import time

from common.client import Client, NotSent, Broken

#: What the trials do to a service is done in these two organisations.
FIRST, SECOND = "first", "second"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}


class Service:
    def __init__(self, binary, folder, database_url=None, settings=None, data=None, name="service", user=None):
        self.binary = binary
        self.folder = folder
        self.data = data or os.path.join(folder, "data")
        self.database_url = database_url
        self.settings = settings or {}
        self.log = os.path.join(folder, f"{name}.log")
        self.port = free_port()
        self.process = None
        #: `demo` serves an example organisation of that name besides.
        self.serves = "serve"
        self.tokens = {}
        #: As whom it runs, in the words of subprocess; the caller otherwise.
        self.user = user or {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def flags(self):
        flags = ["--data-dir", self.data]
        return flags + ["--database-url", self.database_url] if self.database_url else flags

    def launch(self):
        command = [self.binary, self.serves, "--listen", f"127.0.0.1:{self.port}", *self.flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**environment(), **self.settings}, **self.user)

    def start(self, patience=60):
        """Starts, and tells after how many seconds it was ready."""
        started = time.monotonic()
        self.launch()
        if not self.wait_ready(patience):
            self.kill()
            raise RuntimeError(f"the service does not start:\n{self.last_words()}")
        return time.monotonic() - started

    def wait_ready(self, patience):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.ready():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.002)
        return False

    def ready(self):
        return self.probe("/readyz") == 200

    def probe(self, path, timeout=5):
        """The status of a page of the operator, or None where no answer came."""
        client = Client(self.port, timeout=timeout)
        try:
            return client.get(path).status
        except (NotSent, Broken):
            return None
        finally:
            client.close()

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.alive:
            self.process.kill()
            self.process.wait()

    def terminate(self, patience=60):
        """Asks it to stop; tells its exit code, None when it had to be killed, and the seconds it took."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            self.kill()
            code = None
        return code, time.monotonic() - asked

    def command(self, name, *arguments, timeout=600):
        """Runs another command of the program on the same database."""
        return subprocess.run([self.binary, name, *self.flags, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, env={**environment(), **self.settings}, timeout=timeout, **self.user)

    def verify(self):
        """What is wrong, in the words of `holdfast verify`; None when nothing is."""
        done = self.command("verify")
        if done.returncode == 0 and "verified" in done.stdout:
            return None
        return (done.stderr + done.stdout).strip() or f"exit code {done.returncode}"

    def token(self, organization=FIRST, subject="trial", role="it_service_continuity_manager"):
        wanted = (organization, subject, role)
        if wanted not in self.tokens:
            done = self.command("token", "--organization", organization, "--subject", subject, "--role", role,
                                "--ttl", "86400")
            if done.returncode != 0:
                raise RuntimeError(f"no token: {done.stderr}")
            self.tokens[wanted] = done.stdout.strip()
        return self.tokens[wanted]

    def client(self, organization=FIRST, timeout=30, **who):
        return Client(self.port, self.token(organization, **who), timeout)

    def causes(self):
        """The causes of answers 500 and of panics, as the log has them, with how often."""
        causes = {}
        for line in self._log_lines():
            message = line.get("message", "")
            if line.get("level") == "ERROR" and ("failed" in message or "panic" in message):
                words = f"{message}: {line.get('cause', line.get('error', ''))}"[:300]
                causes[words] = causes.get(words, 0) + 1
        return causes

    def _log_lines(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                for line in log:
                    if line.startswith("{"):
                        try:
                            yield json.loads(line)
                        except ValueError:
                            continue
        except FileNotFoundError:
            return

    def last_words(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                return log.read()[-2000:]
        except FileNotFoundError:
            return ""

    def memory_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return int(next(line for line in status if line.startswith("VmRSS:")).split()[1]) * 1024

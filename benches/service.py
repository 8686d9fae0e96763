"""The measured service: started, asked and stopped."""

import http.client
import json
import os
import signal
import subprocess
import time

from cluster import free_port

BASE = "/api/v1"


class Server:
    """A program that listens on a loopback port until it is stopped."""

    def __init__(self, command, port, log):
        self.command = command
        self.port = port
        self.log = log
        self.process = None
        self.settings = {}

    def start(self, ready_path):
        """Starts and returns the seconds until `ready_path` answers 200."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
        environment.update(self.settings)
        started = time.perf_counter()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=environment)
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", ready_path)
                if connection.getresponse().status == 200:
                    return time.perf_counter() - started
            except OSError:
                pass
            finally:
                connection.close()
            if self.process.poll() is not None or time.perf_counter() - started > 120:
                self.stop(signal.SIGKILL)
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"{self.command} does not start:\n{log.read()[-4000:]}")
            time.sleep(0.002)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
        self.process = None

    def memory_bytes(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024


class Holdfast(Server):
    def __init__(self, binary, folder, database_url=None):
        self.binary = binary
        self.data = os.path.join(folder, "data")
        os.makedirs(self.data, exist_ok=True)
        port = free_port()
        command = [binary, "serve", "--listen", f"127.0.0.1:{port}", "--data-dir", self.data]
        if database_url:
            command += ["--database-url", database_url]
        super().__init__(command, port, os.path.join(folder, "service.log"))
        # One subject asks here as often as it can; older versions do not bound that, and refuse what they do not know.
        unbounded = {"HOLDFAST_LIMITS__SUBJECT_REQUESTS_PER_SECOND": "0"}
        known = subprocess.run([binary, "check-config"], env={**os.environ, **unbounded}, capture_output=True, check=False)
        if known.returncode == 0:
            self.settings = unbounded

    def start(self, ready_path="/readyz"):
        return super().start(ready_path)

    def token(self, organization, subject="bench", role="integration"):
        answer = subprocess.run(
            [self.binary, "token", "--data-dir", self.data, "--organization", organization, "--subject", subject,
             "--role", role, "--ttl", "86400"], check=True, capture_output=True, text=True)
        return answer.stdout.strip()


class Client:
    """One kept-alive connection."""

    def __init__(self, port, token):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=900)
        self.headers = {"Authorization": f"Bearer {token}"}

    def send(self, method, path, body=None):
        """The raw bytes of a successful answer and the seconds it took."""
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        started = time.perf_counter()
        try:
            self.connection.request(method, path, body=body, headers=headers)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            # The connection was idle for longer than the service keeps it.
            self.connection.close()
            self.connection.request(method, path, body=body, headers=headers)
            response = self.connection.getresponse()
        answer = response.read()
        seconds = time.perf_counter() - started
        if not 200 <= response.status < 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer[:2000].decode(errors='replace')}")
        return answer, seconds

    def get(self, path):
        return json.loads(self.send("GET", path)[0])

    def close(self):
        self.connection.close()

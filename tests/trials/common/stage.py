"""What a trial is played on: its folder, its services and clusters, all of which are gone after it."""

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
import time

from common.client import Broken, NotSent
from common.cluster import Cluster
from common.load import Load
from common.oracle import OPEN_CODE, Write
from common.report import Report
from common.service import FIRST, SECOND, Service

SQLITE, POSTGRES = "sqlite", "postgres"


#: The short form runs beside other work, several trials at once, and with a build that is not optimised. Its times may be
#: this much longer, and its clients pause at least so long between two requests.
SHORT_ROOM = 2
SHORT_PAUSE = 0.04


class Stage:
    def __init__(self, name, database, options):
        self.name = name
        self.database = database
        self.options = options
        self.seed = options.seed
        self.report = Report(name, database, options.seed, room=SHORT_ROOM if options.short else 1)
        self.random = random.Random(f"{name} {database} {options.seed}")
        self.load = Load(options.seed, SHORT_PAUSE if options.short else 0.0)
        self.stack = contextlib.ExitStack()
        self.services = []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="holdfast-trial-")
        self.stack.callback(self.tidy, self.folder)
        return self

    def __exit__(self, *_):
        self.load.running.clear()
        self.stack.close()

    def tidy(self, folder):
        """Takes a folder away, unless it may show why a trial failed and was to be kept then."""
        if self.options.keep_data and not self.report.good:
            print(f"kept: {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def short(self):
        return self.options.short

    @property
    def on_postgres(self):
        return self.database == POSTGRES

    def cycles(self, usual, short):
        return self.options.cycles or (short if self.short else usual)

    def cluster(self, settings=None, data=None, initdb=()):
        return self.stack.enter_context(Cluster(settings, data, initdb=initdb, tidy=self.tidy))

    def small_disk(self, name, megabytes, owner=None):
        """A folder on a file system of its own that holds so much. Only root can make one."""
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "holdfast-trial", folder], check=True,
                       capture_output=True, text=True)
        self.stack.callback(subprocess.run, ["umount", "-l", folder], check=False)
        if owner:
            os.chown(folder, owner["user"], owner["group"])
            os.chmod(self.folder, 0o755)
        return folder

    def can_mount(self):
        """Whether this machine lets a small disk be made; root in a container may not either."""
        folder = os.path.join(self.folder, "mounts")
        os.makedirs(folder)
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "holdfast-trial", folder]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode == 0:
            subprocess.run(["umount", "-l", folder], check=False)
            return True
        self.cannot(f"no small disk can be made here, which takes root: {done.stderr.strip()}")
        return False

    def cannot(self, why):
        """The trial cannot be played here; it has failed unless leaving it out was asked for."""
        if self.options.leave_out:
            self.report.leave_out(why)
        else:
            self.report.fault(f"not played: {why} (--leave-out leaves it out)")

    def ends(self, thing):
        """`thing` is ended with the trial."""
        self.stack.callback(thing.__exit__)
        return thing

    def service(self, database_url=None, settings=None, data=None, name="service", start=True, user=None):
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        service = Service(self.options.binary, folder, database_url, settings, data, name, user)
        self.stack.callback(service.kill)
        self.services.append(service)
        if start:
            service.start()
        return service

    def prepare(self, service, objects=20):
        """Makes both organisations, with some objects each that the oracle knows of."""
        self.load.promises = service.probe(f"/problems/{OPEN_CODE}") == 200
        for organization in (FIRST, SECOND):
            client = service.client(organization)
            oracle = self.load.oracle(organization)
            for number in range(objects):
                write = Write.create(f"{organization}-{number}")
                answer = client.request(write.method, write.path, write.body, write.headers)
                if not answer.good:
                    raise RuntimeError(f"the first objects cannot be made: {answer}")
                oracle.note(write, answer.status, answer.json)
            client.close()

    def recover(self, service, words, patience=5):
        """A service that is not right again by itself is started anew, so that the trial can go on; that is a fault."""
        until = time.monotonic() + patience * (4 if self.short else 1)
        while time.monotonic() < until:
            if service.ready() and self._writes(service):
                return
            time.sleep(0.1)
        self.report.fault(f"{words}: not right again without a restart")
        service.kill()
        service.start()

    @staticmethod
    def _writes(service):
        client = service.client(FIRST, timeout=2)
        try:
            return client.request("POST", "/sites", {"name": "x", "kind": "office"}, {"Prefer": "tx=rollback"}).good
        except (NotSent, Broken):
            return False
        finally:
            client.close()

    def conclude(self, service):
        """Settles what is unknown, compares all there is with the oracle, and has the ledger verified."""
        report, load = self.report, self.load
        self.recover(service, "at the end")
        landed, faults = load.settle(service)
        report.all_faults(faults)
        report.all_faults(load.check(service))
        wrong = service.verify()
        if wrong:
            report.fault(f"holdfast verify: {wrong}")
        report.figure("writes acknowledged", load.total("acked"), at_least=1)
        report.figure("writes without a clear answer, settled", sum(one.settled for one in load.oracles.values()))
        report.figure("of these, carried out unseen", len(landed))
        report.figure("objects compared with the oracle", load.checked, at_least=1)

    def note_failures(self):
        """Answers 500, with the causes that the services' logs give them."""
        for service in self.services:
            for cause, count in service.causes().items():
                self.report.fault(f"500 or a panic, {count} times: {cause}")

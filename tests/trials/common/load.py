"""Clients that write and read until they are told to stop, and the journal of what they were answered."""

import random
import threading
import time

from common.client import Broken, Client, Hung, NotSent
from common.oracle import ACKED, UNKNOWN, Oracle, Write, listed, sender

#: What stands in the journal where no status came.
NOT_SENT, BROKEN, HUNG = "not sent", "broken", "hung"


class Entry:
    __slots__ = ("lane", "began", "ended", "status", "code", "retry_after", "detail", "what")

    def __init__(self, lane, what, began, status, answer=None):
        self.lane = lane
        self.what = what
        self.began = began
        self.ended = time.monotonic()
        self.status = status
        problem = answer.json if answer is not None and answer.status >= 400 else {}
        self.code = problem.get("code", "")
        self.detail = problem.get("detail", "")
        self.retry_after = answer.headers.get("retry-after") if answer is not None else None

    @property
    def seconds(self):
        return self.ended - self.began

    @property
    def good(self):
        return isinstance(self.status, int) and 200 <= self.status < 300

    @property
    def failed(self):
        """Whether it was not answered as it has to be: what is nonsense has to be refused."""
        return not self.good and not (self.what == "nonsense" and self.status == 422)


class Journal:
    """Every request of all clients. A lane is a client: "write first", "read second", "readyz" …"""

    def __init__(self):
        self.lock = threading.Lock()
        self.entries = []

    def add(self, entry):
        with self.lock:
            self.entries.append(entry)

    def of(self, lane="", since=0.0, until=float("inf")):
        """The entries of the lanes whose name begins with these words that ended since a moment and began before another."""
        with self.lock:
            return [one for one in self.entries if one.ended >= since and one.began <= until
                    and (not lane or one.lane == lane or one.lane.startswith(lane + " "))]

    def first(self, lane, since, wanted):
        """Seconds from a moment to the end of the first entry that is as wanted; None if none is."""
        for one in sorted(self.of(lane, since), key=lambda one: one.ended):
            if wanted(one):
                return one.ended - since
        return None

    def lanes(self, lane):
        return sorted({one.lane for one in self.of(lane)})


class Load:
    """Threads that share a journal and know of the oracle of their organisation."""

    def __init__(self, seed, pause=0.0):
        self.seed = seed
        #: Every client waits at least so long between two requests.
        self.pause = pause
        self.journal = Journal()
        self.oracles = {}
        #: Whether the service tells by a code of its own that it does not know what became of a write.
        self.promises = True
        self.running = threading.Event()
        self.threads = []
        self.number = 0
        self.round = 0

    def oracle(self, organization):
        return self.oracles.setdefault(organization, Oracle(self.promises))

    def begin(self):
        self.running = threading.Event()
        self.running.set()
        self.round += 1

    def stop(self):
        """Tells all to stop and waits; a client waits for its answer first."""
        self.running.clear()
        for thread in self.threads:
            thread.join(timeout=200)
        stuck = [thread.name for thread in self.threads if thread.is_alive()]
        self.threads = []
        return stuck

    def spawn(self, lane, work, *arguments):
        thread = threading.Thread(target=self._run, args=(self.running, lane, work, *arguments), name=lane, daemon=True)
        self.threads.append(thread)
        thread.start()

    @staticmethod
    def _run(running, lane, work, *arguments):
        work(running, lane, *arguments)

    # The three kinds of clients.

    def writer(self, service, organization, timeout=30, pause=0.0, port=None, mix=True):
        self.number += 1
        client = Client(port or service.port, service.token(organization), timeout)
        name = f"{self.seed}-{self.round}-{self.number}"
        self.spawn(f"write {organization} {self.number}", self._write, client, self.oracle(organization), name,
                   max(pause, self.pause), mix)

    def reader(self, service, organization, timeout=30, pause=0.02, port=None, path="/sites?limit=5", lane="read"):
        self.number += 1
        client = Client(port or service.port, service.token(organization), timeout)
        self.spawn(f"{lane} {organization} {self.number}", self._read, client, path, max(pause, self.pause))

    def prober(self, service, path, pause=0.05, timeout=10, port=None):
        client = Client(port or service.port, timeout=timeout)
        self.spawn(path, self._probe, client, path, pause)

    def _write(self, running, lane, client, oracle, name, pause, mix):
        choose = random.Random(f"{name} writes")
        last, count = None, 0
        while running.is_set():
            count += 1
            write = next_write(choose, f"{name}-{count}", last, mix)
            entry, answer = call(lane, client, write.kind, write.method, write.path, write.body, write.headers)
            self.journal.add(entry)
            if entry.status == NOT_SENT:
                time.sleep(0.01)
                continue
            status = entry.status if isinstance(entry.status, int) else None
            body = answer.json if answer is not None and answer.good else None
            outcome = oracle.note(write, status, body, entry.detail, entry.code)
            if outcome == ACKED and write.kind in ("create", "change"):
                last = (write.marks[0], body["id"], body["version"])
            elif outcome == UNKNOWN:
                last = None
            if not entry.good and write.kind != "nonsense":
                time.sleep(0.02)
            if pause:
                time.sleep(pause)
        client.close()

    def _read(self, running, lane, client, path, pause):
        while running.is_set():
            entry, _ = call(lane, client, "read", "GET", path)
            self.journal.add(entry)
            time.sleep(pause)
        client.close()

    def _probe(self, running, lane, client, path, pause):
        while running.is_set():
            entry, _ = call(lane, client, "probe", "GET", path)
            self.journal.add(entry)
            client.close()
            time.sleep(pause)

    # What became of it.

    def settle(self, service, patience=30):
        """Settles what is unknown in every organisation; tells the writes done without an answer, and faults."""
        done, faults = [], []
        for organization, oracle in self.oracles.items():
            until = time.monotonic() + patience
            client = service.client(organization, timeout=10)
            while True:
                landed, left = oracle.settle(sender(client))
                done += landed
                if not left:
                    break
                if time.monotonic() > until:
                    faults.append(f"{left} writes stay unknown for {patience} s after all is well again")
                    break
                time.sleep(0.1)
            client.close()
        return done, faults

    def check(self, service):
        """Compares every organisation with its oracle; what is wrong comes back in words."""
        faults = []
        for organization, oracle in self.oracles.items():
            client = service.client(organization)
            faults += oracle.check(listed(client))
            client.close()
        return faults

    def total(self, outcome):
        return sum(oracle.counts[outcome] for oracle in self.oracles.values())

    @property
    def checked(self):
        return sum(oracle.checked for oracle in self.oracles.values())


def next_write(choose, mark, last, mix=True):
    """Mostly creations, among them changes of the last object, batches and nonsense."""
    draw = choose.randrange(8) if mix else 7
    if draw <= 2 and last:
        return Write.change(*last)
    if draw == 3:
        return Write.batch(mark)
    if draw == 4:
        return Write.nonsense(mark)
    return Write.create(mark)


def call(lane, client, what, method, path, body=None, headers=None):
    """Sends a request; gives its entry for the journal, and the answer if one came."""
    began = time.monotonic()
    try:
        answer = client.request(method, path, body, headers)
    except NotSent:
        return Entry(lane, what, began, NOT_SENT), None
    except Hung:
        return Entry(lane, what, began, HUNG), None
    except Broken:
        return Entry(lane, what, began, BROKEN), None
    return Entry(lane, what, began, answer.status, answer), answer

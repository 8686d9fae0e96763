"""What must be there, what must not, and what may: from the answers that came, and from those that did not.

A write has one of three outcomes. *acked*: it was answered 2xx, and must be there once, with that version. *refused*: it
was answered that it was not begun or not allowed, and must not be there. *unknown*: the connection broke, or the answer
leaves open whether the commit came; it may be there or not, and sent again under the same Idempotency-Key (a change: with
the same If-Match) it is settled. What a write makes is known by its mark, which is its name.
"""

import threading

ACKED, REFUSED, UNKNOWN = "acked", "refused", "unknown"

#: The code of a 503 whose write may be there or not. A service that has it promises that after any other 503 or 507
#: nothing is there; of an older one that is known only of what says so.
OPEN_CODE = "outcome_unknown"
NOT_BEGUN = ("waited too long for its turn", "too many writes", "is stopping", "nothing was written")


def site(mark):
    return {"name": mark, "kind": "office", "tags": [mark]}


class Write:
    """A write that can be sent again. `marks` are what it makes, together or not at all."""

    def __init__(self, kind, method, path, body, headers, marks, before=0):
        self.kind = kind
        self.method = method
        self.path = path
        self.body = body
        self.headers = headers
        self.marks = marks
        #: The version before the write; 0 when it makes its objects.
        self.before = before

    @staticmethod
    def create(mark):
        return Write("create", "POST", "/sites", site(mark), {"Idempotency-Key": mark}, [mark])

    @staticmethod
    def batch(mark, rows=3):
        marks = [f"{mark}-{row}" for row in range(rows)]
        body = {"rows": [{"op": "upsert", "kind": "site", "id": f"ref:load:{one}", "data": site(one)} for one in marks]}
        return Write("batch", "POST", "/batch", body, {"Idempotency-Key": mark}, marks)

    @staticmethod
    def change(mark, object_id, before):
        body = {"description": f"changed from version {before}"}
        headers = {"If-Match": f'"{before}"', "Content-Type": "application/merge-patch+json"}
        return Write("change", "PATCH", f"/sites/{object_id}", body, headers, [mark], before)

    @staticmethod
    def nonsense(mark):
        """What must be refused."""
        return Write("nonsense", "POST", "/sites", {**site(mark), "kind": "castle"}, {}, [mark])

    def __str__(self):
        return f"{self.kind} of {self.marks[0]}" + (f" after version {self.before}" if self.before else "")


def outcome_of(status, detail="", code="", promises=True):
    """The outcome an answer tells. `status` is None where none came; `promises` tells whether the service knows
    `OPEN_CODE`."""
    if status is None or code in ("idempotency_in_flight", OPEN_CODE):
        return UNKNOWN
    if 200 <= status < 300:
        return ACKED
    if status in (503, 507):
        return REFUSED if promises or any(words in detail for words in NOT_BEGUN) else UNKNOWN
    return UNKNOWN if status >= 500 else REFUSED


class Oracle:
    """What is known of one organisation."""

    def __init__(self, promises=True):
        self.lock = threading.Lock()
        self.promises = promises
        #: By mark: the versions it may have; 0 stands for not being there.
        self.allowed = {}
        self.open = []
        self.faults = []
        self.counts = {ACKED: 0, REFUSED: 0, UNKNOWN: 0}
        self.settled = 0
        self.checked = 0

    def note(self, write, status, answer=None, detail="", code=""):
        """Takes note of the answer to a write, and tells its outcome."""
        outcome = outcome_of(status, detail, code, self.promises)
        with self.lock:
            self.counts[outcome] += 1
            if outcome == ACKED:
                self._acked(write, answer)
            elif outcome == REFUSED:
                if write.kind != "nonsense" and 400 <= status < 500 and status != 429:
                    self.faults.append(f"a {write.kind} that is right was answered {status} {code}")
                for mark in write.marks:
                    self.allowed.setdefault(mark, {write.before})
            else:
                if write.kind != "nonsense":
                    self.open.append(write)
                for mark in write.marks:
                    known = self.allowed.get(mark, {write.before})
                    after = set() if write.kind == "nonsense" else {write.before + 1}
                    self.allowed[mark] = known | after
                if status == 500:
                    self.faults.append(f"a {write.kind} was answered 500")
        return outcome

    def _acked(self, write, answer):
        version = write.before + 1
        if write.kind == "nonsense":
            self.faults.append("nonsense was taken")
        told = (answer or {}).get("version", version)
        if told != version:
            self.faults.append(f"{write}: became version {told}")
        for mark in write.marks:
            self.allowed[mark] = {version}

    def expect(self, marks):
        """Takes note of objects that were made past the clients, and acknowledged."""
        with self.lock:
            self.allowed.update((mark, {1}) for mark in marks)

    def settle(self, send):
        """Sends what is unknown again; `send(write)` gives (status, answer, detail, code), status None where none came. Tells
        the writes that had been carried out though nobody was told, and how many stay unknown."""
        with self.lock:
            waiting, self.open = self.open, []
        done = []
        for write in waiting:
            status, answer, detail, code, replayed = send(write)
            landed = replayed or (write.kind == "change" and status == 412)
            outcome = ACKED if landed else outcome_of(status, detail, code, self.promises)
            with self.lock:
                if outcome == UNKNOWN or status in (429, 503, 507):
                    # What is refused only now says nothing of the first time.
                    self.open.append(write)
                    continue
                self.settled += 1
                if outcome == REFUSED:
                    self.faults.append(f"{write}: sent again it was answered {status} {code}")
                else:
                    self._acked(write, None)
            if landed:
                done.append(write)
        return done, len(self.open)

    def check(self, found):
        """Compares with what is there, pairs of mark and version; what is wrong comes back in words."""
        versions = {}
        for mark, version in found:
            versions.setdefault(mark, []).append(version)
        with self.lock:
            allowed = {mark: set(those) for mark, those in self.allowed.items()}
            groups = [write.marks for write in self.open if len(write.marks) > 1]
            faults, self.faults = self.faults, []
        self.checked += len(allowed)
        for mark, those in allowed.items():
            there = versions.get(mark, [])
            if len(there) > 1:
                faults.append(f"{mark} is there {len(there)} times")
            elif not there and 0 not in those:
                faults.append(f"LOST: {mark} was acknowledged in version {max(those)} and is not there")
            elif there and those == {0}:
                faults.append(f"{mark} was refused and is there")
            elif there and there[0] not in those:
                word = "LOST: " if there[0] < min(those - {0}, default=0) else ""
                faults.append(f"{word}{mark} has version {there[0]}, acknowledged was {sorted(those)}")
        for mark in versions:
            if mark not in allowed:
                faults.append(f"{mark} is there and nobody wrote it")
        for marks in groups:
            if len({mark in versions for mark in marks}) > 1:
                faults.append(f"of the batch {marks[0]} only a part is there")
        return faults

    @property
    def acked(self):
        return self.counts[ACKED]


def listed(client, path="/sites"):
    """All there is, as pairs of mark and version, read through the API."""
    found, cursor = [], ""
    while True:
        answer = client.get(f"{path}?limit=500&fields=name,version{cursor}")
        if not answer.good:
            raise RuntimeError(f"the list was answered {answer}")
        page = answer.json
        found += [(item["name"], item["version"]) for item in page["items"]]
        if not page.get("next_cursor"):
            return found
        cursor = f"&cursor={page['next_cursor']}"


def sender(client):
    """What `settle` sends with: (status, answer, detail, code, whether it is an earlier answer)."""
    from common.client import Broken, NotSent

    def send(write):
        try:
            answer = client.request(write.method, write.path, write.body, write.headers)
        except (NotSent, Broken):
            return None, None, "", "", False
        body = answer.json
        replayed = answer.good and answer.headers.get("idempotent-replayed") == "true"
        return answer.status, body, body.get("detail") or "", body.get("code") or "", replayed
    return send

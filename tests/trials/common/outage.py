"""A time of trouble under load: what clients were answered while it lasted, and how soon all was well after it."""

import time

from common.load import BROKEN, HUNG, NOT_SENT
from common.service import FIRST, SECOND

#: Longer than any answer may take, so that one that does not come is seen.
PATIENCE = 12
#: Five, and a little for the client that measures it.
ANSWER_SECONDS = 5.25
READY_SECONDS = 2.0
BACK_SECONDS = 2.0
#: What goes on undisturbed may be slower for a moment, not more.
GOES_ON_SECONDS = 1.0


class Outage:
    """`words` stands before its figures."""

    def __init__(self, stage, service, words, writers=2, readers=1):
        self.stage, self.service, self.words = stage, service, words
        self.report, self.load = stage.report, stage.load
        self.load.begin()
        for organization in (FIRST, SECOND):
            for _ in range(writers):
                self.load.writer(service, organization, timeout=PATIENCE, pause=0.01)
            for _ in range(readers):
                self.load.reader(service, organization, timeout=PATIENCE)
        self.load.prober(service, "/readyz", timeout=PATIENCE)
        self.load.prober(service, "/livez", timeout=PATIENCE)
        self.began = time.monotonic()
        self.broken = self.mending = self.mended = None

    def play(self, trouble, mend, seconds, before=None, after=None):
        """Lets all be well for a while, makes the trouble, waits, mends, and waits again."""
        before = before or (0.5 if self.stage.short else 1.0)
        after = after or (3.0 if self.stage.short else 5.0)
        time.sleep(before)
        self.broken = time.monotonic()
        trouble()
        time.sleep(seconds)
        self.mending = time.monotonic()
        mend()
        self.mended = time.monotonic()
        time.sleep(after)
        self.ended = time.monotonic()
        for stuck in self.load.stop():
            self.report.fault(f"{self.words}: the client {stuck} never came to an end")

    def during(self, lane):
        return self.load.journal.of(lane, since=self.broken, until=self.mended)

    def before(self, lane):
        return [one for one in self.load.journal.of(lane, since=self.began) if one.ended < self.broken]

    # What is asked of it.

    def answers(self, lanes, within=ANSWER_SECONDS, least_refused=1):
        """Every request of these lanes is answered in time: done, or 503 with Retry-After and nothing else."""
        hit = [one for lane in lanes for one in self.during(lane)]
        self.report.figure(f"{self.words}: answers to {' and '.join(lanes)}", len(hit), at_least=1)
        longest = max((one.seconds for one in hit), default=None)
        self.report.figure(f"{self.words}: the longest of them", longest, "s", at_most=within)
        refused = [one for one in hit if one.status in (503, 507)]
        self.report.figure(f"{self.words}: answered 503 or 507", len(refused), at_least=least_refused)
        everything = [one for lane in lanes for one in self.load.journal.of(lane, since=self.began)]
        for one in everything:
            self.judge(one)

    def judge(self, one):
        begin = "before it" if one.ended < self.broken else "in it" if one.began < self.mended else "after it"
        if one.status in (HUNG, BROKEN, NOT_SENT):
            self.report.fault(f"{self.words}: a {one.what} {begin} got no answer ({one.status})")
        elif one.status in (503, 507):
            if not one.retry_after:
                self.report.fault(f"{self.words}: a {one.what} {begin} was answered {one.status} without Retry-After")
        elif one.failed:
            self.report.fault(f"{self.words}: a {one.what} {begin} was answered {one.status} {one.code}")

    def goes_on(self, lanes, within=GOES_ON_SECONDS):
        """These lanes are not to notice."""
        for lane in lanes:
            hit = self.during(lane)
            failed = [one for one in hit if one.failed]
            self.report.figure(f"{self.words}: {lane} goes on, answers", len(hit), at_least=10)
            self.report.figure(f"{self.words}: {lane} goes on, failed", len(failed), at_most=0)
            longest = max((one.seconds for one in hit), default=None)
            self.report.figure(f"{self.words}: {lane} goes on, longest", longest, "s", at_most=within)

    def is_told(self, within=READY_SECONDS):
        """`/readyz` says so."""
        told = self.load.journal.first("/readyz", self.broken, lambda one: not one.good)
        if told is not None and told > self.mended - self.broken:
            told = None
        self.report.figure(f"{self.words}: /readyz tells it after", told, "s", at_most=within)
        for one in self.during("/readyz"):
            if not one.good and one.status != 503:
                self.report.fault(f"{self.words}: /readyz was answered {one.status}")

    def is_not_told(self):
        """`/readyz` stays 200: the service can do its work."""
        told = [one for one in self.during("/readyz") if not one.good]
        self.report.figure(f"{self.words}: /readyz not 200", len(told), at_most=0)

    def lives(self):
        """`/livez` answers all the time."""
        asked = self.load.journal.of("/livez", since=self.began)
        self.report.figure(f"{self.words}: /livez not 200", sum(not one.good for one in asked), at_most=0)
        longest = max((one.seconds for one in asked), default=None)
        self.report.figure(f"{self.words}: /livez longest", longest, "s", at_most=1.0)

    def is_back(self, lanes, within=BACK_SECONDS):
        """Each client of these lanes soon has a good answer again, and then no other."""
        for lane in lanes:
            clients = self.load.journal.lanes(lane)
            clients = [one for one in clients if self.load.journal.of(one, since=self.began)]
            firsts = [self.load.journal.first(one, self.mended, lambda entry: entry.good) for one in clients]
            slowest = None if None in firsts or not firsts else max(firsts)
            self.report.figure(f"{self.words}: {lane} back after", slowest, "s", at_most=within)
            late = [one for one in self.load.journal.of(lane, since=self.mended)
                    if one.began > self.mended + within and one.failed]
            self.report.figure(f"{self.words}: {lane} failed later than that", len(late), at_most=0)

"""A backup is made while clients write, and restored into a new database, of the same kind and of the other; what the API
then shows is equal. Killed half-way, backup and restore leave what was before."""

import itertools
import os
import subprocess
import time

from common.client import BASE
from common.outage import PATIENCE
from common.service import FIRST, SECOND, Service, environment

DATABASES = ("sqlite", "postgres")
SHORT = ("sqlite",)
SECONDS_FOR_100_000 = 60.0


def run(stage):
    report = stage.report
    for command in ("backup", "restore"):
        done = subprocess.run([stage.options.binary, command, "--help"], capture_output=True, text=True, env=environment(),
                              check=False)
        if done.returncode != 0:
            report.fault(f"holdfast {command}: not offered by this binary")
    if report.faults:
        return
    play = Play(stage)
    play.under_load()
    play.at_rest()
    play.refuses_what_is_not_empty()
    play.killed_while_backing_up()
    play.killed_while_restoring()
    stage.conclude(play.service)


class Play:
    def __init__(self, stage):
        self.stage, self.report = stage, stage.report
        self.clusters = stage.cluster()
        self.numbers = itertools.count(1)
        #: The newest backup at rest, what it was restored to, and how long both took.
        self.rested = None
        self.service = self.target(stage.database)
        self.service.serves = "demo"
        self.service.start()
        stage.prepare(self.service)
        stage.load.oracle(SECOND).expect(grow(self.service, 300 if stage.short else 100_000))

    def target(self, kind):
        """A place for a database that is not there yet."""
        number = next(self.numbers)
        folder = os.path.join(self.stage.folder, f"target-{number}")
        os.makedirs(folder)
        url = None
        if kind == "postgres":
            self.clusters.query(f"create database target_{number}", database="postgres")
            url = self.clusters.url_of(f"target_{number}")
        service = Service(self.stage.options.binary, folder, url, name=f"target-{number}")
        self.stage.stack.callback(service.kill)
        self.stage.services.append(service)
        return service

    def file(self):
        return os.path.join(self.stage.folder, f"backup-{next(self.numbers)}")

    def backup(self, words):
        file = self.file()
        began = time.monotonic()
        done = self.service.command("backup", file)
        seconds = time.monotonic() - began
        if done.returncode != 0 or not os.path.exists(file):
            raise RuntimeError(f"{words}: the backup fails: {done.stderr.strip()[-300:]}")
        return file, seconds

    def restore(self, file, target, words):
        began = time.monotonic()
        done = target.command("restore", file)
        if done.returncode != 0:
            self.report.fault(f"{words}: the restore fails: {done.stderr.strip()[-300:]}")
            return None
        seconds = time.monotonic() - began
        wrong = target.verify()
        if wrong:
            self.report.fault(f"{words}: holdfast verify: {wrong}")
        return seconds

    def under_load(self):
        """What was acknowledged before the backup began is in it, and nothing that nobody wrote."""
        load, report = self.stage.load, self.report
        load.begin()
        for organization in (FIRST, SECOND):
            load.writer(self.service, organization, timeout=PATIENCE, pause=0.005)
            load.reader(self.service, organization, timeout=PATIENCE)
        time.sleep(1)
        before = {org: {mark: min(those) for mark, those in oracle.allowed.items()} for org, oracle in load.oracles.items()}
        began = time.monotonic()
        file, seconds = self.backup("under load")
        ended = time.monotonic()
        time.sleep(0.5)
        load.stop()
        beside = load.journal.of(since=began, until=ended)
        report.figure("backup under load", seconds, "s", at_most=SECONDS_FOR_100_000)
        report.figure("requests beside it", len(beside), at_least=1)
        report.figure("of these, failed", sum(one.failed for one in beside), at_most=0)
        report.figure("the longest of them", max((one.seconds for one in beside), default=None), "s", at_most=1.0)
        target = self.target("sqlite")
        if self.restore(file, target, "under load") is None:
            return
        target.start()
        for organization, oracle in load.oracles.items():
            there = dict(marks(target.client(organization)))
            for mark, version in before[organization].items():
                if there.get(mark, 0) < version:
                    report.fault(f"LOST: {mark} was acknowledged in version {version} before the backup and is not in it")
            for mark, version in there.items():
                if version > max(oracle.allowed.get(mark, {0})):
                    report.fault(f"{mark} in version {version} is in the backup and nobody wrote it")
        target.kill()

    def at_rest(self):
        """Restored to either kind of database, and from there to the first kind again, everything is equal."""
        report = self.report
        known = contents(self.service)
        report.figure("things compared through the API", sum(len(one) for one in known.values()), at_least=100)
        file, backup_seconds = self.backup("at rest")
        report.figure("backup at rest", backup_seconds, "s", at_most=SECONDS_FOR_100_000)
        report.figure("size of the backup", os.path.getsize(file) / 1e6, "MB")
        own, other = self.stage.database, {"sqlite": "postgres", "postgres": "sqlite"}[self.stage.database]
        for kinds in ((other,),) if self.stage.short else ((own,), (other, own)):
            source, route = file, own
            for kind in kinds:
                target = self.target(kind)
                route = f"{route} -> {kind}"
                seconds = self.restore(source, target, route)
                if seconds is None:
                    break
                report.figure(f"restore {route}", seconds, "s", at_most=SECONDS_FOR_100_000)
                target.start()
                self.compare(known, contents(target), route)
                self.rested = file, target, backup_seconds, seconds
                if self.stage.short:
                    target.kill()
                    break
                source = self.file()
                done = target.command("backup", source)
                if done.returncode != 0:
                    report.fault(f"{route}: what was restored cannot be backed up: {done.stderr.strip()[-300:]}")
                    break
                target.kill()

    def compare(self, known, found, route):
        for where in sorted(known.keys() | found.keys()):
            if known.get(where) != found.get(where):
                one, other = known.get(where, []), found.get(where, [])
                unlike = next((pair for pair in zip(one, other) if pair[0] != pair[1]), None)
                self.report.fault(f"{route}: {where} differs: {len(one)} and {len(other)} things, {str(unlike)[:300]}")

    def refuses_what_is_not_empty(self):
        if self.stage.short:
            if self.rested is None:
                return
            file, target, *_ = self.rested
            self.refuses(file, target)
        else:
            file, _ = self.backup("for a refusal")
            for kind in ("sqlite", "postgres"):
                target = self.target(kind)
                target.start()
                target.terminate()
                self.refuses(file, target)
        done = self.service.command("backup", file)
        taken = "overwritten" if done.returncode == 0 else "refused"
        self.report.figure("a backup to a file that is there", taken)

    def refuses(self, file, target):
        before = target.verify()
        done = target.command("restore", file)
        kind = "PostgreSQL" if target.database_url else "SQLite"
        if done.returncode == 0:
            self.report.fault(f"a {kind} database that is not empty is overwritten")
        elif target.verify() != before:
            self.report.fault(f"a refused restore changes a {kind} database: {target.verify()}")

    def killed_while_backing_up(self):
        """The file is not there, or it is whole."""
        if self.stage.short and self.rested:
            # A part of it, so that of few kills one comes in time.
            usual = self.rested[2] / 2
        else:
            _, usual = self.backup("to know its time")
        whole = amid = 0
        for _ in range(self.stage.cycles(usual=10, short=2)):
            file = self.file()
            amid += self.kill_amid(self.service, "backup", file, usual)
            if os.path.exists(file):
                whole += 1
                target = self.target("sqlite")
                self.restore(file, target, "a backup that was killed, whose file is there")
        self.report.figure("backups killed at work", amid, at_least=1)
        self.report.figure("backups killed whose file is there", whole)
        if not self.service.alive or not self.service.ready():
            self.report.fault("a killed backup has ended the service")

    def killed_while_restoring(self):
        """The target is as empty as before, or whole."""
        known, usual, amid = None, None, 0
        if self.stage.short and self.rested:
            file, usual = self.rested[0], self.rested[3] / 2
        else:
            file, _ = self.backup("to be restored")
            known = contents(self.service)
        again = {"empty": 0, "whole": 0}
        for _ in range(self.stage.cycles(usual=10, short=1)):
            target = self.target(self.stage.database)
            if usual is None:
                usual = self.restore(file, target, "to know its time")
                if usual is None:
                    return
                continue
            amid += self.kill_amid(target, "restore", file, usual)
            done = target.command("restore", file)
            again["empty" if done.returncode == 0 else "whole"] += 1
            words = "a restore that was killed" + (", and done again" if done.returncode == 0 else "")
            wrong = target.verify()
            if wrong:
                self.report.fault(f"{words}: {wrong}; done again it said: {done.stderr.strip()[-200:]}")
                continue
            if known is not None:
                target.start()
                self.compare(known, contents(target), words)
                target.kill()
        self.report.figure("restores killed at work", amid, at_least=1)
        for state, count in again.items():
            self.report.figure(f"restores killed that left the target {state}", count)

    def kill_amid(self, service, command, file, usual):
        """Kills a command somewhere within its usual time; tells whether it was still at work."""
        process = subprocess.Popen([service.binary, command, *service.flags, file], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        time.sleep(self.stage.random.uniform(0.005, usual))
        process.kill()
        return process.wait() != 0


def grow(service, count):
    """So many sites, in batches, in the second organisation; tells their names."""
    client = service.client(SECOND, timeout=300)
    for start in range(0, count, 5000):
        rows = [{"op": "upsert", "kind": "site", "id": f"key:G-{number}", "data":
                 {"name": f"grown {number}", "kind": "office", "description": "x" * 100, "tags": [f"t{number % 50}"]}}
                for number in range(start, min(start + 5000, count))]
        answer = client.request("POST", "/batch", {"rows": rows})
        if not answer.good:
            raise RuntimeError(f"a batch is refused: {answer}")
    return [f"grown {number}" for number in range(count)]


def marks(client):
    return [(item["name"], item["version"]) for item in pages(client, "/sites", "&fields=name,version")]


def pages(client, path, more=""):
    cursor = ""
    while True:
        answer = client.get(f"{path}?limit=500{more}{cursor}")
        if not answer.good:
            raise RuntimeError(f"{path}: {answer}")
        page = answer.json
        yield from page["items"]
        if not page.get("next_cursor"):
            return
        cursor = f"&cursor={page['next_cursor']}"


def contents(service):
    """All that the API shows of the organisations: every collection, and the ledger with its hashes."""
    document = service.client().get("/openapi.json").json
    collections = [path[len(BASE):] for path, item in document["paths"].items()
                   if path.startswith(BASE) and "{" not in path and "get" in item
                   and {"limit", "cursor"} <= {one.get("name") for one in item["get"].get("parameters", [])}]
    found = {}
    for organization in (FIRST, SECOND, "demo"):
        client = service.client(organization, timeout=60, role="administrator")
        for path in collections:
            found[f"{organization} {path}"] = list(pages(client, path))
        entries, after = [], 0
        while items := client.get(f"/changes?limit=1000&after={after}").json["items"]:
            entries += [(one["seq"], one["hash"]) for one in items]
            after = items[-1]["seq"]
        found[f"{organization} ledger"] = entries
    return found

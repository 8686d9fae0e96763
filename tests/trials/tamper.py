"""The database of a stopped service is changed by somebody who knows SQL; `holdfast verify` must name what was changed."""

import os
import shutil
import sqlite3
import subprocess

from common.service import Service

DATABASES = ("sqlite", "postgres")
SHORT = ("sqlite",)

#: What is done, and which words must stand in the answer: those of `{…}` are the object and the organisation hit. Each is
#: written for both databases; `{site}`, `{org}` are literals of ids, `{last}` is the newest entry.
MINE = "organization_id = {org}"
TAMPERINGS = [
    ("an object's name", "update objects set name = 'Forged' where id = {site}", ["{site id}"]),
    ("an object's description", "update objects set description = 'Forged' where id = {site}", ["{site id}"]),
    ("an object's version", "update objects set version = version + 1 where id = {site}", ["{site id}"]),
    ("an object's author", "update objects set updated_by = 'eve' where id = {site}", ["{site id}"]),
    ("an object's tags", "update objects set tags = '[\"forged\"]' where id = {site}", ["{site id}"]),
    ("a column of its kind", "update sites set country = 'XX' where id = {site}", ["{site id}"]),
    ("an effective objective", "update objects set effective_rto_seconds = 1 where id = {service}", ["{service id}"]),
    ("an objective set", "update services set rto_seconds = 1 where id = {service}", ["{service id}"]),
    ("a look-up by tag removed", "delete from tags where object_id = {site}", ["{site id}"]),
    ("a look-up by reference removed", "delete from external_refs where object_id = {site}", ["{site id}"]),
    ("an object removed", "delete from sites where id = {site}; delete from objects where id = {site}", ["{site id}"]),
    ("a row of its kind removed", "delete from sites where id = {site}", ["{site id}"]),
    ("a deleted object put back", "{put back}", ["{gone id}"]),
    ("a body in the ledger", "update ledger set body = replace(body, 'Site 2', 'Site 9') where {mine} and seq = 2",
     ["{org id}", "entry 2 "]),
    ("an author in the ledger", "update ledger set actor = 'eve' where {mine} and seq = 3", ["{org id}", "entry 3 "]),
    ("a body erased with its digest", "update ledger set body = null, digest = {zeros} where {mine} and seq = 3",
     ["{org id}", "entry 3 "]),
    ("an entry removed", "delete from ledger where {mine} and seq = 3", ["{org id}", "entry 3 "]),
    ("the first entry removed", "delete from ledger where {mine} and seq = 1", ["{org id}", "entry 1 "]),
    ("the tail cut", "delete from ledger where {mine} and seq > {last} - 2", ["{org id}"]),
    ("the tail cut and the head moved back",
     "delete from ledger where {mine} and seq > {last} - 2; update tenants set seq = {last} - 2, "
     "hash = (select hash from ledger l where l.{mine} and l.seq = {last} - 2) where {mine}", ["{org id}"]),
    ("a whole ledger removed, with its head", "delete from ledger where {mine}; delete from counters where {mine}; "
     "delete from idempotency_keys where {mine}; delete from tenants where {mine}", ["{org id}"]),
    ("the head's place", "update tenants set seq = seq + 1 where {mine}", ["{org id}"]),
    ("the head's hash", "update tenants set hash = {zeros} where {mine}", ["{org id}"]),
    ("the head removed", "delete from counters where {mine}; delete from idempotency_keys where {mine}; "
     "delete from tenants where {mine}", ["{org id}"]),
    ("the organisation closed", "update tenants set open = {no} where {mine}", ["{org id}"]),
    ("the organisation removed", "delete from organizations where id = {org}; delete from objects where id = {org}",
     ["{org id}"]),
    ("the organisation suspended", "update organizations set status = 'suspended' where id = {org}", ["{org id}"]),
]


def run(stage):
    report = stage.report
    cluster = stage.cluster() if stage.on_postgres else None
    service = stage.service(cluster.url if cluster else None)
    facts = fill(service)
    service.terminate()
    wrong = service.verify()
    if wrong:
        report.fault(f"verify is not content before anything was changed: {wrong}")
        return
    scene = Postgres(stage, service, cluster) if cluster else Sqlite(stage, service)
    facts |= scene.facts(facts)
    named, tried = 0, 0
    cases = [(what, lambda copy, sql=sql: scene.execute(copy, sql, facts), words) for what, sql, words in TAMPERINGS]
    cases += scene.torn()
    for what, change, words in cases:
        copy = scene.copy()
        change(copy)
        said = verdict(stage, copy)
        tried += 1
        wanted = [filled(word, facts) for word in words]
        if said is None:
            report.fault(f"not found: {what}")
        elif not all(word in said for word in wanted):
            report.fault(f"found and not named: {what}: {said.splitlines()[-1][:160]}")
        else:
            named += 1
        scene.drop(copy)
    report.figure("tamperings tried", tried, at_least=len(TAMPERINGS))
    report.figure("tamperings not named", tried - named, at_most=0)
    erased(stage, scene, facts)


def fill(service):
    """Sites and a service, changed and deleted, and an organisation beside it."""
    client = service.client()
    ids = []
    for number in range(1, 5):
        body = {"key": f"S{number}", "name": f"Site {number}", "kind": "office", "country": "DE", "tags": ["old"],
                "external_refs": [{"system": "cmdb", "id": str(number)}]}
        ids.append(made(client, "/sites", body))
    other = made(client, "/services", {"key": "SHOP", "name": "Shop", "criticality": "critical", "rto_seconds": 7200})
    if not client.request("PATCH", "/sites/key:S2", {"description": "changed"}).good:
        raise RuntimeError("a site cannot be changed")
    if not client.request("DELETE", "/sites/key:S4").good:
        raise RuntimeError("a site cannot be deleted")
    made(service.client("second"), "/sites", {"name": "Beside", "kind": "office"})
    last = client.get("/changes?limit=1000").json["seq"]
    return {"{site id}": ids[1], "{gone id}": ids[3], "{service id}": other, "{last}": str(last)}


def made(client, path, body):
    answer = client.request("POST", path, body)
    if not answer.good:
        raise RuntimeError(f"{path}: {answer}")
    return answer.json["id"]


def filled(words, facts):
    for _ in range(2):
        for name, value in facts.items():
            words = words.replace(name, value)
    return words


def verdict(stage, copy):
    """What verify says of a copy; None when it is content."""
    data, url = copy
    try:
        return Service(stage.options.binary, stage.folder, url, data=data).verify()
    except subprocess.TimeoutExpired:
        return None


def erased(stage, scene, facts):
    """A body that is gone without an entry that tells of its erasure is named, with the first such entry."""
    copy = scene.copy()
    scene.execute(copy, "update ledger set body = null where {mine} and seq <= 3", facts)
    data, url = copy
    done = Service(stage.options.binary, stage.folder, url, data=data).command("verify")
    if done.returncode == 0:
        stage.report.fault(f"bodies that are gone are not missed: {done.stdout.strip()}")
    elif "entry 1 is broken" not in done.stderr:
        stage.report.fault(f"the first body that is gone is not named: {done.stderr.strip()[:200]}")
    scene.drop(copy)


class Scene:
    """A database at rest, of which each tampering gets a copy."""

    def __init__(self, stage, service):
        self.stage, self.service = stage, service
        self.count = 0

    def facts(self, facts):
        """Ids as literals of this database."""
        ids = {name: self.literal(facts[f"{{{name[1:-1]} id}}"]) for name in ("{site}", "{service}", "{gone}")}
        org = self.organization()
        columns = ", ".join(self.columns())
        changed = {"id": "{gone}", "key": "'S4'", "name": "'Site 4'"}
        values = ", ".join(changed.get(one, one) for one in self.columns())
        back = (f"insert into objects ({columns}) select {values} from objects where id = {{site}}; "
                "insert into sites (organization_id, id, kind) select organization_id, {gone}, kind from sites where id = {site}")
        return ids | {"{org}": self.literal(org), "{org id}": org, "{mine}": MINE, "{put back}": back, **self.words}


class Sqlite(Scene):
    words = {"{zeros}": "zeroblob(32)", "{no}": "0"}

    def path(self, data):
        return os.path.join(data, "holdfast.db")

    def literal(self, text):
        return f"x'{text.replace('-', '')}'"

    def organization(self):
        with sqlite3.connect(self.path(self.service.data)) as database:
            found = database.execute("select lower(hex(id)) from objects where kind = 'organization' and key = 'first'")
            text = found.fetchone()[0]
        database.close()
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def columns(self):
        database = sqlite3.connect(self.path(self.service.data))
        names = [row[1] for row in database.execute("pragma table_info(objects)")]
        database.close()
        return names

    def copy(self):
        self.count += 1
        data = os.path.join(self.stage.folder, f"copy-{self.count}")
        shutil.copytree(self.service.data, data)
        return data, None

    def drop(self, copy):
        shutil.rmtree(copy[0])

    def execute(self, copy, statements, facts):
        database = sqlite3.connect(self.path(copy[0]), isolation_level=None)
        for (trigger,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f"drop trigger {trigger}")
        before = database.total_changes
        database.executescript(f"pragma foreign_keys = off; {filled(statements, facts)}")
        if database.total_changes == before:
            raise RuntimeError(f"changes nothing: {filled(statements, facts)}")
        database.close()

    def torn(self):
        """The file itself is cut or holds bytes that are not its own."""
        def cut(copy):
            os.truncate(self.path(copy[0]), os.path.getsize(self.path(copy[0])) // 2)

        def empty(copy):
            os.truncate(self.path(copy[0]), 0)

        def overwrite(copy):
            # The pages where the ledger's entries are: found by their words.
            with open(self.path(copy[0]), "r+b") as file:
                page = file.read().rfind(b"Site 3") // 4096
                file.seek(page * 4096)
                file.write(self.stage.random.randbytes(4096))

        def flip(copy):
            with open(self.path(copy[0]), "r+b") as file:
                content = file.read()
                for at in positions(content, b"Site 3"):
                    file.seek(at)
                    file.write(b"Sitf 3")

        def index(copy):
            database = sqlite3.connect(self.path(copy[0]), isolation_level=None)
            root = database.execute("select rootpage from sqlite_master where name = 'objects_name'").fetchone()[0]
            database.close()
            with open(self.path(copy[0]), "r+b") as file:
                file.seek((root - 1) * 4096 + 8)
                file.write(b"\0" * 64)

        return [("the file cut in half", cut, []), ("the file emptied", empty, []), ("a page overwritten", overwrite, []),
                ("a byte changed in every place of a name", flip, []), ("an index torn", index, [])]


def positions(content, word):
    at = content.find(word)
    while at >= 0:
        yield at
        at = content.find(word, at + 1)


class Postgres(Scene):
    words = {"{zeros}": "decode(repeat('00', 32), 'hex')", "{no}": "false"}

    def __init__(self, stage, service, cluster):
        super().__init__(stage, service)
        self.cluster = cluster

    def literal(self, text):
        return f"'{text}'"

    def organization(self):
        return self.cluster.query("select id from objects where kind = 'organization' and key = 'first'")

    def columns(self):
        names = self.cluster.query("select column_name from information_schema.columns where table_schema = 'public' "
                                   "and table_name = 'objects' and is_generated = 'NEVER' order by ordinal_position")
        return names.split()

    def copy(self):
        self.count += 1
        name = f"copy_{self.count}"
        self.cluster.query(f"create database {name} template holdfast", database="postgres")
        return self.service.data, self.cluster.url_of(name)

    def drop(self, copy):
        self.cluster.query(f"drop database copy_{self.count} with (force)", database="postgres")

    def execute(self, copy, statements, facts):
        self.cluster.query(f"set session_replication_role = replica; {filled(statements, facts)}",
                           database=f"copy_{self.count}")

    def torn(self):
        return []

"""Clients, journal and oracle against a service that is made up, and does on purpose what a real one may never do."""

import http.server
import json
import os
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from common.client import Broken, Client, Hung, NotSent
from common.load import Load
from common.outage import Outage
from common.report import Report


class MadeUp(http.server.ThreadingHTTPServer):
    """Keeps sites in memory. `fault` is what it does wrong."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.lock = threading.Lock()
        self.sites, self.answers, self.fault, self.written = {}, {}, "", 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def token(self, _):
        return "token"

    def client(self, _, timeout=30):
        return Client(self.port, "token", timeout)

    def write(self, name, version):
        self.written += 1
        if self.fault != "forgets" or self.written % 5:
            self.sites[name] = version
        if self.fault == "twice" and self.written % 5 == 0:
            self.sites[name + " "] = version


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16

    def log_message(self, *_):
        pass

    def say(self, status, body, **headers):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def refuses(self, fault):
        if fault == "hangs":
            time.sleep(3)
        if fault == "500":
            self.say(500, {"code": "internal"})
        if fault == "503":
            self.say(503, {"code": "unavailable"}, Retry_After="1")
        if fault == "silent about when":
            self.say(503, {"code": "unavailable"})
        return fault in ("500", "503", "silent about when")

    def do_GET(self):
        if self.path in ("/readyz", "/livez"):
            unready = self.server.fault and self.path == "/readyz"
            return self.say(503 if unready else 200, {}, Retry_After="1")
        items = [{"name": name.strip(), "version": version} for name, version in list(self.server.sites.items())]
        return self.say(200, {"items": items, "next_cursor": None})

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.refuses(server.fault):
            return None
        rows = [row["data"] for row in body["rows"]] if "rows" in body else [body]
        if any(row["kind"] == "castle" for row in rows):
            return self.say(422, {"code": "invalid"})
        key = self.headers["Idempotency-Key"]
        with server.lock:
            again = key in server.answers
            if not again:
                for row in rows:
                    server.write(row["name"], 1)
                server.answers[key] = {"id": rows[0]["name"], "version": 1}
        if server.fault == "breaks" and not again:
            self.close_connection = True
            return None
        return self.say(201, server.answers[key], **({"Idempotent_Replayed": "true"} if again else {}))

    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.refuses(self.server.fault):
            return None
        name, version = self.path.rsplit("/", 1)[1], int(self.headers["If-Match"].strip('"'))
        with self.server.lock:
            if self.server.sites.get(name) != version:
                return self.say(412, {"code": "precondition_failed"})
            self.server.write(name, version + 1)
        return self.say(200, {"id": name, "version": version + 1})


class LoadTest(unittest.TestCase):
    def setUp(self):
        self.service = MadeUp()
        self.addCleanup(self.service.server_close)
        self.addCleanup(self.service.shutdown)

    def played(self, fault, seconds=0.3):
        load = Load(1)
        self.service.fault = fault
        load.begin()
        load.writer(self.service, "first", timeout=1)
        load.writer(self.service, "first", timeout=1)
        time.sleep(seconds)
        load.stop()
        self.service.fault = ""
        return load, load.settle(self.service, patience=1)[1] + load.check(self.service)

    def test_a_good_service_has_no_faults_and_was_looked_at(self):
        load, faults = self.played("")
        self.assertEqual(faults, [])
        self.assertGreater(load.checked, 20)

    def test_lost_writes_are_told(self):
        self.assertIn("LOST", " ".join(self.played("forgets")[1]))

    def test_writes_done_twice_are_told(self):
        self.assertIn("2 times", " ".join(self.played("twice")[1]))

    def test_broken_connections_are_settled_and_no_fault(self):
        load, faults = self.played("breaks")
        self.assertEqual(faults, [])
        self.assertGreater(load.oracle("first").settled, 0)

    def test_an_answer_500_is_told(self):
        self.assertIn("500", " ".join(self.played("500")[1]))


class OutageTest(unittest.TestCase):
    class Stage:
        def __init__(self):
            self.short, self.report, self.load = True, Report("t", "made up", 1), Load(1)

    def setUp(self):
        self.service = MadeUp()
        self.addCleanup(self.service.server_close)
        self.addCleanup(self.service.shutdown)

    def verdict(self, fault, mended=""):
        stage = self.Stage()
        outage = Outage(stage, self.service, "trouble", writers=1)
        outage.play(lambda: setattr(self.service, "fault", fault), lambda: setattr(self.service, "fault", mended), seconds=0.4,
                    before=0.3, after=2.4 if mended else 0.6)
        outage.answers(["write"], within=1.0)
        outage.goes_on(["read"])
        outage.is_told()
        outage.lives()
        outage.is_back(["write", "/readyz"])
        return stage.report

    def missed(self, report):
        return [one["what"] for one in report.figures if one["good"] is False] + report.faults

    def test_503_and_back_again_is_what_is_wanted(self):
        report = self.verdict("503")
        self.assertEqual(self.missed(report), [])
        self.assertTrue(report.good)

    def test_no_trouble_at_all_is_no_success(self):
        self.assertIn("trouble: answered 503 or 507", self.missed(self.verdict("")))

    def test_500_is_a_fault(self):
        self.assertIn("500", " ".join(self.missed(self.verdict("500"))))

    def test_without_retry_after_it_is_a_fault(self):
        self.assertIn("without Retry-After", " ".join(self.missed(self.verdict("silent about when"))))

    def test_a_late_answer_misses_the_aim(self):
        self.assertIn("trouble: the longest of them", self.missed(self.verdict("hangs")))

    def test_what_does_not_come_back_misses_the_aim(self):
        self.assertIn("trouble: write back after", self.missed(self.verdict("503", mended="503")))


class ClientTest(unittest.TestCase):
    def test_not_sent_broken_and_hung_are_told_apart(self):
        service = MadeUp()
        with self.assertRaises(Hung):
            service.fault = "hangs"
            Client(service.port, timeout=0.3).request("POST", "/sites", {"kind": "castle"})
        with self.assertRaises(Broken):
            service.fault = "breaks"
            Client(service.port).request("POST", "/sites", {"kind": "office", "name": "a"})
        service.shutdown()
        service.server_close()
        with self.assertRaises(NotSent):
            Client(service.port).get("/sites")


if __name__ == "__main__":
    unittest.main()

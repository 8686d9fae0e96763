import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

GATE = str(pathlib.Path(__file__).parent / "gate.sh")
TOKEN = "header.body-of_the.token"
PASS = {"verdict": "pass", "reasons": [], "totals": {"services": 1, "processes": 2, "vital_business_functions": 0}}
REASON = {"code": "objective_broken", "severity": "block", "detail": "too\n::error::slow\x1b[31m", "items": [
    {"id": "1", "kind": "service", "key": "SHOP", "name": "Web shop"}]}


class Stub(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, self.headers["Authorization"], json.loads(body)))
        status, answer = self.server.answers.pop(0)
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "1")
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("jq") and shutil.which("curl"), "jq and curl are needed")
class Gate(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
        self.server.asked, self.server.answers = [], []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_gate(self, *arguments, answers=((200, PASS),), shell=(), stdin="", **environment):
        self.server.answers[:] = answers
        self.server.asked.clear()
        own = {"PATH": os.environ["PATH"], "HOLDFAST_TOKEN": TOKEN, "no_proxy": "127.0.0.1", "TMPDIR": str(self.folder),
               "HOLDFAST_URL": f"http://127.0.0.1:{self.server.server_port}/", **environment}
        done = subprocess.run([*shell, GATE, *arguments], env=own, input=stdin, capture_output=True, text=True, timeout=60)
        self.assertNotIn(own["HOLDFAST_TOKEN"] or TOKEN, done.stdout + done.stderr)
        self.assertEqual([path.name for path in self.folder.glob("tmp.*")], [], "nothing is left behind")
        return done

    def test_verdicts_become_exit_statuses(self):
        for verdict, strict, status in [("pass", False, 0), ("pass", True, 0), ("warn", False, 0), ("warn", True, 2),
                                        ("block", False, 1), ("block", True, 1), ("perhaps", False, 3), (None, False, 3)]:
            arguments = ["--strict", "key:A"] if strict else ["key:A"]
            done = self.run_gate(*arguments, answers=[(200, {**PASS, "verdict": verdict})])
            self.assertEqual(done.returncode, status, (verdict, strict, done))

    def test_reasons_are_told_on_lines_of_their_own(self):
        done = self.run_gate("key:A", answers=[
            (200, {**PASS, "verdict": "block", "reasons": [{**REASON, "severity": "warn", "items": []}, REASON]})])
        self.assertIn("  block  objective_broken: too ::error::slow [31m\n         Web shop\n  warn  ", done.stdout)
        self.assertIn("1 services and 2 business processes", done.stdout)

    def test_everything_that_is_given_is_asked(self):
        (self.folder / "items").write_text("# none\n\n  key:B \r\nservice=key:SHOP\n", encoding="utf-8")
        edit = {"op": "remove_mapping", "mapping": "key:M"}
        (self.folder / "proposed").write_text(json.dumps([edit]), encoding="utf-8")
        answer = self.folder / "answer"
        done = self.run_gate(
            "--items", str(self.folder / "items"), "key:A", "--items", "-", "--proposed", str(self.folder / "proposed"),
            "--change", "servicenow", "CHG1", "--window", "2026-12-05T20:00:00Z", "2026-12-05T23:00:00Z", "--record",
            "--answer", str(answer), stdin="key:C")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.server.asked, [("/api/v1/analysis/change?record=true", f"Bearer {TOKEN}", {
            "items": ["key:B", {"kind": "service", "id": "key:SHOP"}, "key:A", "key:C"], "proposed": [edit],
            "change": {"system": "servicenow", "id": "CHG1"},
            "window": {"start": "2026-12-05T20:00:00Z", "end": "2026-12-05T23:00:00Z"}})])
        self.assertEqual(json.loads(answer.read_text(encoding="utf-8")), PASS)

    def test_odd_input_stays_input(self):
        odd = ['key:"}, {"', "$(touch pwned)", "`id`", "a\nb", "'", "\\", "key:ü", "", "@/etc/passwd", "a b*"]
        self.run_gate(*odd, "--change", '"', "\\")
        self.assertEqual(self.server.asked[0][2], {"items": odd, "change": {"system": '"', "id": "\\"}})

    def test_a_trace_does_not_show_the_token(self):
        for shell in (["sh", "-x"], ["sh", "-xv"]):
            self.assertEqual(self.run_gate("key:A", shell=shell).returncode, 0)

    def test_no_verdict_is_no_pass(self):
        problem = {"title": "Invalid content", "detail": "1 fault", "request_id": "r",
                   "errors": [{"pointer": "/items/0", "code": "unknown_reference", "detail": "none"}]}
        done = self.run_gate("key:A", answers=[(422, problem)])
        self.assertEqual((done.returncode, "/items/0: none" in done.stderr), (3, True))
        for answer in [(500, b"oh"), (200, b"<html>"), (200, b""), (200, b"[]"), (302, b""), (204, b"")]:
            self.assertEqual(self.run_gate("key:A", answers=[answer] * 8).returncode, 3, answer)
        for arguments in [["--nope"], ["--items"], ["--items", "/nope"], ["--change", "a"], ["--record", "key:A"],
                          ["--proposed", "/dev/null"], ["--window", "a"]]:
            self.assertEqual(self.run_gate(*arguments).returncode, 3, arguments)
            self.assertEqual(self.server.asked, [])
        for own in [{"HOLDFAST_URL": ""}, {"HOLDFAST_URL": "file:///etc"}, {"HOLDFAST_URL": "http://127.0.0.1:1"},
                    {"HOLDFAST_TOKEN": 'a"\nurl = "http://127.0.0.1:1/"'}]:
            self.assertEqual(self.run_gate("key:A", **own).returncode, 3, own)
        self.assertEqual(self.run_gate("key:A", HOLDFAST_TOKEN="").returncode, 3)

    def test_a_busy_service_is_asked_again(self):
        done = self.run_gate("key:A", answers=[(503, b"{}"), (200, PASS)])
        self.assertEqual((done.returncode, len(self.server.asked)), (0, 2))


if __name__ == "__main__":
    unittest.main()

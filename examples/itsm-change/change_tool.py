#!/usr/bin/env python3
"""A small change tool that works with Holdfast: what ServiceNow or Jira would do, in two hundred lines.

It takes the draft of a request for change, keeps it under an id of its own, lets somebody decide, and tells
Holdfast of every status by that id. Telling is repeated until Holdfast has heard, and each message carries the
time of the status, so messages may be lost, repeated or overtake each other. Nothing but the standard library.

    change_tool.py --holdfast http://127.0.0.1:8080 --token TOKEN [--port 8090] [--system changetool]

    POST /changes                  the draft, as GET /measures/{id}/rfc-draft gives it
    GET  /changes, /changes/{id}
    POST /changes/{id}/{status}    under_review, approved, rejected, scheduled, implemented, verified, closed, cancelled;
                                   the body may give {"reason": "…"}
"""
import argparse
import json
import queue
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Which status follows which here; Holdfast has no say in it.
NEXT = {
    "submitted": {"under_review", "approved", "rejected", "cancelled"},
    "under_review": {"approved", "rejected", "cancelled"},
    "approved": {"scheduled", "implemented", "cancelled"},
    "scheduled": {"implemented", "cancelled"},
    "implemented": {"verified", "closed"},
    "verified": {"closed"},
}
RETRY_SECONDS = 0.5


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Tool:
    """The requests for change, and the news that Holdfast has yet to hear."""

    def __init__(self, options):
        self.options = options
        self.lock = threading.Lock()
        self.changes = {}
        self.news = queue.Queue()
        threading.Thread(target=self.tell, daemon=True).start()

    def take(self, draft):
        items = draft.get("affected_items", [])
        with self.lock:
            number = f"CHG-{len(self.changes) + 1}"
            self.changes[number] = {
                "id": number,
                "title": draft["title"],
                "reason": draft.get("reason"),
                "risk_if_not_done": draft.get("risk_if_not_done"),
                "status": "submitted",
                "measures": [draft["measure"]["id"]],
                "services": [item["id"] for item in items if item["kind"] == "service"],
                "components": [item["id"] for item in items if item["kind"] == "component"],
            }
            self.note(number, None)
            return dict(self.changes[number])

    def move(self, number, status, reason):
        with self.lock:
            change = self.changes[number]
            if status not in NEXT.get(change["status"], ()):
                return None
            change["status"] = status
            self.note(number, reason)
            return dict(change)

    def note(self, number, reason):
        change = self.changes[number]
        body = {key: change[key] for key in ("title", "status", "measures", "services", "components")}
        body |= {"status_changed_at": now(), "status_reason": reason}
        body["external_refs"] = [{
            "system": self.options.system, "id": number, "url": f"{self.options.public}/changes/{number}",
        }]
        self.news.put((number, body))

    def tell(self):
        while True:
            number, body = self.news.get()
            while not self.told(number, body):
                time.sleep(RETRY_SECONDS)

    def told(self, number, body):
        """Whether Holdfast has heard. A refusal (4xx) is final: it would be refused again."""
        reference = urllib.parse.quote(f"ref:{self.options.system}:{number}", safe="")
        request = urllib.request.Request(
            f"{self.options.holdfast}/api/v1/change-requests/{reference}",
            data=json.dumps(body).encode(),
            method="PUT",
            headers={
                "Authorization": f"Bearer {self.options.token}",
                "Content-Type": "application/json",
                "Change-Reason": f"{number} is {body['status']}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10):
                return True
        except urllib.error.HTTPError as refusal:
            if refusal.code >= 500 or refusal.code == 429:
                return False
            print(f"{number}: Holdfast refused {body['status']}: {refusal.read().decode()}", flush=True)
            return True
        except OSError:
            return False


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tool = None

    def answer(self, status, body):
        data = (json.dumps(body) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        length = int(self.headers.get("Content-Length") or 0)
        return json.loads(self.rfile.read(length) or b"{}")

    def do_GET(self):
        found = re.fullmatch(r"/changes(?:/([A-Z]+-\d+))?", self.path)
        with self.tool.lock:
            changes = dict(self.tool.changes)
        if found and found[1] is None:
            return self.answer(200, {"items": list(changes.values())})
        if found and found[1] in changes:
            return self.answer(200, changes[found[1]])
        return self.answer(404, {"error": "no such change"})

    def do_POST(self):
        try:
            body = self.body()
        except ValueError:
            return self.answer(400, {"error": "the body is not JSON"})
        if self.path == "/changes":
            try:
                return self.answer(201, self.tool.take(body))
            except (KeyError, TypeError):
                return self.answer(400, {"error": "not the draft of a request for change"})
        found = re.fullmatch(r"/changes/([A-Z]+-\d+)/([a-z_]+)", self.path)
        if not found or found[1] not in self.tool.changes:
            return self.answer(404, {"error": "no such change"})
        moved = self.tool.move(found[1], found[2], body.get("reason"))
        if moved is None:
            return self.answer(409, {"error": f"the change cannot become {found[2]} now"})
        return self.answer(200, moved)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description="A small change tool that works with Holdfast.")
    parser.add_argument("--holdfast", required=True, help="where Holdfast is, such as http://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="a token with change-requests:write")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--system", default="changetool", help="the name of this tool in external_refs")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    options.public = f"http://127.0.0.1:{server.server_port}"
    Handler.tool = Tool(options)
    print(f"listening on {options.public}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()

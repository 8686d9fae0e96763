"""A load balancer for HTTP/1.1: asks every instance whether it is ready, and carries each request to one that is.

It does what common ones do and no more: a request for which no connection could be had goes to the next instance; a GET that
broke on its way goes to another; a write that broke is answered 502, for nobody knows whether it was done.
"""

import collections
import selectors
import socketserver
import threading
import time

from common.client import Broken, Client, NotSent

CHECK_SECONDS = 0.1
PATIENCE = 30


class Balancer:
    def __init__(self, ports):
        self.ports = ports
        self.ready = set(ports)
        self.turn = 0
        self.open = True
        self.lock = threading.Lock()
        self.counts = collections.Counter()
        balancer = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self):
                balancer.serve(self)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()
        for port in ports:
            threading.Thread(target=self._check, args=(port,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        self.server.shutdown()
        self.server.server_close()

    def _check(self, port):
        while self.open:
            client = Client(port, timeout=1)
            try:
                well = client.get("/readyz").status == 200
            except (NotSent, Broken):
                well = False
            client.close()
            with self.lock:
                (self.ready.add if well else self.ready.discard)(port)
            time.sleep(CHECK_SECONDS)

    def _order(self):
        """The instances to try, those that are ready first, each time another one."""
        with self.lock:
            self.turn += 1
            ready = sorted(self.ready)
        ready = ready[self.turn % len(ready):] + ready[:self.turn % len(ready)] if ready else []
        return ready + [port for port in self.ports if port not in ready]

    def serve(self, handler):
        """One client's connection, with connections to the instances of its own."""
        upstream = {}
        try:
            while (request := read_request(handler.rfile)) is not None:
                handler.wfile.write(self._carry(upstream, *request))
        except OSError:
            pass
        for client in upstream.values():
            client.close()

    def _carry(self, upstream, method, path, headers, body):
        for port in self._order():
            client = upstream.setdefault(port, Client(port, timeout=PATIENCE))
            kept = is_open(client)
            if not kept:
                client.close()
            try:
                answer = client.request(method, path, body or None, headers)
                return rendered(answer)
            except NotSent:
                self.counts["no connection, the next instance was asked"] += 1
            except Broken:
                on = "a kept connection" if kept else "a new connection"
                if method == "GET":
                    self.counts[f"a GET broke on {on}, another instance was asked"] += 1
                    continue
                self.counts[f"a write broke on {on}"] += 1
                return failure(502, f"the instance ended {on} without an answer")
        self.counts["no instance"] += 1
        return failure(502, "no instance takes a connection")


def is_open(client):
    """Whether the kept connection is there and the other end has not closed it."""
    if client.socket is None:
        return False
    with selectors.DefaultSelector() as selector:
        selector.register(client.socket, selectors.EVENT_READ)
        return not selector.select(0)


def read_request(file):
    line = file.readline(1 << 16).decode("latin-1").split()
    if len(line) < 3:
        return None
    headers = {}
    while (header := file.readline(1 << 16).decode("latin-1").strip()):
        name, _, value = header.partition(":")
        headers[name.strip()] = value.strip()
    length = int(headers.pop("Content-Length", "0"))
    headers.pop("Host", None)
    return line[0], line[1], headers, file.read(length) if length else b""


def rendered(answer):
    kept = ("content-type", "etag", "location", "retry-after", "idempotent-replayed", "x-request-id")
    lines = [f"HTTP/1.1 {answer.status} -"] + [f"{name}: {answer.headers[name]}" for name in kept if name in answer.headers]
    if answer.status not in (204, 304):
        lines.append(f"content-length: {len(answer.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + answer.body


def failure(status, words):
    body = f'{{"code": "balancer", "detail": "{words}"}}'.encode()
    head = f"HTTP/1.1 {status} -\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body

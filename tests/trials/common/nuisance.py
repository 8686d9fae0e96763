"""Clients that misbehave, as a process of its own: `nuisance.py KIND PORT TOKEN DETAIL rough` goes on until it is killed;
`gentle` in place of `rough` does the same with a tenth of the strength, for a service that is not optimised."""

import json
import os
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from common.client import Broken, Client, NotSent  # noqa: E402


def again_and_again(port, token, method, path, body=None):
    client = Client(port, token, timeout=60)
    while True:
        try:
            client.request(method, path, body)
        except (NotSent, Broken):
            time.sleep(0.05)


GENTLE = sys.argv[-1] == "gentle"


def spread(threads, work, *arguments):
    for _ in range(max(1, threads // 10) if GENTLE else threads):
        threading.Thread(target=work, args=arguments, daemon=True).start()
    while True:
        time.sleep(1)


def hopeless_batches(port, token, _):
    """Rows in which everything is wrong."""
    data = {f"u{number}": 1 for number in range(60)}
    count = 400 if GENTLE else 4000
    rows = [{"op": "upsert", "kind": "site", "id": f"key:F-{number}", "data": data} for number in range(count)]
    body = json.dumps({"mode": "partial", "rows": rows}).encode()
    spread(4, again_and_again, port, token, "POST", "/batch", body)


def as_of_loops(port, token, detail):
    """Looks through the past for words."""
    spread(8, again_and_again, port, token, "GET", f"/components?as_of={detail}&q=server&count=true&limit=500")


def called(port, token, request):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(f"{request} HTTP/1.1\r\nHost: holdfast\r\nAuthorization: Bearer {token}\r\n".encode())
    return connection


def idle_uploads(port, token, _):
    """Bodies of which a byte comes now and then."""
    def one():
        while True:
            try:
                connection = called(port, token, "POST /api/v1/batch")
                connection.sendall(b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{")
                while True:
                    time.sleep(1)
                    connection.sendall(b" ")
            except OSError:
                time.sleep(0.1)
    spread(100, one)


def open_boards(port, token, detail):
    """Live boards, more than anybody may have."""
    def one():
        while True:
            try:
                connection = called(port, token, f"GET /api/v1/runs/{detail}/events")
                connection.sendall(b"Accept: text/event-stream\r\n\r\n")
                connection.settimeout(None)
                while connection.recv(1 << 16):
                    continue
            except OSError:
                pass
            time.sleep(0.5)
    spread(300, one)


def list_request(token):
    head = f"Host: holdfast\r\nAuthorization: Bearer {token}\r\n\r\n"
    return f"GET /api/v1/components?limit=500 HTTP/1.1\r\n{head}".encode()


def deaf_clients(port, token, _):
    """Ask for long lists, more than the buffers between hold, and never read."""
    def one():
        while True:
            try:
                connection = socket.socket()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.connect(("127.0.0.1", port))
                connection.settimeout(2)
                connection.sendall(list_request(token) * 100)
                time.sleep(60)
            except OSError:
                time.sleep(1)
    spread(60, one)


def busy_readers(port, token, _):
    """Ask for long lists, one after the other."""
    spread(30, again_and_again, port, token, "GET", "/components?limit=500")


def pipelines(port, token, _):
    """Ask for long lists, a hundred at once on each connection, and read what comes."""
    def one():
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port), timeout=60)
                while True:
                    connection.sendall(list_request(token) * 100)
                    for _ in range(20):
                        connection.recv(1 << 20)
            except OSError:
                time.sleep(0.1)
    spread(30, one)


KINDS = {one.__name__: one for one in (hopeless_batches, as_of_loops, idle_uploads, open_boards, deaf_clients,
                                    busy_readers, pipelines)}

if __name__ == "__main__":
    KINDS[sys.argv[1]](int(sys.argv[2]), sys.argv[3], sys.argv[4])

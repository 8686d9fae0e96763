"""One kept-alive connection that tells apart what was never sent, what broke on its way, and what was not answered."""

import json
import socket
import time

BASE = "/api/v1"


class NotSent(Exception):
    """Nobody took the connection: the request cannot have had an effect."""


class Broken(Exception):
    """The connection ended before the answer: the request may have had its effect."""


class Hung(Broken):
    """No answer came in time."""


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status = status
        self.headers = headers
        self.body = body
        self.seconds = seconds

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def code(self):
        """The code of the problem."""
        return self.json.get("code", "") if self.status >= 400 else ""

    @property
    def good(self):
        return 200 <= self.status < 300

    def __str__(self):
        return f"{self.status} {self.body[:400].decode(errors='replace')}"


class Client:
    def __init__(self, port, token=None, timeout=30, host="127.0.0.1"):
        self.address = (host, port)
        self.token = token
        self.timeout = timeout
        self.socket = None
        self.buffer = b""

    def request(self, method, path, body=None, headers=None):
        """Sends one request and reads its answer. `path` is taken below the API's base unless it begins there or is a
        page of the operator."""
        started = time.monotonic()
        until = started + self.timeout
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        whole = path if is_whole(path) else BASE + path
        lines = [f"{method} {whole} HTTP/1.1", f"Host: {self.address[0]}:{self.address[1]}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            lines.append(f"Content-Length: {len(content)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        message = ("\r\n".join(lines) + "\r\n\r\n").encode() + content
        if self.socket is None:
            self._connect(until)
        try:
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            self.socket.sendall(message)
            status, found, answer = self._answer(until, method)
        except TimeoutError:
            self.close()
            raise Hung(f"no answer within {self.timeout} s") from None
        except (OSError, ValueError) as error:
            self.close()
            raise Broken(str(error) or type(error).__name__) from None
        if found.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, found, answer, time.monotonic() - started)

    def get(self, path):
        return self.request("GET", path)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        self.buffer = b""

    def _connect(self, until):
        try:
            self.socket = socket.create_connection(self.address, timeout=max(0.001, until - time.monotonic()))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            self.socket = None
            raise NotSent(str(error)) from None

    def _more(self, until):
        self.socket.settimeout(max(0.001, until - time.monotonic()))
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise ConnectionError("the connection ended before the answer")
        self.buffer += piece

    def _line_end(self, mark, until):
        while (at := self.buffer.find(mark)) < 0:
            self._more(until)
        taken, self.buffer = self.buffer[:at], self.buffer[at + len(mark):]
        return taken

    def _bytes(self, count, until):
        while len(self.buffer) < count:
            self._more(until)
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def _answer(self, until, method):
        head = self._line_end(b"\r\n\r\n", until).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if status == 100:
            return self._answer(until, method)
        if method == "HEAD" or status in (204, 304):
            return status, headers, b""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self._line_end(b"\r\n", until).split(b";")[0], 16):
                pieces.append(self._bytes(size, until))
                self._bytes(2, until)
            self._line_end(b"\r\n", until)
            return status, headers, b"".join(pieces)
        return status, headers, self._bytes(int(headers.get("content-length", "0")), until)


def is_whole(path):
    return path.startswith((BASE + "/", "/livez", "/readyz", "/metrics", "/problems/", "/docs", "/openapi"))

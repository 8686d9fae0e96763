"""The proxy carries, falls silent without a word, and carries again."""

import os
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from common.proxy import Proxy


def echo():
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(caller,), daemon=True).start()

    def answer(caller):
        with caller:
            while piece := caller.recv(100):
                caller.sendall(piece)

    threading.Thread(target=serve, daemon=True).start()
    return listener


class ProxyTest(unittest.TestCase):
    def setUp(self):
        self.echo = echo()
        self.proxy = Proxy(self.echo.getsockname()[1])

    def tearDown(self):
        self.proxy.__exit__()
        self.echo.close()

    def call(self, timeout=1.0):
        return socket.create_connection(("127.0.0.1", self.proxy.port), timeout=timeout)

    def test_silence_is_neither_end_nor_refusal(self):
        with self.call() as old:
            old.sendall(b"one")
            self.assertEqual(old.recv(100), b"one")
            self.proxy.silence()
            old.sendall(b"two")
            with self.assertRaises(TimeoutError):
                old.recv(100)
            with self.assertRaises(TimeoutError):
                self.call(0.5)
            self.proxy.speak(forget=False)
            old.settimeout(5)
            self.assertEqual(old.recv(100), b"two")
            with self.call(5) as new:
                new.sendall(b"three")
                self.assertEqual(new.recv(100), b"three")

    def test_forgotten_connections_stay_silent_and_new_ones_speak(self):
        with self.call() as old:
            old.sendall(b"one")
            self.assertEqual(old.recv(100), b"one")
            self.proxy.silence()
            self.proxy.speak()
            old.sendall(b"two")
            with self.assertRaises(TimeoutError):
                old.recv(100)
            with self.call(5) as new:
                new.sendall(b"three")
                self.assertEqual(new.recv(100), b"three")


if __name__ == "__main__":
    unittest.main()

"""A TCP proxy that can fall silent: nothing is closed and nothing is reset, as when a cable is cut."""

import socket
import threading
import time


class Proxy:
    """Listens on a port of its own and carries bytes to `target`, a port of this machine."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        self.open = True
        self.speaks = threading.Event()
        self.speaks.set()
        self.dead = set()
        self.sockets = []
        self.fillers = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.open = False
        self.speaks.set()
        for one in [self.listener, *self.sockets, *self.fillers]:
            one.close()

    def silence(self):
        """From now on no byte passes, and nobody who calls anew is heard: the listener's queue is filled, so that the system
        drops what comes, as a network does in which the other end is gone."""
        self.speaks.clear()
        time.sleep(0.15)
        self.listener.listen(0)
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)

    def speak(self, forget=True):
        """All is well again. Connections from before are as dead as a router makes them that forgot them; with `forget` false
        they go on where they stopped."""
        if forget:
            self.dead.update(self.sockets)
        for filler in self.fillers:
            filler.close()
        self.fillers.clear()
        self.listener.listen(64)
        self.speaks.set()

    def turn_to(self, target):
        """Ends all connections; new ones lead to another port."""
        self.target = target
        ended, self.sockets = self.sockets, []
        for one in ended:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        self.listener.settimeout(0.1)
        while self.open:
            if not self.speaks.wait(0.1):
                continue
            try:
                caller, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            try:
                target = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                caller.close()
                continue
            caller.settimeout(None)
            target.settimeout(None)
            self.sockets += [caller, target]
            for source, sink in ((caller, target), (target, caller)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source, sink):
        try:
            while piece := source.recv(1 << 16):
                self.speaks.wait()
                if source in self.dead:
                    time.sleep(0.1)
                    if not self.open:
                        return
                    continue
                sink.sendall(piece)
        except OSError:
            pass
        if source in self.dead:
            # Nobody hears that the other end has gone, either.
            return
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

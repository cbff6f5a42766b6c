"""A line between a sidecar and its store that can be slow, cut, or made to lose or garble what comes back."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator


class Loopback:
    """Listens on a port of its own and passes everything on to `port`. Its fields may be changed at any time."""

    def __init__(self, port: int) -> None:
        self.delay = 0.0  # seconds before each piece of an answer
        self.cut = False  # no connection is accepted, none lives
        self.silent = False  # answers are swallowed: the connection stays open
        self.garbage = b""  # sent in place of answers
        self.lose_after: bytes | None = None  # the connection ends behind a request that holds this: its answer is lost
        self._target = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: set[socket.socket] = set()
        self._doomed: set[socket.socket] = set()
        self._pairs: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @contextlib.contextmanager
    def trouble(self, **fields: object) -> Iterator[None]:
        kept = {name: getattr(self, name) for name in fields}
        for name, value in fields.items():
            setattr(self, name, value)
        if self.cut:
            self.drop()
        try:
            yield
        finally:
            for name, value in kept.items():
                setattr(self, name, value)
            self._doomed.clear()

    def drop(self) -> None:
        """End every connection."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.drop()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)
        for pair in self._pairs:
            pair.join(5)

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listening.accept()
            except OSError:
                return
            if self.cut:
                here.close()
                continue
            try:
                there = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                here.close()
                continue
            there.settimeout(None)
            self._open |= {here, there}
            pair = threading.Thread(target=self._connect, args=(here, there), daemon=True)
            self._pairs.append(pair)
            pair.start()

    def _connect(self, here: socket.socket, there: socket.socket) -> None:
        with here, there:
            asking = threading.Thread(target=self._ask, args=(here, there), daemon=True)
            asking.start()
            self._answer(here, there)
            asking.join()

    def _ask(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := here.recv(65536):
                if self.lose_after is not None and self.lose_after in piece:
                    self._doomed.add(here)
                there.sendall(piece)
        self._end(here, there)

    def _answer(self, here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := there.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                if here in self._doomed:
                    break
                if not self.silent:
                    here.sendall(self.garbage or piece)
        self._end(here, there)

    def _end(self, *ends: socket.socket) -> None:
        for one in ends:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            self._open.discard(one)

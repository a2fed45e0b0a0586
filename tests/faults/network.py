"""A cable between the portal and a server, to be cut, slowed and stopped."""

import contextlib
import socket
import threading
from types import TracebackType


class Cable:
    """Forwards TCP from a loopback port to `target`: (host, port), or the path of a socket."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self._target = target
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self._is_closed = False
        self.delay_seconds = 0.0
        self._listener: socket.socket | None = None
        self.port = 0
        self.plug_in()

    def __enter__(self) -> "Cable":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_closed = True
        self.pull_out()
        self._flows.set()

    def plug_in(self) -> None:
        """Take connections, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self._listener, self.port = listener, listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def pull_out(self) -> None:
        """Refuse connections, and break those that are there."""
        if self._listener is not None:
            # A close alone leaves the thread in accept, and the port taken.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            ends, self._ends = self._ends, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def hang(self) -> None:
        """Take everything and pass nothing on."""
        self._flows.clear()

    def flow(self) -> None:
        self._flows.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        kind = socket.AF_UNIX if isinstance(self._target, str) else socket.AF_INET
        far = socket.socket(kind)
        try:
            far.connect(self._target)
        except OSError:
            near.close()
            far.close()
            return
        with self._lock:
            self._ends |= {near, far}
        both = [
            threading.Thread(target=self._pump, args=pair, daemon=True)
            for pair in ((near, far, False), (far, near, True))
        ]
        for one in both:
            one.start()
        for one in both:
            one.join()
        with self._lock:
            self._ends -= {near, far}
        near.close()
        far.close()

    def _pump(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        try:
            while data := source.recv(65536):
                if is_answer and self.delay_seconds:
                    threading.Event().wait(self.delay_seconds)
                self._flows.wait()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

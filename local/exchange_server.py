"""The local exchange as an HTTP server of its own process, on this machine only."""

import json
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from typing import Any, Protocol

from local.exchange_faults import Faults, Silence

LARGEST = 1_000_000
HERE = ("127.0.0.1", "localhost")


class Door(Protocol):
    """What is served: requests, the faults they may meet, and what became of all orders."""

    faults: Faults
    handle: Callable[..., tuple[int, dict[str, str], bytes]]

    def close(self) -> None:
        """Close the state."""

    def orders(self) -> list[dict[str, Any]]:
        """Return every order of every account."""


class Handler(BaseHTTPRequestHandler):
    """Carry one connection's requests to the exchange."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        """Answer any request, whatever its method."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST:
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        path, _, query = self.path.partition("?")
        if path.startswith("/_"):
            self._tell(*self._control(path, body))
            return
        try:
            door = self.server.door
            self._tell(*door.handle(self.command, path, query, dict(self.headers.items()), body))
        except Silence as silence:
            self.server.ending.wait(silence.seconds)
            self.close_connection = True
            self.connection.shutdown(SHUT_RDWR)

    do_POST = do_PUT = do_DELETE = do_GET

    def _control(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Set or end faults, or tell all orders; never to a page that another site opened."""
        host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
        if host not in HERE or self.headers.get("Origin") or self.headers.get("Sec-Fetch-Site"):
            return 403, {}, b""
        kind = {"Content-Type": "application/json"}
        try:
            out = self._controlled(path, body)
        except (ValueError, RecursionError) as error:
            return 400, kind, json.dumps({"msg": str(error)}).encode()
        return (404, {}, b"") if out is None else (200, kind, json.dumps(out).encode())

    def _controlled(self, path: str, body: bytes) -> Any:
        """Do what a control request asks and return what is told, None for a path unknown."""
        door, asked = self.server.door, (self.command, path)
        if asked == ("GET", "/_orders"):
            return door.orders()
        if asked == ("GET", "/_faults"):
            return door.faults.played
        if asked == ("DELETE", "/_faults"):
            door.faults.off()
            return {}
        if asked == ("POST", "/_faults"):
            door.faults.read(json.loads(body))
            return {}
        return None

    def _tell(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of requests, whose addresses carry signatures."""


class Server(ThreadingHTTPServer):
    """Serve an exchange on a port of this machine, 0 for any that is free."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, door: Door, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.door, self.ending = door, threading.Event()

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let go of a connection its client has left; tell anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop serving; requests that wait in silence are let go."""
        self.ending.set()
        self.shutdown()
        self.server_close()


def serve(door: Door, port: int) -> None:
    """Serve until SIGTERM or SIGINT, and say where on standard output."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    with Server(door, port) as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        ending.wait()
    door.close()

"""The agent's two pages, /metrics and /healthz, served by one thread that starts with it.

No thread is made for a request: on a node that is out of PIDs none could be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer

TEXT = "text/plain; charset=utf-8"
METRICS = "text/plain; version=0.0.4; charset=utf-8"


class _Handler(BaseHTTPRequestHandler):
    server: Pages
    timeout = 5.0

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, METRICS, self.server.metrics())
        elif self.path in ("/healthz", "/readyz"):
            wrong = self.server.wrong()
            self._answer(503 if wrong else 200, TEXT, (wrong or "ok").encode() + b"\n")
        else:
            self._answer(404, TEXT, b"there are /metrics and /healthz\n")

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests of probes are nothing to log."""


class Pages(HTTPServer):
    """``wrong`` says what is wrong with the agent, or nothing."""

    def __init__(
        self, port: int, metrics: Callable[[], bytes], wrong: Callable[[], str]
    ) -> None:
        super().__init__(("", port), _Handler)
        self.metrics = metrics
        self.wrong = wrong

    def start(self) -> None:
        """In a thread that does not hold up the end of the process."""
        threading.Thread(target=self.serve_forever, name="pages", daemon=True).start()

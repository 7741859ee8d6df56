"""A proxy before the carrier, which holds answers back."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

OWN_HEADERS = {"content-length", "connection", "transfer-encoding", "date", "server"}


class Proxy:
    """`holding`: creates are taken by the carrier, and not answered before `let_go`; `held`: how many."""

    def __init__(self) -> None:
        self.target = ""
        self.holding = threading.Event()
        self.let_go = threading.Event()
        self.held = 0
        self._server = _Server(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.let_go.set()
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._pass_on(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        holding = self.path.endswith("/Calls.json") and self.server.proxy.holding.is_set()
        self._pass_on(body, hold=holding)

    def _pass_on(self, body: bytes | None, hold: bool = False) -> None:
        proxy = self.server.proxy
        to = http.client.HTTPConnection(urlsplit(proxy.target).netloc, timeout=30)
        to.request(self.command, self.path, body, dict(self.headers))
        answer = to.getresponse()
        content = answer.read()
        to.close()
        if hold:
            proxy.held += 1
            proxy.let_go.wait(60)
        try:
            self._answer(answer, content)
        except OSError:
            self.close_connection = True

    def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

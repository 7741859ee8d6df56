"""The command as a script runs it, and an HTTP server with memory in the API's place."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli import watch
from cli.main import main
from tests.cli.contract import completed


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run `outdial` with these arguments."""
    for name in ("OUTDIAL_KEY", "OUTDIAL_URL", "OUTDIAL_PROFILE", "OUTDIAL_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OUTDIAL_PROFILES", str(tmp_path / "outdial" / "profiles.json"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(watch, "POLL_INTERVAL_SECONDS", 0.01)

    def run_it(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["outdial", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return Ended(int(left.value.code or 0), *capsys.readouterr())

    return run_it


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A contact file with one contact."""
    path = tmp_path / "spring list.csv"
    path.write_bytes(b"phone\r\n+12025550101\r\n")
    return str(path)


class Request(NamedTuple):
    """A request that came."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class FakeApi:
    """Answers each request line with its answers in turn, the last one again and again; `None` hangs up.

    Fields of the contract that a test does not give are filled in.
    """

    url: str = ""
    answers: dict[str, list[tuple[int, Any] | None]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def will(self, line: str, *answers: tuple[int, Any] | None) -> None:
        self.answers[line] = [answer and _completed(line, *answer) for answer in answers]

    def next_answer(self, line: str) -> tuple[int, Any] | None:
        waiting = self.answers[line.partition("?")[0]]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def _completed(line: str, status: int, content: Any) -> tuple[int, Any]:
    return status, completed(line, content) if status == HTTPStatus.OK else content


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeApi]:
    fake = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            line = f"{self.command} {self.path}"
            body = self._read_body()
            fake.requests.append(Request(line, {name.lower(): value for name, value in self.headers.items()}, body))
            answer = fake.next_answer(line)
            if answer is None:
                self.close_connection = True
                return
            status, content = answer
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def _read_body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("OUTDIAL_URL", fake.url)
    monkeypatch.setenv("OUTDIAL_KEY", "od_secret")
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()

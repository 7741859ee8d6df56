"""Every endpoint keeps what the OpenAPI page says of it: thousands of requests with each key, and chains of them."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import create_app
from stack.ports import free_port
from store.db.engine import Database
from tests.api.client import PLATFORM_KEY, Served, serve, settings_for
from tests.api.describing import judged
from tests.api.examples import put_in

EXAMPLES = 30  # of each endpoint, beside those that cover the schema's edges


@pytest.fixture
def served(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_port()}")
    served = serve(create_app(settings_for(database_url)))
    yield served
    served.stop()


@pytest.fixture
async def keys(engine: Database) -> dict[str, str]:
    return await put_in(engine) | {"platform": PLATFORM_KEY}


@pytest.mark.soak
@pytest.mark.parametrize("who", ["owner", "admin", "member", "platform", "nobody"])
def test_whatever_is_sent_the_answer_is_as_described(
    served: Served, keys: dict[str, str], who: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    run = judged(served.url, keys.get(who), "--max-examples", str(EXAMPLES), cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr

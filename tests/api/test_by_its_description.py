"""Every endpoint keeps what the OpenAPI page says of it, whatever is sent: with an owner's key, a member's, none."""

import logging
from pathlib import Path

import httpx
import pytest

from store.db.engine import Database
from tests.api.client import Served
from tests.api.describing import judged
from tests.api.examples import put_in

# The edges of every schema once, with the key that may do most; `validate` takes the body of `create`.
PHASES = {
    "nobody": ("--phases", "examples,fuzzing", "--max-examples", "1"),
    "member": ("--phases", "examples,fuzzing", "--max-examples", "2"),
    "owner": ("--phases", "examples,coverage", "--exclude-path", "/batch/validate"),
}


@pytest.fixture(scope="module")
async def keys(records: Database) -> dict[str, str]:
    return await put_in(records)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", PHASES)
def test_whatever_is_sent_the_answer_is_as_described(
    served: Served, keys: dict[str, str], who: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # that Temporal is away, and what is refused, thousands of times
    run = judged(served.url, keys.get(who), *PHASES[who], cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    if who in keys:
        asked = httpx.get(f"{served.url}/organization", headers={"x-api-key": keys[who]})
        assert asked.status_code == 200, "the key was revoked on the way: what followed shows nothing"

"""docs/asterisk.md leads from Debian's package to calls: its blocks, beside the files of the package, are enough."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from carriers.asterisk.carrier import Asterisk
from domain.calls.models import CallState
from tests.asterisk.test_calls import a_line
from tests.telephony_lab.lab import PASSWORD, Lab, unstarted
from tests.voice_agent import an_agent
from tests.waiting import eventually

PAGE = Path(__file__).parents[2] / "docs/asterisk.md"
BLOCK = re.compile(r"^```ini\n; (\w+\.conf)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SETTINGS = re.compile(r"^(OUTDIAL_ASTERISK_\w+)=(.*)$", re.MULTILINE)
OF_THE_LAB = ("asterisk.conf", "logger.conf")  # where its folders are


def blocks() -> dict[str, str]:
    return dict(BLOCK.findall(PAGE.read_text()))


def fitted(text: str, lab: Lab) -> str:
    """With the lab's addresses, ports and password. Its callee takes no OPTIONS, so it is not asked how it is."""
    for ours, labs in {
        "contact=sip:sip.provider.example": f"contact=sip:127.0.0.1:{lab.callee_port}",
        "sip.provider.example": "127.0.0.1",
        "0.0.0.0:5060": f"127.0.0.1:{lab.first_port + 1}",
        "8088": str(lab.ari_port),
        "rtpstart=10000": f"rtpstart={lab.first_port + 300}",
        "rtpend=20000": f"rtpend={lab.first_port + 899}",
        "qualify_frequency=60": "qualify_frequency=0",
        "change-me": PASSWORD,
    }.items():
        text = text.replace(ours, labs)
    return text


def install(lab: Lab) -> None:
    """Debian's own files, and over them what the page says."""
    etc = lab.directory / "run" / "etc"
    for file in etc.iterdir():
        if file.name not in OF_THE_LAB:
            file.unlink()
    for file in (lab.directory / "root" / "etc" / "asterisk").glob("*.conf"):
        if file.name not in OF_THE_LAB:
            shutil.copy(file, etc)
    for name, text in blocks().items():
        (etc / name).write_text(fitted(text, lab))


@pytest.fixture(scope="module")
def documented() -> Iterator[Lab]:
    with unstarted() as lab:
        lab.start(configure=install)
        yield lab


@pytest.fixture
async def listening(documented: Lab) -> AsyncIterator[None]:
    """As a worker does."""
    async with a_line(documented):
        yield


def test_the_page_has_every_file_that_must_be_written() -> None:
    assert set(blocks()) == {
        *("http.conf", "ari.conf", "pjsip.conf", "rtp.conf", "extensions.conf", "amd.conf"),
        *("cdr.conf", "cdr_custom.conf"),
    }


async def test_every_check_of_it_is_true(documented: Lab, listening: None) -> None:
    values = dict(SETTINGS.findall(PAGE.read_text()))
    values["OUTDIAL_ASTERISK_CDR_PATH"] = str(documented.cdr_path)
    settings = {name: fitted(value, documented) for name, value in values.items()}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OUTDIAL_")}
    command = [sys.executable, "-m", "cli.main", "carrier", "check", "asterisk"]
    checked = await asyncio.to_thread(
        subprocess.run, command, env=environment | settings, capture_output=True, text=True, timeout=60, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    carrier = Asterisk(documented.options())
    health = await carrier.health()
    await carrier.close()
    assert [(finding.what, finding.ok) for finding in health.findings] == [
        *(("account", True), ("trunk", True), ("stream", True), ("records", True)),
    ]


async def test_a_call_reaches_its_agent_and_leaves_its_record(documented: Lab) -> None:
    async with an_agent(tone=True) as agent, a_line(documented) as line:
        placed = await line.call("11", agent.url)
        await eventually(lambda: agent.of(placed.call_id))
        told = await eventually(lambda: next((each for each in line.reports if each.answered_by is not None), None))
        await line.carrier.hang_up(placed.call_id)
        await line.hear(placed.call_id, CallState.ENDED)
        (record,) = await eventually(lambda: [record for record in documented.records() if record[0] == placed.call_id])
    assert told.state is CallState.ANSWERED
    assert record[2] == "ANSWERED"
    assert len(record) == 10

"""The example agent as a process: a call reaches it, it talks, leaves a transcript, and reports."""

import asyncio
import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from websockets.asyncio.client import connect

from tests.serving import served
from tests.waiting import eventually

AGENT = Path(__file__).parents[2] / "examples/agent/agent.py"
TONE = bytes.fromhex("ff9d938f8e8f939dff1d130f0e0f131d") * 10  # 500 Hz, µ-law, 20 ms


async def test_a_call_is_a_conversation_with_a_transcript(tmp_path: Path) -> None:
    reports: list[tuple[str, str, dict[str, Any]]] = []

    async def take(request: web.Request) -> web.Response:
        reports.append((request.path, request.headers["Authorization"], await request.json()))
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/calls/{id}/result", take)
    async with served(app) as api:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, AGENT, "--port", "0", "--transcripts", tmp_path), stdout=subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            url = (await process.stdout.readline()).decode().strip()
            parameters = {"name": "Ada", "outdial_call_id": "call_1", "outdial_call_token": "t", "outdial_api": api}
            played = await call(url, parameters)
            await eventually(lambda: reports)
        finally:
            process.terminate()
            await process.wait()
    assert played > 2 * 960  # more than two syllables
    (path, authorization, report), *others = reports
    assert (path, authorization, others) == ("/calls/call_1/result", "Bearer t", [])
    assert report["disposition"] == "spoke"
    transcript = (tmp_path / "call_1.txt").read_text().splitlines()
    assert transcript[0] == "agent: Hello Ada, this is the example agent of Outdial."
    assert transcript[1].startswith("person: (speaks for")
    assert transcript[2] == "agent: Thank you, goodbye."
    assert report["summary"].splitlines() == transcript


async def call(url: str, parameters: dict[str, str]) -> int:
    """Play the carrier and a person who speaks, until the agent hangs up; how many bytes of audio it sent."""
    played = 0
    async with connect(url, compression=None) as connection:
        await connection.send(json.dumps({"event": "connected"}))
        start = {"callSid": "CA1", "streamSid": "MZ1", "customParameters": parameters}
        await connection.send(json.dumps({"event": "start", "streamSid": "MZ1", "start": start}))
        async for text in connection:
            message = json.loads(text)
            if message["event"] == "media":
                played += len(base64.b64decode(message["media"]["payload"]))
            if message["event"] == "mark":
                await connection.send(text)
                for _ in range(20):
                    spoken = {"payload": base64.b64encode(TONE).decode()}
                    await connection.send(json.dumps({"event": "media", "streamSid": "MZ1", "media": spoken}))
    return played

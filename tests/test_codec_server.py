"""The codec server decrypts for whoever has the token, in pages of the web UI's origin."""

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload, Payloads

from codec_server import MAX_BODY_BYTES
from stack.ports import free_port
from tests.waiting import until
from workflows.payload_encryption import PayloadEncryption

KEYS = "the-newest-key-of-32-characters-or-more,the-old-key-of-32-characters-or-even-more"
TOKEN = "a-token-of-more-than-32-characters"
ORIGIN = "https://temporal.example.com"
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'"Zebulon Quagmire"')
SECONDS = 60


def environment(**changed: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OUTDIAL_", "TEMPORAL_"))}
    settings = {
        "OUTDIAL_PAYLOAD_KEYS": KEYS,
        "OUTDIAL_CODEC_TOKEN": TOKEN,
        "OUTDIAL_TEMPORAL_UI_URL": f"{ORIGIN}:443/namespaces/default",
    }
    return inherited | settings | changed


@pytest.fixture(scope="module")
def server() -> Iterator[httpx.Client]:
    """The process; its log is looked at when it ends."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "codec_server"],
        env=environment(OUTDIAL_CODEC_PORT=str(port)),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
            until(lambda: _answers(client), SECONDS)
            yield client
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=SECONDS)
        assert TOKEN not in log
        assert "Zebulon" not in log
    finally:
        process.kill()
        process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def body(*payloads: Payload) -> dict[str, Any]:
    return MessageToDict(Payloads(payloads=payloads))


def read(answer: httpx.Response) -> list[Payload]:
    assert answer.status_code == 200, answer.text
    return list(ParseDict(answer.json(), Payloads()).payloads)


def encrypted(setting: str = KEYS) -> Payload:
    made = PayloadEncryption.from_setting(setting)
    assert made is not None
    return made.encrypt(PLAIN)


@pytest.mark.parametrize("setting", KEYS.split(","))
def test_it_decrypts_what_any_key_encrypted(server: httpx.Client, setting: str) -> None:
    written = encrypted(setting)
    assert b"Zebulon" not in base64.b64decode(body(written)["payloads"][0]["data"])
    assert read(server.post(f"/{TOKEN}/decode", json=body(written, PLAIN))) == [PLAIN, PLAIN]


def test_it_encrypts_what_people_send_by_hand(server: httpx.Client) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}  # temporal --codec-auth
    [made] = read(server.post("/encode", json=body(PLAIN), headers=bearer))
    assert made != PLAIN
    assert read(server.post("/decode", json=body(made), headers=bearer)) == [PLAIN]


def test_what_no_key_opens_is_answered_as_it_is(server: httpx.Client) -> None:
    """So that the rest of a page can be read."""
    foreign, ours = encrypted("a-key-that-this-server-does-not-have"), encrypted()
    assert read(server.post(f"/{TOKEN}/decode", json=body(foreign, ours))) == [foreign, PLAIN]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/decode", {}),
        ("/another-token/decode", {}),
        (f"/{TOKEN[:-1]}/decode", {}),
        ("/decode", {"Authorization": "Bearer another-token"}),
        ("/decode", {"Cookie": f"token={TOKEN}"}),
        ("/encode", {}),
    ],
)
def test_without_the_token_nothing_is_decrypted(server: httpx.Client, path: str, headers: dict[str, str]) -> None:
    refused = server.post(path, json=body(encrypted()), headers=headers)
    assert refused.status_code == 401
    assert TOKEN not in refused.text


def test_pages_of_the_web_uis_origin_may_ask_and_no_others(server: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    allowed = server.options(f"/{TOKEN}/decode", headers={"Origin": ORIGIN, **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    answer = server.post(f"/{TOKEN}/decode", json=body(PLAIN), headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    refused = server.post("/decode", json=body(PLAIN), headers={"Origin": ORIGIN})
    assert refused.headers["access-control-allow-origin"] == ORIGIN  # so that the page can say why

    for other in ("https://example.com", f"{ORIGIN}.example.com", "http://temporal.example.com", "null"):
        preflight = server.options(f"/{TOKEN}/decode", headers={"Origin": other, **asked})
        assert preflight.status_code == 400
        assert "access-control-allow-origin" not in preflight.headers
        answer = server.post(f"/{TOKEN}/decode", json=body(PLAIN), headers={"Origin": other})
        assert "access-control-allow-origin" not in answer.headers


def test_bodies_are_bounded_and_must_be_payloads(server: httpx.Client) -> None:
    assert server.post(f"/{TOKEN}/decode", content=b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    assert server.post("/decode", content=b" " * (MAX_BODY_BYTES + 1)).status_code == 401  # not read at all
    for wrong in (b"", b"{", b"[" * 100_000, b'{"payloads": 1}', b"\xff"):
        assert server.post(f"/{TOKEN}/decode", content=wrong).status_code == 400
    assert server.get(f"/{TOKEN}/decode").status_code == 405


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"OUTDIAL_PAYLOAD_KEYS": ""}, "OUTDIAL_PAYLOAD_KEYS is not set"),
        ({"OUTDIAL_PAYLOAD_KEYS": "short"}, "OUTDIAL_PAYLOAD_KEYS: each key must have at least 32 characters"),
        ({"OUTDIAL_CODEC_TOKEN": "short"}, "OUTDIAL_CODEC_TOKEN must have at least 32"),
        ({"OUTDIAL_CODEC_TOKEN": "/" * 40}, "OUTDIAL_CODEC_TOKEN must have at least 32"),
        ({"OUTDIAL_TEMPORAL_UI_URL": ""}, "OUTDIAL_TEMPORAL_UI_URL must be the web UI's address"),
        ({"OUTDIAL_CODEC_TOKN": TOKEN}, "OUTDIAL_CODEC_TOKN is no setting. Did you mean OUTDIAL_CODEC_TOKEN?"),
    ],
)
def test_a_wrong_setting_has_a_sentence(changed: dict[str, str], sentence: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "codec_server"],
        env=environment(**changed),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 2
    assert sentence in ended.stderr

"""`python -m codec_server`: decrypts what Temporal's web UI and command line show, for whoever has the token.

The remote data encoding of docs.temporal.io/dataconversion#codec-server: POST …/decode and …/encode. The web UI sends
no token of our making, so the address that is entered there ends with it; `temporal --codec-auth` sends a header.
"""

import hmac
import logging

import uvicorn
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from domain.requests.origins import origin_of
from settings import Settings
from startup import CannotStart, exit_with, load_codec_settings
from telemetry.logging import configure_logging
from workflows.payload_encryption import PayloadEncryption, UndecodablePayload

MAX_BODY_BYTES = 16 * 2**20  # a history's page is 4 MB, in base64 and JSON at most twice that
MAX_REQUESTS = 64  # at once
GRACE_SECONDS = 5
HEADERS = ["authorization", "content-type", "x-namespace"]  # what the web UI sends
MAX_AGE_SECONDS = 600

logger = logging.getLogger("codec_server")


class Refused(Exception):
    """`status` and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class CodecServer:
    """The two questions, for requests that have the token."""

    def __init__(self, encryption: PayloadEncryption, token: str) -> None:
        self._encryption = encryption
        self._token = token.encode()

    async def decode(self, request: Request) -> Response:
        """What none of our keys opens is answered as it is: the page shows which key it was."""
        payloads = await self._read(request)
        return _answer([self._open(payload) for payload in payloads])

    async def encode(self, request: Request) -> Response:
        """For inputs and signals that people send by hand."""
        return _answer(await self._encryption.encode(await self._read(request)))

    def _open(self, payload: Payload) -> Payload:
        try:
            return self._encryption.decrypt(payload)
        except UndecodablePayload as error:
            logger.warning("%s", error)
            return payload

    async def _read(self, request: Request) -> list[Payload]:
        self._authorize(request)
        try:
            return list(Parse(await _read_body(request), Payloads()).payloads)
        except (ParseError, UnicodeDecodeError, RecursionError):
            raise Refused(400, "The body is no JSON of temporal.api.common.v1.Payloads.") from None

    def _authorize(self, request: Request) -> None:
        header = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = request.path_params.get("token") or header
        if not hmac.compare_digest(given.encode(errors="surrogatepass"), self._token):
            raise Refused(401, "The address must end with the token, or a header `Authorization: Bearer …` have it.")


def create_app(encryption: PayloadEncryption, token: str, origin: str) -> Starlette:
    """The server's application; `origin`: whose pages may read answers, as browsers write it."""
    server = CodecServer(encryption, token)
    routes = [
        Route(f"{prefix}/{name}", endpoint, methods=["POST"])
        for prefix in ("", "/{token}")
        for name, endpoint in (("decode", server.decode), ("encode", server.encode))
    ]
    cors = Middleware(
        CORSMiddleware,
        allow_origins=[origin],
        allow_methods=["POST"],
        allow_headers=HEADERS,
        allow_credentials=True,  # the web UI may be set to send cookies; nobody reads them
        max_age=MAX_AGE_SECONDS,
    )
    return Starlette(
        routes=[*routes, Route("/healthz", _health)], middleware=[cors], exception_handlers={Refused: _refuse}
    )


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise Refused(413, f"More than {MAX_BODY_BYTES} bytes.")
    except ClientDisconnect:
        raise Refused(400, "The body did not come whole.") from None
    return bytes(body)


def _answer(payloads: list[Payload]) -> Response:
    return Response(MessageToJson(Payloads(payloads=payloads), indent=None), media_type="application/json")


async def _refuse(_request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, Refused) else 500
    return JSONResponse({"error": str(error)}, status)


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


def _serve(settings: Settings) -> None:
    encryption = PayloadEncryption.from_setting(settings.payload_keys.get_secret_value())
    assert encryption is not None  # noqa: S101  load_codec_settings
    app = create_app(encryption, settings.codec_token.get_secret_value(), origin_of(settings.temporal_ui_url))
    config = uvicorn.Config(
        app,
        host=settings.codec_host,
        port=settings.codec_port,
        access_log=False,  # its lines would have the token
        log_config=None,
        server_header=False,
        limit_concurrency=MAX_REQUESTS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    uvicorn.Server(config).run()


def main() -> None:
    """The process, from its settings to its end."""
    configure_logging(logging.getLevelName(logging.INFO))  # before the settings are known
    try:
        settings = load_codec_settings()
    except CannotStart as reasons:
        exit_with(reasons)
    configure_logging(settings.log_level, settings.log_format)
    _serve(settings)


if __name__ == "__main__":
    main()

"""The API as the command line sees it: the client package, and its errors as sentences and exit codes."""

import sys
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import typer
from outdial_client import ApiError, NotConfigured, Outdial, OutdialError, Upload, find_access
from outdial_client.access import KEY_SOURCES, LOCAL_API
from rich.console import Console
from rich.markup import escape

from cli.errors import ExitCode, Failure
from cli.flag_names import say_field, say_flags
from cli.options import STANDARD_INPUT

DETAILS_SHOWN = 10

Url = Annotated[
    str | None,
    typer.Option("--url", envvar="OUTDIAL_URL", help=f"Where the API answers; else the profile's, else {LOCAL_API}."),
]
Key = Annotated[str | None, typer.Option("--key", envvar="OUTDIAL_KEY", help="An API key; else the profile's.")]
ProfileName = Annotated[
    str | None,
    typer.Option("--profile", envvar="OUTDIAL_PROFILE", help="Which profile; else the current one."),
]
NO_KEY = f"A key is needed: --key, {KEY_SOURCES}."


class Api:
    """A key's view of the API. Use it as a context manager."""

    def __init__(self, url: str, key: str | None, caller: str | None = None) -> None:
        self._url = url
        self._key = key
        self.caller = caller  # the number that calls where a command names none

    @classmethod
    def from_options(cls, key: Key = None, url: Url = None, profile: ProfileName = None) -> Self:
        access = find_access(key, url, profile)
        return cls(access.url, access.key, access.caller)

    @cached_property
    def client(self) -> Outdial:
        """Made for the first request: a command that asks the database needs no key. Raises AccessError."""
        if self._key is None:
            raise NotConfigured(NO_KEY)
        return Outdial(self._key, self._url, user_agent="outdial-cli", on_retry=_say_retry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if "client" in vars(self):
            self.client.close()


def upload(file: Path) -> Upload:
    """A contact file, or what stands on standard input. Raises Failure."""
    try:
        return Upload(sys.stdin.buffer.read(), file.name) if file == STANDARD_INPUT else Upload.read(file)
    except OSError:
        raise Failure(f"{file} cannot be read.") from None


def as_failure(error: OutdialError) -> Failure:
    """How a command ends that the API did not answer as it should."""
    if isinstance(error, NotConfigured):
        return Failure(str(error), ExitCode.USAGE)
    code = ExitCode.UNAVAILABLE if error.passing else ExitCode.FAILED
    return Failure(sentence(error), code)


def sentence(error: OutdialError) -> str:
    """What happened; of a refusal the fields and rows to blame too, where they are several."""
    if not isinstance(error, ApiError):
        return str(error)
    shown = [_detail(detail) for detail in error.details[:DETAILS_SHOWN]]
    if len(shown) <= 1:  # the sentence says it all
        shown = []
    elif len(error.details) > DETAILS_SHOWN:
        shown.append(f"  … and {len(error.details) - DETAILS_SHOWN} more")
    return "\n".join([f"{say_flags(error.message)} ({error.code})", *shown])


def _detail(detail: Any) -> str:
    if not isinstance(detail, dict):
        return f"  {detail}"
    places = (
        say_field(detail[name]) if name == "field" else f"{name} {detail[name]}"
        for name in ("field", "path", "row", "index", "column")
        if detail.get(name)
    )
    return f"  {', '.join(places)}: {detail.get('reason')}"


def _say_retry(error: OutdialError, seconds: float) -> None:
    first = sentence(error).partition("\n")[0]
    Console(stderr=True).print(f"[yellow]{escape(first)} Trying again in {seconds:.0f} s.[/]", soft_wrap=True)

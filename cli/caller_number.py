"""`--from`: an id, a number, else the profile's, else the only one that the organization can call from."""

from typing import Any

from outdial_client.models import PhoneNumberView

from cli.client import Api
from cli.errors import ExitCode, Failure

MAX_NUMBERS = 100
FIELD = "fromPhoneNumberId"


def with_caller(api: Api, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the id of the number to call from. Raises Failure where it cannot be told."""
    written = settings.get(FIELD) or api.caller
    if written is not None and not written.startswith("+"):
        return settings | {FIELD: written}
    return settings | {FIELD: _only(api) if written is None else _find(api, written)}


def _find(api: Api, number: str) -> str:
    digits = "".join(filter(str.isdigit, number))
    for one in _list(api, digits):
        if one.number == f"+{digits}":
            return one.id
    raise Failure(f"{number} is none of the organization's numbers: see `outdial number list`.")


def _only(api: Api) -> str:
    usable = [one for one in _list(api) if one.outbound_agent_id]
    if len(usable) == 1:
        return usable[0].id
    if not usable:
        raise Failure("No number has an agent, so that nobody can be called: see `outdial number list`.")
    numbers = ", ".join(one.number for one in usable[:5]) + (" …" if len(usable) > 5 else "")
    raise Failure(f"Say which number to call from: --from {numbers}", ExitCode.USAGE)


def _list(api: Api, search: str | None = None) -> list[PhoneNumberView]:
    return api.client.list_phone_numbers(search=search, page_size=MAX_NUMBERS).phone_numbers

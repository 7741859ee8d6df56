"""What Temporal's client reads of the environment, and what is wrong with it before anybody connects."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from temporalio.envconfig import ClientConfig

PREFIX = "TEMPORAL_"
ADDRESS = "TEMPORAL_ADDRESS"
CONFIG_FILE = "TEMPORAL_CONFIG_FILE"
SWITCHES = ("TEMPORAL_TLS", "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION")
# But for headers (TEMPORAL_GRPC_META_…): docs.temporal.io/develop/environment-configuration
VARIABLES = frozenset(
    {
        *(ADDRESS, "TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_PROFILE", CONFIG_FILE, *SWITCHES),
        *("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_DATA"),
        *("TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_CLIENT_KEY_DATA"),
        *("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_DATA", "TEMPORAL_TLS_SERVER_NAME"),
    }
)
HOST_AND_PORT = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>\d{1,5})")
SWITCH = re.compile(r"true|false|1|0|", re.IGNORECASE)  # whatever else is said is not heard
MAX_PORT = 65535
SIMILAR = 0.75  # of 1, without the prefix: a name that is so near to another was meant to be that one


def find_wrong_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each. Files that are named are read."""
    for name in sorted(name for name in environment if name.startswith(PREFIX) and name not in VARIABLES):
        meant = find_meant(name, VARIABLES, PREFIX)
        if meant is not None:
            yield f"{name} is no setting of Temporal's client. Did you mean {meant}?"
    address = environment.get(ADDRESS, "")
    if address and not _is_address(address):
        yield f"{ADDRESS} is {address!r}; it must look like temporal.example.com:7233."
    for name in SWITCHES:
        if not SWITCH.fullmatch(environment.get(name, "")):
            yield f"{name} must be true or false."
    file = environment.get(CONFIG_FILE, "")
    if file and not os.access(file, os.R_OK):
        yield f"{CONFIG_FILE}: {file} cannot be read."
        return
    unreadable = [name for name in sorted(VARIABLES) if name.endswith("_PATH") and _is_missing(environment.get(name))]
    yield from (f"{name}: {environment[name]} cannot be read." for name in unreadable)
    if not unreadable:
        yield from _unusable(environment)


def find_meant(name: str, known: Iterable[str], prefix: str) -> str | None:
    """The known name that a mistyped one was meant to be; all begin with the prefix."""
    short = {each.removeprefix(prefix): each for each in known}
    nearest = difflib.get_close_matches(name.removeprefix(prefix), short, n=1, cutoff=SIMILAR)
    return short[nearest[0]] if nearest else None


def _unusable(environment: Mapping[str, str]) -> Iterator[str]:
    try:
        ClientConfig.load_client_connect_config(override_env_vars=dict(environment))
    except (RuntimeError, ValueError, OSError) as error:
        yield f"Temporal's configuration (TEMPORAL_PROFILE, {CONFIG_FILE}, TEMPORAL_TLS_…) is wrong: {error}."


def _is_address(address: str) -> bool:
    found = HOST_AND_PORT.fullmatch(address)
    return found is not None and 0 < int(found["port"]) <= MAX_PORT


def _is_missing(path: str | None) -> bool:
    return bool(path) and not (Path(str(path)).is_file() and os.access(str(path), os.R_OK))

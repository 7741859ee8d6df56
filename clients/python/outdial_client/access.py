"""Where the API answers and with which key: what is given, else the environment's, else a profile's."""

from collections.abc import Mapping
from dataclasses import dataclass

from outdial_client.errors import AccessError, NotConfigured
from outdial_client.profiles import Profiles

LOCAL_API = "http://127.0.0.1:8000"
KEY, URL, PROFILE = "OUTDIAL_KEY", "OUTDIAL_URL", "OUTDIAL_PROFILE"  # of the environment
KEY_SOURCES = f"{KEY}, or a profile (`outdial profile set NAME --url URL`; `outdial up` writes one)"


@dataclass(frozen=True)
class Access:
    """`key`: None where there is none for this address. `caller`: the number that calls where nothing names one."""

    url: str
    key: str | None
    caller: str | None = None


def find_access(key: str | None = None, url: str | None = None, profile: str | None = None) -> Access:
    """What is given, and the rest of the named or current profile. A profile's key goes to its own address only.

    Raises AccessError.
    """
    if key is not None and profile is None:
        return Access(url or LOCAL_API, key)
    found = Profiles.read().find(profile)
    if found is None:
        return Access(url or LOCAL_API, key)
    if key is None and url is not None and url.rstrip("/") != found.url:
        return Access(url, None)
    return Access(url or found.url, key or found.key, found.caller)


def access_from(environment: Mapping[str, str], profile: str | None = None) -> Access:
    """What OUTDIAL_KEY, OUTDIAL_URL and OUTDIAL_PROFILE say; a named `profile` wins. Raises AccessError."""
    return find_access(
        environment.get(KEY) or None, environment.get(URL) or None, profile or environment.get(PROFILE) or None
    )


def clean_key(key: str | None) -> str:
    """Without what a file or a clipboard leaves around it. Raises AccessError where something is left within."""
    if key is None:
        raise NotConfigured(f"A key is needed: {KEY_SOURCES}.")
    clean = key.strip()
    if not clean or not clean.isascii() or not clean.isprintable() or " " in clean:
        raise AccessError(f"The API key ({KEY}) is empty, or holds blanks or characters that no key has.")
    return clean

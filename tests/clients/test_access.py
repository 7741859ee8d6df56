"""With which key the client speaks to which address, and what it says where it cannot."""

import stat
from pathlib import Path

import httpx
import pytest
from outdial_client import AccessError, AsyncOutdial, NoAnswer, NotConfigured, Outdial, Profile, Profiles
from outdial_client.errors import connection_error

from tests.api.client import Served, Tenant


@pytest.fixture(autouse=True)
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("OUTDIAL_KEY", "OUTDIAL_URL", "OUTDIAL_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "outdial" / "profiles.json"
    monkeypatch.setenv("OUTDIAL_PROFILES", str(path))
    return path


async def test_a_program_needs_nothing_but_the_profile_of_the_command_line(
    served: Served, tenant: Tenant, profiles: Path
) -> None:
    mine = Profile(url=served.url, key=tenant.owner, caller="phone_7")
    Profiles.read().saved("mine", mine, use=False).write()
    assert stat.S_IMODE(profiles.stat().st_mode) == 0o600
    assert tenant.owner not in repr(Profiles.read())
    with Outdial.from_environment() as outdial:
        assert (outdial.list_batch_jobs().total, outdial.caller) == (0, "phone_7")
    async with AsyncOutdial.from_environment("mine") as other:
        assert (await other.list_batch_jobs()).total == 0


def test_the_environment_wins_and_a_profiles_key_goes_to_its_own_address_only(
    served: Served, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    Profiles.read().saved("mine", Profile(url="http://127.0.0.1:9", key="od_other"), use=True).write()
    monkeypatch.setenv("OUTDIAL_URL", served.url)
    with pytest.raises(NotConfigured, match="A key is needed: OUTDIAL_KEY, or a profile"):
        Outdial.from_environment()
    monkeypatch.setenv("OUTDIAL_KEY", f" {tenant.owner}\r\n")
    with Outdial.from_environment() as outdial:
        assert outdial.list_batch_jobs().total == 0


def test_what_cannot_be_used_is_said_before_anything_is_sent(profiles: Path) -> None:
    with pytest.raises(NotConfigured, match="There is no profile other"):
        Outdial.from_environment("other")
    for key in ("od_a\r\nb", "od a", " ", "od_ü"):
        with pytest.raises(AccessError, match="OUTDIAL_KEY"):
            Outdial(key, "http://127.0.0.1:9")
    for url in ("http://127.0.0.1:port", "http://\x00"):
        with pytest.raises(AccessError, match="is no address of an API"):
            Outdial("od_a", url)
    with Outdial("od_a", "127.0.0.1:9") as outdial, pytest.raises(AccessError, match="begins with http"):
        outdial.list_agents()
    profiles.parent.mkdir()
    profiles.write_text("{")
    with pytest.raises(AccessError, match="cannot be read"):
        Outdial.from_environment()


def test_a_certificate_that_cannot_be_verified_is_told_from_an_api_that_is_away() -> None:
    refused = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed")
    error = connection_error(refused, "https://127.0.0.1")
    assert isinstance(error, NoAnswer)
    assert not error.may_be_done
    assert "SSL_CERT_FILE" in str(error)
    assert "Is it running" in str(connection_error(httpx.ConnectTimeout("timed out"), "https://127.0.0.1"))

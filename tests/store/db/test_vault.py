"""What is sealed, and the tokens of calls."""

import pytest

from store.db.vault import Vault
from store.errors import NoSecret, Unreadable

OLD = "o" * 32
NEW = "n" * 32


def test_what_is_sealed_can_be_opened_and_not_read() -> None:
    vault = Vault.from_setting(OLD)

    sealed = vault.seal('{"authToken": "hush"}')

    assert "hush" not in sealed
    assert vault.open(sealed) == '{"authToken": "hush"}'
    assert vault.seal("hush") != vault.seal("hush")


def test_a_new_secret_in_front_still_opens_what_the_old_one_sealed() -> None:
    sealed = Vault.from_setting(OLD).seal("hush")

    assert Vault.from_setting(f"{NEW}, {OLD}").open(sealed) == "hush"
    assert Vault.from_setting(NEW).open(Vault.from_setting(f"{NEW},{OLD}").seal("hush")) == "hush"


@pytest.mark.parametrize(
    "sealed", ["", "nonsense", Vault.from_setting(NEW).seal("hush")], ids=["empty", "nonsense", "another"]
)
def test_what_another_secret_sealed_stays_closed(sealed: str) -> None:
    with pytest.raises(Unreadable):
        Vault.from_setting(OLD).open(sealed)


def test_a_call_has_a_token_of_its_own() -> None:
    vault = Vault.from_setting(OLD)

    token = vault.call_token("call_1")

    assert token is not None
    assert len(token) == 43
    assert vault.is_call_token("call_1", token)
    assert not vault.is_call_token("call_2", token)
    assert not Vault.from_setting(NEW).is_call_token("call_1", token)


@pytest.mark.parametrize("token", ["", "x" * 43, "ü", "\udcff", "\0"])
def test_what_was_never_given_is_no_token(token: str) -> None:
    assert not Vault.from_setting(OLD).is_call_token("call_1", token)


def test_tokens_outlive_a_change_of_secrets() -> None:
    token = Vault.from_setting(OLD).call_token("call_1")

    assert token is not None
    assert Vault.from_setting(f"{NEW},{OLD}").is_call_token("call_1", token)
    assert Vault.from_setting(f"{NEW},{OLD}").call_token("call_1") == Vault.from_setting(NEW).call_token("call_1")


@pytest.mark.parametrize("setting", ["", " ", ","])
def test_without_a_secret_nothing_is_sealed_and_no_token_given(setting: str) -> None:
    vault = Vault.from_setting(setting)

    assert not vault.can_seal
    assert vault.call_token("call_1") is None
    assert not vault.is_call_token("call_1", "")
    with pytest.raises(NoSecret):
        vault.seal("hush")
    with pytest.raises(NoSecret):
        vault.open("hush")


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 characters"):
        Vault.from_setting(f"{OLD},short")

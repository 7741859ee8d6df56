"""The accounts that calls go through: one for each carrier that a process is set up with, and those of single numbers.

An account's id is its carrier's name, or that name, `_` and what tells it from others: then it has settings of its own,
which are looked up for each request, so that a change holds in every process at once.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from carriers import (
    Absent,
    CannotTell,
    Carrier,
    CarrierAway,
    CarrierError,
    CarrierRefused,
    EventRequest,
    Gone,
    Health,
    NotPlaced,
    SearchOrder,
    Traits,
)
from carriers.number_settings import ForNumbers
from carriers.unconfigured import Missing
from domain.calls.models import CallOrder, CallReport

Settings = Mapping[str, Any]
SettingsOf = Callable[[str], Awaitable[Settings | None]]
Build = Callable[[Settings], Carrier]

NO_SETTINGS = "The settings of this number's carrier account cannot be read: send them again."
NOT_NOW = "The settings of the number's carrier account could not be read just now."


class CarrierAccounts(Mapping[str, Carrier]):
    """By account id; for one that is not set up here, a stand-in that refuses all work.

    `builders`, by carrier, make an adapter of an account's own settings, unless the shared one serves it too.
    """

    def __init__(self, shared: Mapping[str, Carrier], settings_of: SettingsOf, builders: Mapping[str, Build]) -> None:
        self._shared = shared
        self._settings_of = settings_of
        self._builders = builders
        self._own: dict[str, OwnAccount] = {}

    def __getitem__(self, account: str) -> Carrier:
        if account in self._shared:
            return self._shared[account]
        try:
            return self._own.setdefault(account, self._own_account(account))
        except KeyError:
            return Missing(account)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shared)

    def __len__(self) -> int:
        return len(self._shared)

    async def opened(self, account: str) -> Carrier | None:
        """What reads the events of an account, None where there is none. Raises what looking it up raises.

        Anybody may ask: an account that does not exist leaves nothing behind.
        """
        if account in self._shared:
            return self._shared[account]
        try:
            own = self._own.get(account) or self._own_account(account)
            opened = await own.opened()
        except (KeyError, CarrierRefused):
            return None
        self._own.setdefault(account, own)
        return opened

    async def close(self) -> None:
        """Give back all connections."""
        for carrier in [*self._own.values(), *self._shared.values()]:
            await carrier.close()

    def _own_account(self, account: str) -> "OwnAccount":
        carrier, separator, _ = account.partition("_")
        if not separator:
            raise KeyError(account)
        like = self._shared.get(carrier) or Missing(carrier)  # single numbers may have what the process has not
        build = like.with_settings if isinstance(like, ForNumbers) else self._builders[carrier]
        return OwnAccount(account, like, self._settings_of, build)


class OwnAccount:
    """A carrier with the settings that one number has, as they are now."""

    def __init__(self, account: str, like: Carrier, settings_of: SettingsOf, build: Build) -> None:
        self._account = account
        self._like = like
        self._settings_of = settings_of
        self._build = build
        self._settings: Settings | None = None
        self._carriers: list[Carrier] = []  # the last one is used; requests on the others may not have ended

    @property
    def name(self) -> str:
        return self._like.name

    @property
    def traits(self) -> Traits:
        return self._like.traits

    async def opened(self) -> Carrier:
        """The adapter for the settings as they are now. Raises CarrierRefused where there are none."""
        settings = await self._settings_of(self._account)
        if settings is None:
            raise CarrierRefused(NO_SETTINGS)
        if settings != self._settings:
            self._carriers.append(self._build(settings))
            self._settings = settings
        return self._carriers[-1]

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        """Ask for a call. See `carriers.Carrier`."""
        carrier = await self._for(NotPlaced)
        return await carrier.place(order, callback_url=callback_url, send_before=send_before)

    async def fetch(self, call_id: str) -> CallReport | Gone:
        """Ask how a call stands."""
        return await (await self._for(CarrierAway)).fetch(call_id)

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        """Look for a call whose id was lost."""
        return await (await self._for(CarrierAway)).find(order)

    async def hang_up(self, call_id: str) -> None:
        """End a call."""
        await (await self._for(CarrierAway)).hang_up(call_id)

    def read_event(self, request: EventRequest) -> CallReport:
        """Check a callback's signature and read it, once the account was `opened`."""
        return self._carriers[-1].read_event(request)

    async def health(self) -> Health:
        """Ask the carrier for something harmless."""
        try:
            return await (await self._for(CarrierAway)).health()
        except CarrierError as error:
            return Health(ok=False, detail=str(error))

    async def close(self) -> None:
        """Give back its connections."""
        for carrier in self._carriers:
            await carrier.close()

    async def _for(self, otherwise: type[CarrierError]) -> Carrier:
        """The adapter. Where settings cannot be looked up nothing was sent, and nothing is known of the account."""
        try:
            return await self.opened()
        except CarrierError:
            raise
        except Exception as error:
            raise otherwise(NOT_NOW) from error

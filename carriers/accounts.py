"""Carrier accounts: one for each carrier that a process is set up with, and those of single numbers.

An account's id is its carrier's name, or that name, `_` and what tells it from others: then it has settings of its own,
which are looked up for each request, so that a change holds in every process at once.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
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
    NotSetUp,
    SearchOrder,
    TooLate,
    Traits,
    list_calls,
)
from carriers.calling_off import call_off
from carriers.erasing import Erasing
from carriers.number_settings import SupportsNumberSettings
from carriers.unconfigured import UnconfiguredCarrier
from domain.calls.models import CallOrder, CallReport, PlacedCall

Settings = Mapping[str, Any]
LoadSettings = Callable[[str], Awaitable[Settings | None]]
BuildCarrier = Callable[[Settings], Carrier]

NO_SETTINGS = "The settings of this number's carrier account cannot be read: send them again."
UNAVAILABLE_SETTINGS = "The settings of the number's carrier account could not be read just now."


class CarrierAccounts(Mapping[str, Carrier]):
    """By account id; for one that is not set up here, an `UnconfiguredCarrier`.

    `builders`, by carrier, build an adapter from an account's own settings, unless the shared one serves it too.
    """

    def __init__(
        self, shared: Mapping[str, Carrier], load_settings: LoadSettings, builders: Mapping[str, BuildCarrier]
    ) -> None:
        self._shared = shared
        self._load_settings = load_settings
        self._builders = builders
        self._of_numbers: dict[str, NumberAccount] = {}

    def __getitem__(self, account: str) -> Carrier:
        if account in self._shared:
            return self._shared[account]
        try:
            return self._of_numbers.setdefault(account, self._number_account(account))
        except KeyError:
            return UnconfiguredCarrier(account)

    def __iter__(self) -> Iterator[str]:
        return iter(self._shared)

    def __len__(self) -> int:
        return len(self._shared)

    def is_own(self, account: str) -> bool:
        """Whether its secrets are those of a number, and so of the organization that set them, not the service's."""
        return account not in self._shared

    async def resolve(self, account: str) -> Carrier | None:
        """What reads the events of an account, None where there is none. Raises what looking it up raises.

        Anybody may ask: an account that does not exist leaves nothing behind.
        """
        if account in self._shared:
            return self._shared[account]
        try:
            own = self._of_numbers.get(account) or self._number_account(account)
            current = await own.current()
        except (KeyError, CarrierRefused):
            return None
        self._of_numbers.setdefault(account, own)
        return current

    async def find_erasing(self, account: str) -> Erasing | None:
        """What deletes the calls of an account; None where its carrier deletes nothing.

        Raises CarrierRefused where it has no settings, and what looking them up raises.
        """
        carrier = self[account]
        current = await carrier.current() if isinstance(carrier, NumberAccount) else carrier
        if isinstance(current, UnconfiguredCarrier):
            raise NotSetUp(NO_SETTINGS)
        return current if isinstance(current, Erasing) else None

    async def close(self) -> None:
        """Close all connections."""
        for carrier in [*self._of_numbers.values(), *self._shared.values()]:
            await carrier.close()

    def _number_account(self, account: str) -> "NumberAccount":
        carrier, separator, _ = account.partition("_")
        if not separator:
            raise KeyError(account)
        shared = self._shared.get(carrier) or UnconfiguredCarrier(carrier)  # a number may have what the process has not
        build = shared.with_settings if isinstance(shared, SupportsNumberSettings) else self._builders[carrier]
        return NumberAccount(account, shared, self._load_settings, build)


class NumberAccount:
    """A carrier with the settings that a number has at the moment."""

    def __init__(self, account: str, shared: Carrier, load_settings: LoadSettings, build: BuildCarrier) -> None:
        self._account = account
        self._shared = shared
        self._load_settings = load_settings
        self._build = build
        self._settings: Settings | None = None
        self._carriers: list[Carrier] = []  # the last one is used; requests on the others may be open

    @property
    def name(self) -> str:
        return self._shared.name

    @property
    def traits(self) -> Traits:
        return self._shared.traits

    async def current(self) -> Carrier:
        """The adapter for the settings as they are now. Raises CarrierRefused where there are none."""
        settings = await self._load_settings(self._account)
        if settings is None:
            raise NotSetUp(NO_SETTINGS)
        if settings != self._settings:
            self._carriers.append(self._build(settings))
            self._settings = settings
        return self._carriers[-1]

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        """Ask for a call. See `carriers.Carrier`."""
        carrier = await self._current_or(TooLate)  # it is ours that does not answer, not the carrier
        return await carrier.place(order, callback_url=callback_url, send_before=send_before)

    async def fetch(self, call_id: str) -> CallReport | Gone:
        """Ask for a call's state."""
        return await (await self._current_or(CarrierAway)).fetch(call_id)

    async def find(self, order: SearchOrder) -> CallReport | Absent | CannotTell:
        """Find a call whose id was lost."""
        return await (await self._current_or(CarrierAway)).find(order)

    async def list_calls(self, from_numbers: Collection[str], since: datetime) -> Sequence[PlacedCall] | CannotTell:
        """The calls that it was asked for. See `carriers.Listing`."""
        return await list_calls(await self._current_or(CarrierAway), from_numbers, since)

    async def hang_up(self, call_id: str) -> None:
        """End a call."""
        await (await self._current_or(CarrierAway)).hang_up(call_id)

    async def call_off(self, call_id: str) -> None:
        """End a call unless it was answered."""
        await call_off(await self._current_or(CarrierAway), call_id)

    def read_event(self, request: EventRequest) -> CallReport:
        """Check a callback's signature and read it, once the account was resolved."""
        return self._carriers[-1].read_event(request)

    async def health(self) -> Health:
        """Ask the carrier for something harmless."""
        try:
            return await (await self._current_or(CarrierAway)).health()
        except CarrierError as error:
            return Health(ok=False, detail=str(error))

    async def close(self) -> None:
        """Close its connections."""
        for carrier in self._carriers:
            await carrier.close()

    async def _current_or(self, unavailable: type[CarrierError]) -> Carrier:
        """The adapter. Raises `unavailable` where settings cannot be looked up: nothing was sent to the carrier."""
        try:
            return await self.current()
        except CarrierError:
            raise
        except Exception as error:
            raise unavailable(UNAVAILABLE_SETTINGS) from error

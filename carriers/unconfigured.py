"""A carrier that this process does not have, though a number is given it or a call was placed through it."""

from typing import NoReturn

from carriers import (
    BadSignature,
    CarrierRefused,
    EventRequest,
    Health,
    Idempotency,
    Push,
    Search,
    SearchOrder,
    Traits,
)
from domain.calls.models import CallOrder, CallReport


class Missing:
    """Refuses what a person must mend: the carrier is set up in no process, or not in this one."""

    traits = Traits(idempotency=Idempotency.NONE, search=Search.NONE, push=Push.NONE)

    def __init__(self, name: str) -> None:
        self.name = name

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        self._refuse()

    async def fetch(self, call_id: str) -> NoReturn:
        self._refuse()

    async def find(self, order: SearchOrder) -> NoReturn:
        self._refuse()

    async def hang_up(self, call_id: str) -> None:
        self._refuse()

    def read_event(self, request: EventRequest) -> CallReport:
        raise BadSignature(self._trouble)

    async def health(self) -> Health:
        return Health(ok=False, detail=self._trouble)

    async def close(self) -> None:
        """There is nothing to close."""

    @property
    def _trouble(self) -> str:
        return f"The carrier {self.name} is not set up here; set it up, or give the number another."

    def _refuse(self) -> NoReturn:
        raise CarrierRefused(self._trouble)

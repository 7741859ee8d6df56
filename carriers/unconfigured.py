"""Stands in for a carrier that is not set up here, though a number is given it or a call was placed through it."""

from collections.abc import Collection
from datetime import datetime
from typing import NoReturn

from carriers import (
    BadSignature,
    EventRequest,
    Health,
    Idempotency,
    NotSetUp,
    Push,
    Search,
    SearchOrder,
    Traits,
)
from domain.calls.models import CallOrder, CallReport


class UnconfiguredCarrier:
    """Refuses all work: a person must set the carrier up, in this process or in any."""

    traits = Traits(idempotency=Idempotency.NONE, search=Search.NONE, push=Push.NONE)

    def __init__(self, name: str) -> None:
        self.name = name

    async def place(self, order: CallOrder, *, callback_url: str, send_before: float) -> CallReport:
        self._refuse()

    async def fetch(self, call_id: str) -> NoReturn:
        self._refuse()

    async def find(self, order: SearchOrder) -> NoReturn:
        self._refuse()

    async def list_calls(self, from_numbers: Collection[str], since: datetime) -> NoReturn:
        self._refuse()

    async def hang_up(self, call_id: str) -> None:
        self._refuse()

    def read_event(self, request: EventRequest) -> CallReport:
        raise BadSignature(self._detail)

    async def health(self) -> Health:
        return Health(ok=False, detail=self._detail)

    async def close(self) -> None:
        """There is nothing to close."""

    @property
    def _detail(self) -> str:
        return f"The carrier {self.name} is not set up here; set it up, or give the number another."

    def _refuse(self) -> NoReturn:
        raise NotSetUp(self._detail)

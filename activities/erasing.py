"""What carriers have of persons who were forgotten is deleted there, until each carrier has answered."""

from typing import TYPE_CHECKING, Protocol

from temporalio import activity

from carriers import CarrierError
from carriers.erasing import Erasing
from domain.privacy import CallErasure

if TYPE_CHECKING:
    from store.privacy.forgetting import DueCall, Forgetting


class Accounts(Protocol):
    """`carriers.accounts.CarrierAccounts`."""

    async def find_erasing(self, account: str) -> Erasing | None: ...


class CarrierErasures:
    """For the reconciler: a few calls of each sweep."""

    def __init__(self, forgetting: "Forgetting", accounts: Accounts) -> None:
        self._forgetting = forgetting
        self._accounts = accounts

    async def list_due(self) -> "list[DueCall]":
        return await self._forgetting.list_due_calls()

    async def erase(self, call: "DueCall") -> bool:
        """Have a call's carrier delete it; False where it did not, and is asked again later."""
        try:
            carrier = await self._accounts.find_erasing(call.account)
            if carrier is None:
                await self._forgetting.record_done(call, CallErasure.KEPT_BY_OPERATOR)
                return True
            recordings = await carrier.erase_call(call.call_id)
        except CarrierError as error:  # our own sentences
            activity.logger.warning("call %s: its carrier did not delete it (%s)", call.dial_id, type(error).__name__)
            await self._forgetting.record_failure(call, str(error))
            return False
        await self._forgetting.record_done(call, CallErasure.DELETED, recordings)
        return True

"""To delete what a carrier keeps of a call: its record and its recordings."""

from typing import Protocol, runtime_checkable

from carriers import Carrier


@runtime_checkable
class Erasing(Carrier, Protocol):
    """A carrier that deletes at our request. Of one that is not, the operator deletes: files on a server of his own."""

    async def erase_call(self, call_id: str) -> int:
        """Delete a call that has ended, its recordings first; how many those were.

        Idempotent: what is gone already is no error. Raises CarrierAway, CarrierRefused.
        """
        ...

"""Faults on purpose, by probability or by number: at the start or by `PUT /simulator/faults`."""

from random import Random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Field(default=0.0, ge=0.0, le=1.0)
Seconds = Field(default=0.0, ge=0.0)


class Faults(BaseModel):
    """Each may also be given for single numbers, in `numbers`: there it replaces the general one.

    Probabilities lie in 0 to 1; seconds are real ones, `speed` does not touch them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    callback_lost: float = Probability
    callback_doubled: float = Probability
    callback_late: float = Probability
    callback_late_seconds: float = Field(default=2.0, ge=0.0)
    callback_out_of_order: float = Probability  # it is held back until the call's next one was sent
    callback_before_answer: float = Probability  # the first callback arrives before the create request is answered
    answer_lost: float = Probability  # the call is created, the answer is not sent
    answer_lost_how: Literal["close", "hang", "error"] = "close"  # error: 500, though the call was created
    create_delay_seconds: float = Seconds  # the call is created at once, the answer comes so much later
    hang: float = Probability  # no call is created, no answer sent
    too_many_requests: float = Probability  # 429
    retry_after_seconds: int = Field(default=1, ge=0)  # of the 429 and the 503
    server_error: float = Probability  # 500, no call was created
    unavailable: float = Probability  # 503
    account_refused: Literal[0, 401, 403] = 0  # every request, 20003
    callers_refused: frozenset[str] = frozenset()  # caller ids that the account does not own, 21210
    deletion_unavailable: bool = False  # 503 to whoever deletes calls and recordings
    never_ends: float = Probability  # rings on until it is hung up
    list_lag_seconds: float = Seconds  # until a call is in the list
    numbers: dict[str, "Faults"] = {}

    def of(self, number: str) -> "Faults":
        """The faults that a number meets."""
        own = self.numbers.get(number)
        if own is None:
            return self
        return self.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


def happens(probability: float, *seed: object) -> bool:
    """Draw once: the same for the same seed, so that a run can be repeated."""
    if probability <= 0.0:
        return False
    return probability >= 1.0 or Random(":".join(map(str, seed))).random() < probability  # noqa: S311

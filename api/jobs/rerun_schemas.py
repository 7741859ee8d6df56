"""What the API answers about a job that calls again, and one that tries a call."""

from pydantic import Field

from api.jobs.schemas import Created


class Retried(Created):
    """A new job of the contacts that were not reached."""

    retry_of: str = Field(examples=["batch_0123456789abcdef01234567"])
    reached: int = Field(description="Contacts that were reached before, and are not called again.", examples=[61])
    left_out: int = Field(description="Others that are not called again: `validation.warnings` say why.", examples=[2])


class Tested(Created):
    """A job of one contact, hidden from the list of jobs."""

    test_of: str = Field(examples=["batch_0123456789abcdef01234567"])

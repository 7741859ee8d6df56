"""What Temporal keeps of an error holds no telephone number, whoever raised it."""

from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from workflows.client import connect
from workflows.failures import DATA_CONVERTER

DETAIL = "Key (from_number, to_number)=(+12025550199, +12025550101) already exists."


async def test_messages_traces_and_causes_are_masked() -> None:
    failure = Failure()
    try:
        try:
            raise ValueError(DETAIL)
        except ValueError as error:
            raise ApplicationError(f"not claimed: {DETAIL}") from error
    except ApplicationError as error:
        await DATA_CONVERTER.encode_failure(error, failure)

    kept = failure.SerializeToString().decode(errors="replace")
    assert "20255501" not in kept
    assert "…99, …01" in failure.message
    assert failure.cause.message.startswith("Key")


async def test_the_client_of_api_and_worker_keeps_failures_so() -> None:
    client = await connect("", lazy=True)

    assert client.data_converter.failure_converter_class is DATA_CONVERTER.failure_converter_class

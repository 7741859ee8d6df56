"""A typed client of Outdial's API: `Outdial` blocks, `AsyncOutdial` does not. `models` has what goes in and out."""

from outdial_client import models
from outdial_client.async_operations import AsyncOperations as AsyncOutdial
from outdial_client.calls import Upload
from outdial_client.errors import ApiError, NoAnswer, OutdialError, UnexpectedAnswer
from outdial_client.events import Event
from outdial_client.operations import Operations as Outdial

__all__ = [
    "ApiError",
    "AsyncOutdial",
    "Event",
    "NoAnswer",
    "Outdial",
    "OutdialError",
    "UnexpectedAnswer",
    "Upload",
    "models",
]

"""A typed client of Outdial's API: `Outdial` blocks, `AsyncOutdial` does not. `models` has what goes in and out."""

from outdial_client import models
from outdial_client.access import Access, find_access
from outdial_client.async_operations import AsyncOperations as AsyncOutdial
from outdial_client.base import Model
from outdial_client.calls import Upload
from outdial_client.downloads import save, save_async
from outdial_client.errors import AccessError, ApiError, NoAnswer, NotConfigured, OutdialError, UnexpectedAnswer
from outdial_client.events import Event
from outdial_client.operations import Operations as Outdial
from outdial_client.profiles import Profile, Profiles

__all__ = [
    "Access",
    "AccessError",
    "ApiError",
    "AsyncOutdial",
    "Event",
    "Model",
    "NoAnswer",
    "NotConfigured",
    "Outdial",
    "OutdialError",
    "Profile",
    "Profiles",
    "UnexpectedAnswer",
    "Upload",
    "find_access",
    "models",
    "save",
    "save_async",
]

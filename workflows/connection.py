"""The way to Temporal: one client, set up by Temporal's own environment variables."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig

LOCAL = "localhost:7233"  # where TEMPORAL_ADDRESS says nothing


async def connect(*, lazy: bool = False) -> Client:
    """Connect, or with `lazy` when first asked something. Raises RuntimeError where Temporal cannot be reached."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", LOCAL)
    return await Client.connect(**config, lazy=lazy, data_converter=pydantic_data_converter)

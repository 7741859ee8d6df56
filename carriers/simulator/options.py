"""How the simulator is started: flags, or OUTDIAL_SIMULATOR_* in the environment; flags win."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from carriers.simulator.faults import Faults


class Options(BaseSettings):
    """A carrier that speaks Twilio's Calls API and places no calls."""

    model_config = SettingsConfigDict(
        env_prefix="OUTDIAL_SIMULATOR_",
        frozen=True,
        cli_prog_name="python -m carriers.simulator",
        cli_kebab_case=True,
        cli_hide_none_type=True,
    )

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, description="0 takes a free one")
    database: Path = Field(default=Path("simulator.db"), description="its own SQLite file")
    speed: float = Field(default=1.0, gt=0, description="divides ringing, talk, time limits and queue spacing")
    seed: int = 1
    account_sid: str = "AC" + "51" * 16
    auth_token: str = Field(default="simulator", min_length=1)  # it guards a toy on the loopback interface
    calls_per_second: float = Field(default=10.0, gt=0, description="of the queue, before scaling by the speed")
    faults: Faults = Field(default=Faults(), description="JSON; see the README of carriers/simulator")

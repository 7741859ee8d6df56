"""What is different about a stack in a run: told to its processes by one variable of the environment."""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

VARIABLE = "CHAOS_ALTERATIONS"
ROOT = Path(__file__).parents[2]


class Alterations(BaseModel):
    """Everything may be left as it is."""

    model_config = ConfigDict(frozen=True)

    faults: dict[str, Any] = {}  # of the carrier, which has them again when it was killed
    patience: float | None = None  # seconds, in place of the minute after which a silent carrier is asked
    plant: str | None = None  # a fault of tests/chaos/plants.py
    postgres: Path | None = None  # the database's directory, on a disk of its own
    empty_temporal: Path | None = None  # while this file exists, Temporal starts with nothing
    clock: Path | None = None  # the file that says how far the clocks of the first worker and the API are off
    resolver: Path | None = None  # a resolv.conf for workers and API

    @classmethod
    def of_environment(cls) -> Self:
        return cls.model_validate_json(os.environ.get(VARIABLE, "{}"))

    @property
    def environment(self) -> dict[str, str]:
        return {VARIABLE: self.model_dump_json()}

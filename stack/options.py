"""The settings of `outdial up`."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """The options of `outdial up`; a port of 0 takes a free one."""

    model_config = ConfigDict(frozen=True)

    data_dir: Path = Path(".outdial")
    ready_file: Path | None = None
    api_port: int = Field(default=8000, ge=0, le=65535)
    temporal_port: int = Field(default=7233, ge=0, le=65535)
    ui_port: int = Field(default=8233, ge=0, le=65535)
    carrier_port: int = Field(default=8090, ge=0, le=65535)
    metrics_port: int | None = Field(default=None, ge=0, le=65000)  # of the API's metrics; the workers' are the next
    carrier_url: str | None = None  # by which the workers reach the carrier; None: the simulator's own
    speed: float = Field(default=60.0, gt=0)
    seed: int = 1
    workers: int = Field(default=1, ge=1)
    agent: bool = False  # the example agent answers the calls of the demo's first number
    codec: bool = False  # from now on Temporal keeps payloads encrypted; a codec server decrypts them for its web UI
    rebind: bool = False  # the database to a Temporal that does not know its jobs

    @property
    def metrics_ports(self) -> list[int]:
        """Of the API and each worker; none where no metrics are served."""
        first = self.metrics_port
        return [] if first is None else [first + number if first else 0 for number in range(1 + self.workers)]

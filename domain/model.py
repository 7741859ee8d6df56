"""The base of every model: frozen."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A value. Fields are added with defaults, never renamed or reordered: old histories hold old values."""

    model_config = ConfigDict(frozen=True)

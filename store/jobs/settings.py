"""A job's settings as columns of its row: whatever reads or writes all of them takes the list from here."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from domain.jobs.settings import JobSettings
from domain.model import Model
from store.tables import batch_jobs

_NAMES = {"from_phone_number_id": "phone_number_id"}  # columns that are not named as their setting
COLUMNS = {
    name: batch_jobs.c[_NAMES.get(name, name)]
    for name in JobSettings.model_fields
    if name not in {"on_overlap", "overlap_days"}  # what was done about overlaps is in the job's report
}
SELECTED = tuple(column.label(name) for name, column in COLUMNS.items())


def as_columns(settings: JobSettings, names: Iterable[str] = tuple(COLUMNS)) -> dict[str, Any]:
    """The values of these settings as they are stored, by the names of their columns."""
    return {COLUMNS[name].name: _as_stored(getattr(settings, name)) for name in names}


def _as_stored(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return value.model_dump(mode="json") if isinstance(value, Model) else value

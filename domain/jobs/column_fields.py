"""The fields that say which columns of the contacts have a meaning."""

from domain.model import Model
from domain.requests.limits import MAX_FIELDS
from domain.requests.raw_values import RawValues

NAMING_FIELDS = frozenset({"phoneColumn", "timezoneColumn", "notBeforeColumn", "externalIdColumn", "requiredFields"})
MAX_NAME_LENGTH = 1000  # characters of the name of a column


class NamedColumns(Model):
    """The columns, in JSON the keys, that the request names. None: none has that meaning; `phone`: the usual one."""

    phone: str | None = None
    timezone: str | None = None
    not_before: str | None = None
    external_id: str | None = None
    required: tuple[str, ...] = ()


def read_named_columns(values: RawValues) -> NamedColumns:
    """Read the fields; what is wrong is noted in `values`."""
    return NamedColumns(
        phone=_name(values, "phoneColumn"),
        timezone=_name(values, "timezoneColumn"),
        not_before=_name(values, "notBeforeColumn"),
        external_id=_name(values, "externalIdColumn"),
        required=values.texts("requiredFields", MAX_FIELDS),
    )


def _name(values: RawValues, field: str) -> str | None:
    given = values.given(field) is not None
    return values.required_text(field, longest=MAX_NAME_LENGTH) or None if given else None

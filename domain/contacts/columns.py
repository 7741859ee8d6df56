"""The first row of a contact file: the names of its columns."""

import re
from collections.abc import Iterator, Sequence
from itertools import count

from domain.contacts.named_columns import NamedColumns
from domain.errors import InvalidCsv, InvalidRequest, MissingPhoneColumn
from domain.model import Model
from domain.phone.marks import strip_marks
from domain.requests.limits import quoted

KNOWN_COLUMNS = frozenset({"phone", "name"})  # in any letter case; all others are as they are written
LIKELY_COLUMNS = frozenset(  # letters and digits alone; what exports of address books and of customers call it
    {"phonenumber", "phoneno", "phone1", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone", "telephone"}
    | {"telephonenumber", "tel", "number", "msisdn", "contactnumber", "telefon", "telefono", "teléfono", "téléphone"}
)
NO_NAMES = NamedColumns()
MUST_HOLD_NAMES = "the first row must hold column names"

_NUMBER = re.compile(r"'?[+\-(]?[0-9][0-9\s().,/\-]*(?:[eE]\+?[0-9]+)?")
_PHONE_DIGITS = 7  # a name of a column hardly ever is a number this long
_NAMES_SHOWN = 10


class Columns(Model):
    """The columns of a file: `phone` is the name of the one that holds the numbers, `named` are those found."""

    names: tuple[str, ...]
    phone: str
    named: NamedColumns = NamedColumns()
    warnings: Sequence[str] = ()

    def name_cells(self, cells: Sequence[str]) -> dict[str, str]:
        """The whole row under its names, as written and in order, without cells past the last name."""
        return dict(zip(self.names, cells, strict=False))

    def find_index(self, name: str | None) -> int | None:
        """Counted from 0; None: no column has that name."""
        return self.names.index(name) if name in self.names else None


def is_phone_header(header: str, phone: str | None) -> bool:
    """Whether a column of that name holds the numbers; `phone`: the name that the request gives, None: the usual."""
    return _find_name(phone or "phone", (header,)) is not None


def read_columns(cells: Sequence[str], named: NamedColumns = NO_NAMES) -> Columns:
    """Read the header row. Raises InvalidCsv, MissingPhoneColumn, InvalidRequest (a named column is not there)."""
    written = [strip_marks(cell) for cell in cells]
    if not any(written):
        raise InvalidCsv(f"Row 1 cannot be read as column names: {MUST_HOLD_NAMES}.")
    _refuse_doubled(written, named)
    names = _make_unique(written)
    phone = _find_name(named.phone or "phone", names)
    if phone is None and _holds_numbers(written):
        raise InvalidCsv(f"Row 1 holds numbers: {MUST_HOLD_NAMES}, one of them `phone`.")
    if phone is None:
        raise _missing_phone_error(names, named.phone)
    return Columns(
        names=names, phone=phone, named=_resolve_names(named, names), warnings=list(_warn_of_made_names(written, names))
    )


def _find_name(name: str, names: Sequence[str]) -> str | None:
    """The column of that name, as the file writes it."""
    if name in names:
        return name
    lower = name.lower()
    return next((other for other in names if other.lower() == lower), None) if lower in KNOWN_COLUMNS else None


def _missing_phone_error(names: Sequence[str], asked: str | None) -> MissingPhoneColumn:
    if asked is None:
        meant = next((name for name in names if _squeezed(name) in LIKELY_COLUMNS), None)
        hint = "" if meant is None else f" Did you mean `phoneColumn` to be {quoted(meant)}?"
        return MissingPhoneColumn(f"The file has no `phone` column.{hint} {_quote_first_row(names)}")
    reason = "names a column that the file does not have"
    return MissingPhoneColumn(
        f"phoneColumn {reason}: {quoted(asked)}. {_quote_first_row(names)}",
        [{"field": "phoneColumn", "reason": reason}],
    )


def _squeezed(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _resolve_names(named: NamedColumns, names: Sequence[str]) -> NamedColumns:
    """The same columns as the file writes them. Raises InvalidRequest."""
    asked = {
        "timezoneColumn": named.timezone,
        "notBeforeColumn": named.not_before,
        "externalIdColumn": named.external_id,
    }
    wanted = [(field, name) for field, name in asked.items() if name is not None]
    wanted += [("requiredFields", name) for name in named.required]
    missing = [(field, name) for field, name in wanted if _find_name(name, names) is None]
    if missing:
        raise _missing_columns_error(missing, names)
    return NamedColumns(
        phone=named.phone and _find_name(named.phone, names),
        timezone=named.timezone and _find_name(named.timezone, names),
        not_before=named.not_before and _find_name(named.not_before, names),
        external_id=named.external_id and _find_name(named.external_id, names),
        required=tuple(_find_name(name, names) or name for name in named.required),
    )


def _missing_columns_error(missing: Sequence[tuple[str, str]], names: Sequence[str]) -> InvalidRequest:
    details = [
        {"field": field, "reason": f"names a column that the file does not have: {quoted(name)}"}
        for field, name in missing
    ]
    sentence = ", ".join(f"{detail['field']} {detail['reason']}" for detail in details)
    return InvalidRequest(f"{sentence}. {_quote_first_row(names)}", details)


def _quote_first_row(names: Sequence[str]) -> str:
    return f"Its first row reads: {', '.join(quoted(name) for name in names[:_NAMES_SHOWN])}."


def _holds_numbers(written: Sequence[str]) -> bool:
    """Whether a row without a `phone` column is data: one cell a telephone number, or all cells numbers."""
    cells = [cell for cell in written if cell]
    numbers = [cell for cell in cells if _NUMBER.fullmatch(cell)]
    longest = max((sum(char.isdigit() for char in number) for number in numbers), default=0)
    return longest >= _PHONE_DIGITS or len(numbers) == len(cells)


def _refuse_doubled(written: Sequence[str], named: NamedColumns) -> None:
    """Two columns with one meaning: which of them counts nobody can know."""
    asked = {named.phone, named.timezone, named.not_before, named.external_id, *named.required} - {None}
    seen: set[str] = set()
    for place, name in enumerate(written, start=1):
        identity = name.lower() if name.lower() in KNOWN_COLUMNS else name
        if identity in seen and (identity in KNOWN_COLUMNS or name in asked):
            raise InvalidCsv(f"Column {place}, {quoted(name)}, stands twice in row 1: {MUST_HOLD_NAMES}, each once.")
        seen.add(identity)


def _make_unique(written: Sequence[str]) -> tuple[str, ...]:
    """A name of its own for each column: `column_4` where there is none, `Email_2` for the second of its name."""
    taken, names = {name for name in written if name}, list[str]()
    for place, name in enumerate(written, start=1):
        own = name
        if not name or name in names:
            own = _find_free(name, 2, taken) if name else _find_free("column", place, taken)
            taken.add(own)
        names.append(own)
    return tuple(names)


def _find_free(name: str, first: int, taken: set[str]) -> str:
    return next(made for number in count(first) if (made := f"{name}_{number}") not in taken)


def _warn_of_made_names(written: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    doubled = [place for place, name in enumerate(written, start=1) if name and name != names[place - 1]]
    for place in doubled[:_NAMES_SHOWN]:
        old, new = written[place - 1], names[place - 1]
        yield f"Column {place} has the name of another one, {quoted(old)}: it was read as {quoted(new)}."
    if len(doubled) > _NAMES_SHOWN:
        yield f"{len(doubled) - _NAMES_SHOWN} more columns have the name of another one and were read likewise."

"""New contacts as they go from the process that reads them, through the API, into the database.

Ten thousand objects would hold the API's event loop for a tenth of a second. Here they are the text that is copied, and
beside it what rules go by.
"""

from array import array
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from domain.calling_rules.window import CallingWindow
from domain.contacts.lost_parameters import bound_size
from domain.contacts.rejects import Rejects
from domain.jobs.models import NewContact, is_placed
from domain.phone.identity import identify, list_all_writings
from store.db.copy_text import NULL, CopyLines, as_field, as_json_field, escape_json, json_object_text, read_json_field
from store.db.ids import new_ids

FIELDS = "id, number, country, zones, not_before, data, external_id"
_DATA = 5  # its place among the fields


class Place(NamedTuple):
    """What the rules of calling go by; many contacts have the same."""

    country: str | None
    zones: tuple[str, ...] | None
    not_before: datetime | None

    def is_placed(self, window: CallingWindow | None) -> bool:
        """As `NewContact.is_placed`."""
        return is_placed(self.zones, window)


@dataclass(frozen=True)
class PackedContacts:
    """Contacts that may be called, in order. `numbers`, `writings` (all of their telephones): E.164, a line each."""

    lines: CopyLines  # FIELDS
    numbers: str
    writings: str
    places: tuple[Place, ...]
    place_of: Sequence[int]  # of each contact, among `places`
    sizes: Sequence[int]  # of each contact's data, `bound_size`

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def rows(self) -> Sequence[int]:
        """The row of each."""
        return self.lines.rows

    def list_numbers(self) -> list[str]:
        return self.numbers.split("\n") if self.numbers else []

    def list_writings(self) -> list[str]:
        return self.writings.split("\n") if self.writings else []

    def find_rows(self, identities: Collection[str]) -> list[int]:
        """The rows of the telephones with these identities."""
        if not identities:
            return []
        return [
            row for row, number in zip(self.rows, self.list_numbers(), strict=True) if identify(number) in identities
        ]

    def count_places(self, without: Collection[str] = ()) -> Counter[Place]:
        """How many contacts have each; not counted are those `without`, E.164."""
        if not without:
            return Counter({self.places[place]: count for place, count in Counter(self.place_of).items()})
        pairs = zip(self.list_numbers(), self.place_of, strict=True)
        return Counter(self.places[place] for number, place in pairs if number not in without)

    def keep(self, kept: Sequence[int]) -> "PackedContacts":
        """Only those at these places, counted from 0."""
        numbers = self.list_numbers()
        left = [numbers[at] for at in kept]
        return replace(
            self,
            lines=self.lines.keep(kept),
            numbers="\n".join(left),
            writings="\n".join(list_all_writings(left)),
            place_of=array("I", (self.place_of[at] for at in kept)),
            sizes=array("I", (self.sizes[at] for at in kept)),
        )

    def leave_out(self, rows: Collection[int]) -> "PackedContacts":
        """All but those in these rows."""
        out = frozenset(rows)
        return self.keep([at for at, row in enumerate(self.rows) if row not in out])

    def count_on(self, last: int) -> "PackedContacts":
        """The same in rows that count on from a job's last one."""
        return replace(self, lines=self.lines.count_on(last))

    def unpack(self) -> Iterator[NewContact]:
        """Each with its row, number and data alone."""
        for row, number, line in zip(self.rows, self.list_numbers(), self.lines, strict=True):
            yield NewContact(row=row, number=number, data=read_json_field(line.split(b"\t")[_DATA]))


class StoredContact(NamedTuple):
    """A contact that waits in a table; `data` as JSON text."""

    row: int
    id: str
    number: str
    country: str | None
    zones: tuple[str, ...] | None
    not_before: datetime | None
    data: str
    external_id: str | None


def pack_contacts(contacts: Sequence[NewContact]) -> PackedContacts:
    """Give them ids, and write them down."""
    ids = new_ids("contact", len(contacts))
    return pack_stored(
        [
            StoredContact(
                contact.row,
                id,
                contact.number,
                contact.country,
                contact.zones,
                contact.not_before,
                json_object_text(contact.data),
                contact.external_id,
            )
            for id, contact in zip(ids, contacts, strict=True)
        ]
    )


def pack_stored(contacts: Sequence[StoredContact]) -> PackedContacts:
    """Write them down with the ids that they have."""
    places: dict[tuple[Any, ...], tuple[int, str]] = {}  # of each its index and its fields
    place_of, sizes, lines = array("I"), array("I"), list[str]()
    for contact in contacts:
        place = contact.country, contact.zones, contact.not_before
        if place not in places:
            places[place] = len(places), _write_place(*place)
        at, placed = places[place]
        place_of.append(at)
        sizes.append(bound_size(contact.data))
        external_id = as_field(contact.external_id)
        lines.append(f"{contact.id}\t{contact.number}\t{placed}\t{escape_json(contact.data)}\t{external_id}")
    numbers = [contact.number for contact in contacts]
    return PackedContacts(
        lines=CopyLines.write((contact.row for contact in contacts), lines),
        numbers="\n".join(numbers),
        writings="\n".join(list_all_writings(numbers)),
        places=tuple(Place(*place) for place in places),
        place_of=place_of,
        sizes=sizes,
    )


def _write_place(country: str | None, zones: tuple[str, ...] | None, not_before: datetime | None) -> str:
    moment = NULL if not_before is None else not_before.isoformat()
    return f"{as_field(country)}\t{NULL if zones is None else as_json_field(zones)}\t{moment}"


@dataclass(frozen=True)
class PackedRejects:
    """The rows of a file that cannot be called. `file`: its first row and delimiter alone."""

    lines: CopyLines  # cells, reason
    file: Rejects
    split: bool  # each row is split into cells

    def can_follow(self, header: Sequence[str], delimiter: str) -> bool:
        """Whether they are read alike below this first row of another file, delimited so."""
        return tuple(header) == self.file.header and (self.split or delimiter == self.file.delimiter)


def pack_rejects(rejects: Rejects) -> PackedRejects:
    lines = [f"{as_json_field(reject.cells)}\t{as_field(reject.reason)}" for reject in rejects.rows]
    return PackedRejects(
        lines=CopyLines.write((reject.row for reject in rejects.rows), lines),
        file=rejects.model_copy(update={"rows": ()}),
        split=not any(isinstance(reject.cells, str) for reject in rejects.rows),
    )

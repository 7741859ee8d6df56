"""Contacts as text that is copied, and what is known of them beside it."""

import pickle
from datetime import UTC, datetime

import pytest

from domain.contacts.rejects import Reject, Rejects
from domain.jobs.models import NewContact
from domain.phone.identity import identify
from store.contacts.packed import PackedContacts, Place, pack_contacts, pack_rejects
from tests.builders import a_contact, a_number, contacts

LATER = datetime(2031, 5, 1, 9, tzinfo=UTC)


def said(packed: PackedContacts) -> list[tuple[int, str, object]]:
    return [(contact.row, contact.number, contact.data) for contact in packed.unpack()]


def expected(given: list[NewContact]) -> list[tuple[int, str, object]]:
    return [(contact.row, contact.number, contact.data) for contact in given]


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1_200])
def test_contacts_are_the_same_after_they_were_sent_to_another_process(count: int) -> None:
    given = contacts(count)
    packed = pickle.loads(pickle.dumps(pack_contacts(given)))
    assert len(packed) == count
    assert said(packed) == expected(given)
    assert packed.list_numbers() == [contact.number for contact in given]


def test_what_copy_would_take_for_its_own_is_kept() -> None:
    data = {
        "tab\t": "a\tb\nc\r\\N \\. \\\\t",
        "": "\\",
        "nested": {"b": ["\n", 1.5, None]},
        "letters": "Zoë 日本語 \u2028",
    }
    given = NewContact(row=2, number=a_number(1), data=data, external_id="a\tb\\N\n")
    packed = pack_contacts([given])
    assert said(packed) == expected([given])
    (line,) = packed.lines
    assert b"\n" not in line
    assert line.split(b"\t")[-1] == rb"a\tb\\N\n"


def test_those_who_are_left_keep_their_rows_and_places() -> None:
    given = [
        a_contact(row, a_number(row))._replace(not_before=LATER if row % 3 == 0 else None) for row in range(2, 1_300)
    ]
    packed = pack_contacts(given)
    left = packed.leave_out(range(2, 1_200))
    kept = [contact for contact in given if contact.row >= 1_200]
    assert said(left) == expected(kept)
    assert sorted(left.count_places().values()) == sorted(pack_contacts(kept).count_places().values())
    assert list(left.count_on(5_000).rows) == [5_000 + contact.row for contact in kept]
    assert len(packed.keep([])) == len(list(packed.keep([]).unpack())) == 0


def test_contacts_are_counted_by_what_rules_go_by() -> None:
    us, de = a_contact(2, "+12125550123"), a_contact(4, "+493012345678")
    nowhere = NewContact(row=5, number="+12125550125", data={}, country="US", zones=None)
    packed = pack_contacts([us, us._replace(row=3, number="+12125550124"), de, nowhere])
    assert packed.count_places() == {
        Place("US", ("America/New_York",), None): 2,
        Place("DE", ("Europe/Berlin",), None): 1,
        Place("US", None, None): 1,
    }
    assert packed.count_places(without={"+12125550124", "+493012345678"}).total() == 2


def test_a_telephone_is_found_in_whichever_writing() -> None:
    packed = pack_contacts([a_contact(2, a_number(1)), a_contact(3, "+525512345678")])
    assert set(packed.list_writings()) == {a_number(1), "+525512345678", "+5215512345678"}
    assert packed.find_rows({identify("+5215512345678")}) == [3]
    assert packed.find_rows(set()) == []


def test_rejected_rows_follow_those_of_a_file_that_is_read_alike() -> None:
    split = pack_rejects(Rejects(header=("phone",), rows=(Reject(row=3, cells=("x",), reason="phone is too short"),)))
    torn = pack_rejects(Rejects(header=("phone",), rows=(Reject(row=3, cells='"x"y', reason="has text"),)))
    assert split.can_follow(["phone"], ";")
    assert torn.can_follow(["phone"], ",")
    assert not torn.can_follow(["phone"], ";")
    assert not split.can_follow(["phone", "name"], ",")
    assert list(split.lines) == [b'["x"]\tphone is too short']

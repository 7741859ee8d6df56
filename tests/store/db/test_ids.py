"""Ids that are made together."""

import re

from store.db.ids import new_ids

FORM = re.compile(r"contact_[0-9a-f]{24}")


def test_ids_made_together_lie_side_by_side_and_none_can_be_told_from_another() -> None:
    ids, others = new_ids("contact", 10_000), new_ids("contact", 10_000)

    assert len(set(ids) | set(others)) == 20_000
    assert all(FORM.fullmatch(id) for id in ids)
    assert ids == sorted(ids)
    assert len({id[:-12] for id in ids}) == 1
    assert {id[:-12] for id in ids} != {id[:-12] for id in others}
    steps = {int(after, 16) - int(before, 16) for before, after in zip(_ends(ids), _ends(ids)[1:], strict=False)}
    assert len(steps) > 9_000  # no sequence


def test_no_ids_are_made_where_none_are_needed() -> None:
    assert new_ids("contact", 0) == []


def _ends(ids: list[str]) -> list[str]:
    return [id[-12:] for id in ids]

"""Judges a finished job by the carrier's own record, beyond what must hold of every run: `tests/invariants.py`."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import httpx
import phonenumbers
import psycopg

from carriers.simulator.scenarios import SCRIPTED
from tests.invariants import is_uncertain, show

Dial = dict[str, Any]
UNSCRIPTED = [f"{line:02d}" for line in range(100) if f"{line:02d}" not in SCRIPTED]
RETRY_DELAYS = (300, 1800, 7200)  # seconds: after the first, second, third charged dial
MIN_SHARE = 0.8  # of a delay
CHARGED = ("busy", "no-answer", "completed")  # outcomes that are an attempt, where it rang or the line was busy
LAST_WORDS = (404, 603, 608)  # SIP codes after which nobody is called again, where the carrier's word for them came
PERSONS = (480, 603)  # those that a telephone says only if it rang; else a network does


def fiction(count: int) -> list[str]:
    """Numbers that nobody has (+1 NXX 555 01xx), none of them scripted."""
    numbers = []
    for area in range(201, 990):
        for line in UNSCRIPTED:
            number = f"+1{area}55501{line}"
            if not phonenumbers.is_valid_number(phonenumbers.parse(number)):
                break
            numbers.append(number)
            if len(numbers) == count:
                return numbers
    raise AssertionError(f"there are only {len(numbers)} such numbers")


def contacts_of(client: httpx.Client, job_id: str) -> list[dict[str, Any]]:
    """All contacts of a job, as the API tells them."""
    contacts: list[dict[str, Any]] = []
    page, more = 1, True
    while more:
        detail = client.get(f"/batch/jobs/{job_id}", params={"contactsPage": page, "contactsPageSize": 500}).json()
        contacts += detail["contacts"]
        page, more = page + 1, detail["contactsHasMore"]
    return contacts


def complaints(
    dials: list[Dial],
    contacts: list[dict[str, Any]],
    *,
    speed: float,
    unknown: int = 0,
    unheard: int = 0,
    unsent: int = 0,
) -> list[str]:
    """What is wrong with a finished job, beyond the invariants: of retries, and of what may get lost now and then.

    At most `unknown` outcomes may be unknown. Of `unheard` failed calls at most the code may have been lost with its
    callback: asked for, the carrier says "failed" without one, and that is trouble, a new dial. Of `unsent` contacts at
    most a dial was claimed whose request was held back, because the worker stood still in between.
    """
    by_number: dict[str, list[Dial]] = defaultdict(list)
    for dial in dials:
        by_number[dial["to"]].append(dial)
    found = []
    missing = [c["id"] for c in contacts if len(by_number[c["phoneNumber"]]) < c["dials"] and not is_uncertain(c)]
    if len(missing) > unsent:
        found.append(f"of {len(missing)} contacts the carrier has fewer dials than the API, at most {unsent} may be")
    for contact in contacts:
        who = f"contact {contact['id']} ({contact['status']})"
        found += _about_gaps(who, by_number[contact["phoneNumber"]], speed)
    again = [theirs for theirs in by_number.values() if any(map(_is_last_word, theirs[:-1]))]
    if len(again) > unheard:
        shown = [[show(dial) for dial in theirs] for theirs in again]
        found.append(f"{len(again)} were called again after a last word, at most {unheard} may be: {shown}")
    uncertain = [contact["id"] for contact in contacts if is_uncertain(contact)]
    if len(uncertain) > unknown:
        found.append(f"{len(uncertain)} outcomes are unknown, at most {unknown} may be")
    return found


def _is_last_word(dial: Dial) -> bool:
    return dial["sipCode"] in LAST_WORDS and not _is_the_networks(dial)


def _is_the_networks(dial: Dial) -> bool:
    return dial["sipCode"] in PERSONS and dial["ringingAt"] is None


def _about_gaps(who: str, dials: list[Dial], speed: float) -> Iterator[str]:
    charged = [dial for dial in dials if dial["outcome"] in CHARGED and not _is_the_networks(dial)]
    for attempt, (earlier, later) in enumerate(pairwise(charged)):
        least = MIN_SHARE * RETRY_DELAYS[min(attempt, 2)] / speed
        gap = later["askedAt"] - earlier["endedAt"]
        if gap < least:
            shown = f"attempt {attempt + 2} came {gap:.2f} s after the last, at least {least:.2f} s were due"
            yield f"{who}: {shown}: {[show(dial) for dial in dials]}"


def ledger_complaints(database_url: str, organization_id: str) -> list[str]:
    """Whether the money adds up: balance = top-ups − captures, holds = 0, captures = what calls cost."""
    query = """
        SELECT o.balance, o.held, sum(e.balance_delta), sum(e.held_delta),
               sum(e.balance_delta) FILTER (WHERE e.kind = 'topup'),
               -sum(e.balance_delta) FILTER (WHERE e.kind IN ('capture', 'release'))
        FROM organizations o JOIN ledger_entries e ON e.organization_id = o.id
        WHERE o.id = %s GROUP BY o.id"""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query, (organization_id,)).fetchone()
        assert row is not None
        cost = connection.execute(
            "SELECT coalesce(sum(cost), 0) FROM dials WHERE organization_id = %s", (organization_id,)
        ).fetchone()
        assert cost is not None
    balance, held, balances, helds, topups, captures = row
    found = []
    if balance != balances or held != helds:
        found.append(f"balance {balance} and held {held}, by the entries {balances} and {helds}")
    if held != 0:
        found.append(f"{held} are still held")
    if balance != topups - (captures or 0) or (captures or Decimal(0)) != cost[0]:
        found.append(f"balance {balance}, top-ups {topups}, captures {captures}, cost of all dials {cost[0]}")
    return found


def captured(database_url: str, organization_id: str) -> Decimal:
    """What an organization has paid for calls, by its ledger."""
    query = """
        SELECT coalesce(-sum(balance_delta), 0) FROM ledger_entries
        WHERE organization_id = %s AND kind IN ('capture', 'release')"""
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query, (organization_id,)).fetchone()
    assert row is not None
    return Decimal(row[0])


def carrier_http(ready: dict[str, Any]) -> httpx.Client:
    """A client of the carrier's own API, signed in; close it."""
    carrier = ready["carrier"]
    auth = (carrier["accountSid"], carrier["authToken"])
    return httpx.Client(base_url=carrier["url"], auth=auth, trust_env=False, timeout=30)


def calls_path(ready: dict[str, Any]) -> str:
    """Where the account's calls are in that API."""
    return f"/2010-04-01/Accounts/{ready['carrier']['accountSid']}/Calls"


def carrier_cost(ready: dict[str, Any], rate_per_minute: Decimal) -> Decimal:
    """What the calls in the carrier's own list cost, by their durations: six decimals a call, half-up."""
    page = f"{calls_path(ready)}.json?PageSize=1000"
    total = Decimal(0)
    with carrier_http(ready) as client:
        while page:
            answer = client.get(page).raise_for_status().json()
            for call in answer["calls"]:
                if call["status"] == "completed":
                    cost = rate_per_minute * int(call["duration"]) / 60
                    total += cost.quantize(Decimal("0.000001"), ROUND_HALF_UP)
            page = answer["next_page_uri"]
    return total

"""The simulator's record: an outside witness, the same in any order, and still there after a crash."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from carriers.simulator.scenarios import scenario_for
from tests.carriers.simulation import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    Callbacks,
    Simulator,
    an_order,
    closing,
    number_ending,
    place,
    until,
)

NUMBERS = [f"+1415234{line:04d}" for line in range(60)]
CREDENTIALS = (ACCOUNT_SID, AUTH_TOKEN)


async def all_ended(simulator: Simulator, count: int) -> list[dict[str, Any]]:
    await until(lambda: sum(dial["endedAt"] is not None for dial in simulator.report()["dials"]) == count)
    return list(simulator.report()["dials"])


async def dial_all(simulator: Simulator, callbacks: Callbacks, numbers: list[str]) -> None:
    async with closing(simulator.carrier()) as carrier:
        await asyncio.gather(*(place(carrier, callbacks, an_order(number)) for number in numbers))


def results(dials: list[dict[str, Any]]) -> dict[str, list[tuple[str, int, float]]]:
    found: dict[str, list[tuple[str, int, float]]] = {}
    for dial in dials:
        talk = dial["endedAt"] - (dial["answeredAt"] or dial["endedAt"])
        found.setdefault(dial["to"], []).append((dial["outcome"], dial["sipCode"], talk))
    return found


async def test_the_same_seed_gives_the_same_results_in_any_order_and_after_a_restart(
    tmp_path: Path, callbacks: Callbacks
) -> None:
    straight = Simulator(tmp_path / "straight.db", speed=5_000)
    restarted = Simulator(tmp_path / "restarted.db", speed=5_000)
    try:
        straight.start()
        await dial_all(straight, callbacks, NUMBERS)
        await dial_all(straight, callbacks, NUMBERS)
        restarted.start()
        await dial_all(restarted, callbacks, NUMBERS[::-1])
        await all_ended(restarted, len(NUMBERS))
        restarted.kill()
        restarted.start()
        await dial_all(restarted, callbacks, NUMBERS[30:] + NUMBERS[:30])

        one = results(await all_ended(straight, 2 * len(NUMBERS)))
        other = results(await all_ended(restarted, 2 * len(NUMBERS)))
    finally:
        straight.kill()
        restarted.kill()

    assert one.keys() == other.keys()
    for number, dials in one.items():
        for dial, again in zip(dials, other[number], strict=True):
            assert dial[:2] == again[:2]
            assert dial[2] == pytest.approx(again[2], abs=1e-4)
    assert any(first[:2] != second[:2] for first, second in one.values())


async def test_a_killed_simulator_keeps_its_record_and_goes_on(own_simulator: Simulator, callbacks: Callbacks) -> None:
    own_simulator.speed = 30
    async with closing(own_simulator.start().carrier()) as carrier:
        ringing = an_order(number_ending("02"))  # rings for a second
        busy = an_order(number_ending("01"))
        await place(carrier, callbacks, busy)
        await place(carrier, callbacks, ringing)
        before = own_simulator.report()
        own_simulator.kill()

        own_simulator.start()

        after = own_simulator.report()
        assert [dial["askedAt"] for dial in after["dials"]] == [dial["askedAt"] for dial in before["dials"]]
        assert (await callbacks.ending(ringing.key)).sip_code == 487
        assert (await callbacks.ending(busy.key)).sip_code == 486
        dials = await all_ended(own_simulator, 2)
        assert [dial["key"] for dial in dials] == [busy.key, ringing.key]


async def test_a_dial_is_on_the_record_before_its_request_is_answered(
    own_simulator: Simulator, callbacks: Callbacks
) -> None:
    async with closing(own_simulator.start().carrier()) as carrier:
        orders = [an_order(number_ending("02")) for _ in range(5)]
        await asyncio.gather(*(place(carrier, callbacks, order) for order in orders))
        own_simulator.kill()
        own_simulator.start()

        assert {dial["key"] for dial in own_simulator.report()["dials"]} == {order.key for order in orders}


async def test_a_call_that_was_hung_up_stays_ended_whenever_the_simulator_is_killed(
    own_simulator: Simulator, callbacks: Callbacks
) -> None:
    async with closing(own_simulator.start().carrier()) as carrier:
        orders = [an_order(number_ending("07"), max_call_seconds=14_400) for _ in range(5)]
        placed = [await place(carrier, callbacks, order) for order in orders]
        await asyncio.gather(*(carrier.hang_up(report.call_id) for report in placed))
        own_simulator.kill()
        own_simulator.start()

        assert all(dial["endedAt"] is not None for dial in own_simulator.report()["dials"])


async def test_the_report_tells_how_many_calls_were_live_at_most(
    own_simulator: Simulator, callbacks: Callbacks
) -> None:
    async with closing(own_simulator.start().carrier()) as carrier:
        assert own_simulator.report() == {"dials": [], "mostLive": 0}
        for _ in range(2):
            orders = [an_order(number_ending("07"), max_call_seconds=14_400) for _ in range(3)]
            placed = [await place(carrier, callbacks, order) for order in orders]
            for report in placed:
                await carrier.hang_up(report.call_id)

        report = own_simulator.report()

    assert report["mostLive"] == 3
    times = ("askedAt", "ringingAt", "answeredAt", "endedAt")
    for dial in report["dials"]:
        happened = [dial[name] for name in times if dial[name] is not None]
        assert happened == sorted(happened)
        kept = {"callId", "deletedAt", "recording"}
        assert set(dial) == {"to", "from", "key", *times, "outcome", "sipCode", *kept}


async def test_the_queue_lets_so_many_calls_go_a_second(own_simulator: Simulator, callbacks: Callbacks) -> None:
    own_simulator.flags = ("--calls-per-second", "0.1")  # times the speed of 500: 50
    own_simulator.start()

    await dial_all(own_simulator, callbacks, [number_ending("01") for _ in range(11)])
    dials = await all_ended(own_simulator, 11)

    assert 0.19 < dials[-1]["endedAt"] - dials[0]["endedAt"] < 0.4


async def test_it_ends_in_order_and_soon_though_a_request_hangs(own_simulator: Simulator, callbacks: Callbacks) -> None:
    own_simulator.start()
    own_simulator.set_faults(hang=1)
    carrier = own_simulator.carrier()
    hanging = asyncio.create_task(place(carrier, callbacks, an_order(number_ending("01"))))
    await asyncio.sleep(0.1)

    began = time.monotonic()
    code = await asyncio.to_thread(own_simulator.stop)

    assert code == 0
    assert time.monotonic() - began < 2
    await asyncio.gather(hanging, return_exceptions=True)
    await carrier.close()


async def test_lists_and_errors_read_as_twilios(own_simulator: Simulator, callbacks: Callbacks) -> None:
    own_simulator.start()
    await dial_all(own_simulator, callbacks, [number_ending("01") for _ in range(5)])
    path = f"{own_simulator.url}/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json"

    first = httpx.get(path, params={"PageSize": 3}, auth=CREDENTIALS).json()
    second = httpx.get(own_simulator.url + first["next_page_uri"], auth=CREDENTIALS).json()
    nobody = httpx.get(path)
    unknown = httpx.get(path.replace("Calls.json", "Calls/CA1.json"), auth=CREDENTIALS)

    sids = [call["sid"] for page in (first, second) for call in page["calls"]]
    assert len(set(sids)) == 5
    assert second["next_page_uri"] is None
    assert (nobody.status_code, nobody.json()["code"]) == (401, 20003)
    assert (unknown.status_code, unknown.json()["code"]) == (404, 20404)
    assert set(unknown.json()) == {"code", "message", "more_info", "status"}


def test_faults_that_do_not_exist_are_refused(simulator: Simulator) -> None:
    assert httpx.put(f"{simulator.url}/simulator/faults", json={"earthquake": 1}).status_code == 400
    assert httpx.put(f"{simulator.url}/simulator/faults", json={"hang": 2}).status_code == 400


def test_people_who_opted_in_answer_as_often_as_the_design_says() -> None:
    plans = [scenario_for(1, f"+1415{line:07d}", 1) for line in range(4_000)]

    shares = Counter((plan.sip_code, plan.answered_by) for plan in plans)

    def share(*kinds: tuple[int, str | None]) -> float:
        return 100 * sum(shares[kind] for kind in kinds) / len(plans)

    assert abs(share((200, "human")) - 28) < 2.5
    assert abs(share((200, "machine_start")) - 40) < 2.5
    assert abs(share((487, None)) - 21) < 2.5
    assert abs(share((486, None)) - 4) < 1.2
    assert abs(share((404, None)) - 3) < 1.2
    assert abs(share((603, None), (608, None)) - 2) < 1
    assert abs(share((503, None)) - 2) < 1
    talks = sorted(plan.talk for plan in plans if plan.answered_by == "human" and plan.talk is not None)
    assert abs(talks[len(talks) // 2] - 60) < 8

"""Bodies that are held at once: bounded, for all and for each."""

import pytest

from api.http.body_budget import BodyBudget
from api.http.errors import Unavailable
from tests.api.client import Api, Served, refused


def test_what_is_given_back_is_free_again() -> None:
    budget = BodyBudget(most=10, most_of_one=6)
    with budget.share("a") as first:
        first.add(6)
        with budget.share("a") as second, pytest.raises(Unavailable):
            second.add(1)
        with budget.share("b") as other, pytest.raises(Unavailable):
            other.add(5)
        with budget.share("b") as other:
            other.add(4)
    with budget.share("a") as again:
        again.add(6)


async def test_a_body_beyond_what_is_held_is_refused_for_now(served: Served, api: Api) -> None:
    services = served.app.state.services
    usual = services[BodyBudget]
    services.add(BodyBudget(most_of_one=1_000))
    try:
        form = {"fromPhoneNumberId": api.tenant.pipeline, "name": "Large"}
        answer = await api.http.post("/batch/create", json=form | {"note": "x" * 2_000}, headers=api.key)
        assert "Too many large requests" in refused(answer, 503, "unavailable")["error"]
        assert answer.headers["Retry-After"] == "5"
        assert (await api.http.post("/batch/create", json=form, headers=api.key)).status_code == 400
    finally:
        services.add(usual)

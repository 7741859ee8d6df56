"""The published table of outcomes."""

from domain.calls.models import Outcome
from domain.calls.outcome_table import OUTCOMES
from tests.api.client import Api


async def test_every_outcome_is_explained_as_the_code_treats_it(api: Api) -> None:
    answer = await api.get("/outcomes")

    assert answer.status_code == 200
    found = {row.pop("outcome"): row for row in answer.json()["outcomes"]}
    assert set(found) == set(Outcome)
    assert found["busy"] == {
        "faultOf": "person",
        "charged": True,
        "retried": "policy",
        "setting": "retryableStatuses",
        "status": "busy",
        "meaning": "The line was busy.",
    }
    assert (found["answered"]["faultOf"], found["never_rang"]["charged"]) == (None, False)
    assert {name: row["charged"] for name, row in found.items()} == {
        outcome.value: rule.charged for outcome, rule in OUTCOMES.items()
    }

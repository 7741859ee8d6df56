"""What open workflows, scripts and operators know by name keeps its name."""

from typing import Any

import pytest

from workflows.batch_job import BatchJob
from workflows.names import is_gone, worker_identity
from workflows.organization_lines import OrganizationLines
from workflows.reconciler import Reconciler
from workflows.webhook_delivery import WebhookDeliveries

OPERATORS = {"start_now", "pause", "resume", "cancel", "cancel_and_hang_up", "change_limit", "reschedule"}


@pytest.mark.parametrize(
    ("workflow", "name", "signals", "queries"),
    [
        (
            BatchJob,
            "BatchJob",
            OPERATORS | {"change", "remove_contact", "look", "say_lines", "share_lines"},
            {"progress"},
        ),
        (OrganizationLines, "OrganizationLines", {"look", "stop", "stop_and_hang_up", "want"}, {"shares"}),
        (WebhookDeliveries, "WebhookDeliveries", {"wake"}, set()),
        (Reconciler, "Housekeeper", set(), set()),
    ],
)
def test_a_workflow_keeps_its_names(workflow: Any, name: str, signals: set[str], queries: set[str]) -> None:
    definition = workflow.__temporal_workflow_definition
    assert definition.name == name
    assert set(definition.signals) == signals
    assert set(definition.queries) == queries


@pytest.mark.parametrize(
    ("identity", "gone"),
    [
        ("4711@host outdial-worker-7", True),
        ("4711@host outdial-worker-8", False),
        ("4711@host", False),
        ("4711@host outdial-worker-", False),
        ("", False),
    ],
)
def test_only_a_worker_of_ours_that_is_not_present_is_gone(identity: str, gone: bool) -> None:
    assert is_gone(identity, [8]) is gone


def test_a_worker_is_known_by_its_number() -> None:
    assert is_gone(worker_identity(7), [8])
    assert not is_gone(worker_identity(8), [8])

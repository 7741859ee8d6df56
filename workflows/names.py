"""The names that workers, the API and operators know. They never change: open workflows hold them."""

import os
import socket
from collections.abc import Collection

from temporalio.common import SearchAttributeKey

JOBS_QUEUE = "outdial-jobs"  # workflows and short activities
CALLS_QUEUE = "outdial-calls"  # calls: long activities, a worker of their own
WEBHOOKS_QUEUE = "outdial-webhooks"  # webhooks: slow receivers delay nothing else

WORKER = "outdial-worker"
DEPLOYMENT = "outdial"  # of workers that have build ids

BATCH_JOB = "BatchJob"
RECONCILER = "Housekeeper"
RECONCILER_ID = "housekeeper"
ORGANIZATION_LINES = "OrganizationLines"
WEBHOOK_DELIVERIES = "WebhookDeliveries"

LOOK = "look"  # signals: what this one is about changed in the database
WANT = "want"  # a job to its organization's lines: it requests lines
SHARE_LINES = "share_lines"  # the answer
SAY_LINES = "say_lines"  # the lines workflow does not know the job's request
WAKE = "wake"  # a webhook delivery is due

ORGANIZATION = SearchAttributeKey.for_keyword("OutdialOrg")
STATUS = SearchAttributeKey.for_keyword("OutdialStatus")
SCHEDULED_FOR = SearchAttributeKey.for_datetime("OutdialScheduledFor")
NAME = SearchAttributeKey.for_keyword("OutdialName")  # unlike a summary it outlives a run
SEARCH_ATTRIBUTES = (ORGANIZATION, STATUS, SCHEDULED_FOR, NAME)


def worker_identity(number: int) -> str:
    """What Temporal calls this worker process: as usual, and its number among the workers."""
    return f"{os.getpid()}@{socket.gethostname()} {WORKER}-{number}"


def is_gone(identity: str, present: Collection[int]) -> bool:
    """Whether Temporal's word for a worker is of one of ours that is not among those present."""
    kind, _, number = identity.rpartition(" ")[2].rpartition("-")
    return kind == WORKER and number.isdigit() and int(number) not in present


def job_workflow_id(job_id: str) -> str:
    return f"batch-job/{job_id}"


def job_of_workflow(workflow_id: str) -> str:
    """The job that `job_workflow_id` made an id of."""
    return workflow_id.partition("/")[2]


def lines_workflow_id(organization_id: str) -> str:
    return f"organization-lines/{organization_id}"


def webhook_workflow_id(endpoint_id: str) -> str:
    return f"webhook-deliveries/{endpoint_id}"

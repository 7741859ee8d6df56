"""The names that workers, the API and an operator's eyes agree on. They never change: open workflows know them."""

from temporalio.common import SearchAttributeKey

JOBS_QUEUE = "outdial-jobs"  # workflows and short activities
CALLS_QUEUE = "outdial-calls"  # calls: long activities, a worker of their own
WEBHOOKS_QUEUE = "outdial-webhooks"  # webhooks: receivers that are slow hold up nothing else

BATCH_JOB = "BatchJob"
HOUSEKEEPER = "Housekeeper"
HOUSEKEEPER_ID = "housekeeper"
ORGANIZATION_LINES = "OrganizationLines"
WEBHOOK_DELIVERIES = "WebhookDeliveries"
SHARE_LINES = "share_lines"  # the signals by which a job's workflow hears from its organization's lines
SAY_LINES = "say_lines"
LOOK = "look"

ORGANIZATION = SearchAttributeKey.for_keyword("OutdialOrg")
STATUS = SearchAttributeKey.for_keyword("OutdialStatus")
SCHEDULED_FOR = SearchAttributeKey.for_datetime("OutdialScheduledFor")
SEARCH_ATTRIBUTES = (ORGANIZATION, STATUS, SCHEDULED_FOR)


def job_workflow_id(job_id: str) -> str:
    """The id of a job's workflow."""
    return f"batch-job/{job_id}"


def lines_workflow_id(organization_id: str) -> str:
    """The id of the workflow that shares out an organization's lines."""
    return f"organization-lines/{organization_id}"


def webhook_workflow_id(endpoint_id: str) -> str:
    """The id of the workflow that delivers to a webhook endpoint."""
    return f"webhook-deliveries/{endpoint_id}"

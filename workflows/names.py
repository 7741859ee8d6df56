"""The names that workers, the API and an operator's eyes agree on. They never change: open workflows know them."""

from temporalio.common import SearchAttributeKey

JOBS_QUEUE = "outdial-jobs"  # workflows and short activities
CALLS_QUEUE = "outdial-calls"  # calls: long activities, a worker of their own

BATCH_JOB = "BatchJob"
HOUSEKEEPER = "Housekeeper"
HOUSEKEEPER_ID = "housekeeper"

ORGANIZATION = SearchAttributeKey.for_keyword("OutdialOrg")
STATUS = SearchAttributeKey.for_keyword("OutdialStatus")
SCHEDULED_FOR = SearchAttributeKey.for_datetime("OutdialScheduledFor")
SEARCH_ATTRIBUTES = (ORGANIZATION, STATUS, SCHEDULED_FOR)


def job_workflow_id(job_id: str) -> str:
    """The id of a job's workflow."""
    return f"batch-job/{job_id}"

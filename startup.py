"""What a process checks before it does anything: it ends with a sentence and code 2 where it must not start."""

from domain.temporal_namespace import find_mismatch
from store.temporal_namespace import NamespaceBinding
from workflows.client import JobWorkflows, NoSuchNamespace

EXIT_CODE = 2


class CannotStart(Exception):
    """One sentence for each thing that is wrong."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))


async def check_namespace(binding: NamespaceBinding, workflows: JobWorkflows) -> None:
    """Raises CannotStart where Temporal's namespace is not the database's, TemporalUnavailable."""
    try:
        mismatch = find_mismatch(await binding.get(), await workflows.namespace())
    except NoSuchNamespace as missing:
        raise CannotStart(str(missing)) from missing
    if mismatch is not None:
        raise CannotStart(mismatch)

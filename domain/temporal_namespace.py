"""Which Temporal holds the workflows of a database's jobs: told by its ids, for names can be given again."""

from domain.model import Model

UNBOUND = "The database belongs to no Temporal namespace yet: run `outdial migrate --temporal` first."


RESTORED = (
    "The database was restored from a backup, and does not know whom it called since: stop all workers, and run "
    "`outdial recover`."
)


class Namespace(Model):
    """A namespace as its server describes it. Its id is made when it is registered, the cluster's with its database.

    `replicated`: on several clusters, of which another may be the active one after a failover.
    """

    name: str
    namespace_id: str
    cluster_id: str
    replicated: bool = False

    def is_same_as(self, other: "Namespace") -> bool:
        """Whether they hold the same workflows."""
        if self.namespace_id != other.namespace_id:
            return False
        return self.cluster_id == other.cluster_id or self.replicated

    def __str__(self) -> str:
        return f"{self.name!r} (id {self.namespace_id}, cluster {self.cluster_id})"


def find_mismatch(bound: Namespace | None, found: Namespace) -> str | None:
    """Why nothing may be repaired by what `found` says of workflows, and what to do; None where it is the right one."""
    if bound is None:
        return UNBOUND
    if found.is_same_as(bound):
        return None
    return (
        f"The database belongs to the Temporal namespace {bound}, and this is {found}. Check TEMPORAL_ADDRESS and "
        "TEMPORAL_NAMESPACE. Only if the old one is gone for good: `outdial migrate --temporal --rebind` starts the "
        "open jobs anew in this one."
    )

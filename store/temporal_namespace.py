"""The Temporal namespace to which a database belongs. It is bound by a person, and compared by every process."""

from collections.abc import Sequence

from sqlalchemy import text

from domain.temporal_namespace import Namespace
from store.db.engine import Database, reading

_GET = text("SELECT name, namespace_id, cluster_id FROM temporal_namespace")
_BIND = text("""
    INSERT INTO temporal_namespace (name, namespace_id, cluster_id) VALUES (:name, :namespace_id, :cluster_id)
    ON CONFLICT (singleton) DO NOTHING
""")
_REBIND = text("""
    INSERT INTO temporal_namespace (name, namespace_id, cluster_id) VALUES (:name, :namespace_id, :cluster_id)
    ON CONFLICT (singleton) DO UPDATE SET (name, namespace_id, cluster_id, bound_at, alarm, alarmed_at, restored_at)
        = (excluded.name, excluded.namespace_id, excluded.cluster_id, now(), NULL, NULL, NULL)
""")
_START_ANEW = text("""
    UPDATE batch_jobs SET workflow_started_at = NULL
    WHERE id = ANY(:jobs) AND status NOT IN ('completed', 'failed', 'cancelled')
""")
_SET_ALARM = text("""
    UPDATE temporal_namespace
    SET alarm = CAST(:alarm AS text), alarmed_at = CASE WHEN CAST(:alarm AS text) IS NULL THEN NULL
                                                        ELSE coalesce(alarmed_at, clock_timestamp()) END
    WHERE alarm IS DISTINCT FROM CAST(:alarm AS text)
""")
_RESTORED = text("SELECT restored_at IS NOT NULL FROM temporal_namespace")
_ALARM = text("SELECT alarm FROM temporal_namespace")


class NamespaceBinding:
    """The one row that says which namespace it is, and the reconciler's alarm about it."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def get(self) -> Namespace | None:
        """None before it is bound."""
        async with reading(self._engine) as connection:
            row = (await connection.execute(_GET)).mappings().one_or_none()
            return None if row is None else Namespace.model_validate(dict(row))

    async def bind(self, namespace: Namespace) -> None:
        """Bind the database, unless it is bound already."""
        async with self._engine.begin() as connection:
            await connection.execute(_BIND, _values(namespace))

    async def is_restored(self) -> bool:
        """Whether the database is older than what Temporal knows of its jobs: it was restored from a backup."""
        async with reading(self._engine) as connection:
            return bool((await connection.execute(_RESTORED)).scalar_one_or_none())

    async def rebind(self, namespace: Namespace, unknown_jobs: Sequence[str]) -> None:
        """Bind the database anew; the reconciler starts the workflows of `unknown_jobs` there."""
        async with self._engine.begin() as connection:
            await connection.execute(_REBIND, _values(namespace))
            await connection.execute(_START_ANEW, {"jobs": list(unknown_jobs)})

    async def set_alarm(self, alarm: str | None) -> None:
        """Keep why nothing is repaired, for other processes to report; None: all is well again."""
        async with self._engine.begin() as connection:
            await connection.execute(_SET_ALARM, {"alarm": alarm})

    async def alarm(self) -> str | None:
        """Why the reconciler repairs nothing; None where it does."""
        async with reading(self._engine) as connection:
            return (await connection.execute(_ALARM)).scalar_one_or_none()


def _values(namespace: Namespace) -> dict[str, str]:
    return namespace.model_dump(include={"name", "namespace_id", "cluster_id"})

"""What a database has that only OUTDIAL_SECRET opens."""

from sqlalchemy import text

from store.db.engine import Database, reading

_NEWEST = text("""
    (SELECT secret FROM webhook_endpoints ORDER BY created_at DESC LIMIT 1)
    UNION ALL (SELECT key FROM hash_keys)
    UNION ALL (SELECT settings FROM carrier_accounts WHERE settings IS NOT NULL LIMIT 1)
""")


async def find_sealed(engine: Database) -> list[str]:
    """One of each kind, if there are any: the newest, for that is sealed with the secret of today."""
    async with reading(engine) as connection:
        return list((await connection.execute(_NEWEST)).scalars())

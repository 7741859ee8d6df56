"""Sessions of the console: a browser that was signed in with a key may do what the key may, for as long as it may.

What is stored is a token's hash. A revoked or expired key ends its sessions with it: both are looked up as one.
"""

from secrets import token_urlsafe

from sqlalchemy import text

from store.db.engine import Database
from store.organizations.tokens import IS_VALID_KEY, hash_token

SESSION_PREFIX = "ods_"
LINK_PREFIX = "odl_"
TOKEN_BYTES = 32
SESSION_LIFETIME = "12 hours"
LINK_LIFETIME = "1 hour"

SESSIONS = "console_sessions s"
IS_SESSION = "s.token_hash = %(hash)s AND NOT s.is_link AND s.expires_at > now()"
_CREATE = text(f"""
    INSERT INTO console_sessions (token_hash, key_id, is_link, expires_at)
    SELECT :token_hash, k.id, :is_link, now() + CAST(:lifetime AS varchar)::interval
    FROM api_keys k WHERE k.id = :key_id AND {IS_VALID_KEY}
""")  # noqa: S608 - our own constants
_REDEEM = text("""
    DELETE FROM console_sessions WHERE token_hash = :token_hash AND is_link AND expires_at > now() RETURNING key_id
""")
_FORGET_EXPIRED = text("DELETE FROM console_sessions WHERE expires_at <= now()")
_END = text("DELETE FROM console_sessions WHERE token_hash = :token_hash")


class ConsoleSessions:
    """Tokens are random, and shown to the browser alone."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def create(self, key_id: str) -> str | None:
        """A session's token, valid for SESSION_LIFETIME; None where the key is not valid any more."""
        return await self._create(key_id, SESSION_PREFIX, SESSION_LIFETIME)

    async def create_link(self, key_id: str) -> str | None:
        """A token that signs in once, within LINK_LIFETIME; None where the key is not valid."""
        return await self._create(key_id, LINK_PREFIX, LINK_LIFETIME)

    async def redeem(self, link: str) -> str | None:
        """A session for a link's token, which is used up; None where it was used, has expired, or is none."""
        async with self._engine.begin() as connection:
            key_id = (await connection.execute(_REDEEM, {"token_hash": hash_token(link)})).scalar_one_or_none()
        return None if key_id is None else await self.create(key_id)

    async def end(self, token: str) -> None:
        """Sign out. Idempotent."""
        async with self._engine.begin() as connection:
            await connection.execute(_END, {"token_hash": hash_token(token)})

    async def _create(self, key_id: str, prefix: str, lifetime: str) -> str | None:
        token = prefix + token_urlsafe(TOKEN_BYTES)
        values = {
            "token_hash": hash_token(token),
            "key_id": key_id,
            "is_link": prefix == LINK_PREFIX,
            "lifetime": lifetime,
        }
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET_EXPIRED)
            created = (await connection.execute(_CREATE, values)).rowcount
        return token if created else None

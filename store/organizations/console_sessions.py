"""Sessions of the console: a browser that was signed in with a key may do what the key may, for as long as it may.

What is stored is a token's hash. A revoked or expired key ends its sessions with it: both are looked up as one.
"""

import hashlib
from secrets import token_urlsafe

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

SESSION_PREFIX = "ods_"
LINK_PREFIX = "odl_"
TOKEN_BYTES = 32
SESSION_LIFETIME = "12 hours"
LINK_LIFETIME = "1 hour"

_VALID_KEY = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())"
CALLER_OF_SESSION = f"""
    SELECT k.id AS key_id, k.organization_id, k.role, k.expires_at,
           k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute' AS to_note
    FROM console_sessions s JOIN api_keys k ON k.id = s.key_id
    WHERE s.token_hash = %(key_hash)s AND NOT s.is_link AND s.expires_at > now() AND {_VALID_KEY}
"""  # noqa: S608 - our own constants
_CREATE = text(f"""
    INSERT INTO console_sessions (token_hash, key_id, is_link, expires_at)
    SELECT :token_hash, k.id, :is_link, now() + CAST(:lifetime AS varchar)::interval
    FROM api_keys k WHERE k.id = :key_id AND {_VALID_KEY}
""")  # noqa: S608 - our own constants
_REDEEM = text("""
    DELETE FROM console_sessions WHERE token_hash = :token_hash AND is_link AND expires_at > now() RETURNING key_id
""")
_FORGET_EXPIRED = text("DELETE FROM console_sessions WHERE expires_at <= now()")
_END = text("DELETE FROM console_sessions WHERE token_hash = :token_hash")


class ConsoleSessions:
    """Tokens are random, and shown to the browser alone."""

    def __init__(self, engine: AsyncEngine) -> None:
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
            key_id = (await connection.execute(_REDEEM, {"token_hash": _hashed(link)})).scalar_one_or_none()
        return None if key_id is None else await self.create(key_id)

    async def end(self, token: str) -> None:
        """Sign out. Idempotent."""
        async with self._engine.begin() as connection:
            await connection.execute(_END, {"token_hash": _hashed(token)})

    async def _create(self, key_id: str, prefix: str, lifetime: str) -> str | None:
        token = prefix + token_urlsafe(TOKEN_BYTES)
        values = {
            "token_hash": _hashed(token),
            "key_id": key_id,
            "is_link": prefix == LINK_PREFIX,
            "lifetime": lifetime,
        }
        async with self._engine.begin() as connection:
            await connection.execute(_FORGET_EXPIRED)
            created = (await connection.execute(_CREATE, values)).rowcount
        return token if created else None


def _hashed(token: str) -> str:
    """SHA-256 suffices: a token is 256 random bits."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()

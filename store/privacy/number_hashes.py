"""Numbers as keyed hashes: they can be compared with a number that is given, and nobody else can read them.

There are few enough numbers to try them all, so that a hash without a key hides nothing. The key is in the database,
sealed by OUTDIAL_SECRET: who has the database alone has neither, and a new secret changes no hash.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from secrets import token_hex

from domain.phone.identity import identify
from store.db.engine import AnyConnection, Database, fetch_value, fetch_values, run
from store.db.vault import Vault

HASH = "hash:"  # what a hash begins with, where a number may stand
HASH_DIGITS = 32
KEY_BYTES = 32

_CREATE = "INSERT INTO hash_keys (key) VALUES (%(key)s) ON CONFLICT DO NOTHING"
_READ = "SELECT key FROM hash_keys"
_RESEAL = "UPDATE hash_keys SET key = %(key)s"
_ANY_SUPPRESSED = "SELECT EXISTS (SELECT 1 FROM suppressed_numbers WHERE organization_id = %(organization)s)"
_SUPPRESSED = """
    SELECT number_hash FROM suppressed_numbers
    WHERE organization_id = %(organization)s AND number_hash = ANY(string_to_array(%(hashes)s, chr(10)))
"""


class NumberHashes:
    """One key for all organizations; a telephone's writings have one hash."""

    def __init__(self, engine: Database, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault
        self._key: bytes | None = None

    async def prepare(self) -> None:
        """Make the key where there is none, and seal it with the newest secret. In a transaction of its own: what is
        hashed with it must not be lost with another's. Raises NoSecret, Unreadable."""
        if self._key is not None:
            return
        async with self._engine.transaction() as connection:
            await run(connection, _CREATE, {"key": self._vault.seal(token_hex(KEY_BYTES))})
            await self._load(connection)
            await run(connection, _RESEAL, {"key": self._vault.seal(self._loaded().hex())})

    def hash(self, number: str) -> str:
        """Of a number, E.164, once the key is known."""
        made = hmac.digest(self._loaded(), identify(number).encode(), sha256).hex()
        return f"{HASH}{made[:HASH_DIGITS]}"

    async def find_suppressed(
        self, connection: AnyConnection, organization_id: str, numbers: Iterable[str]
    ) -> frozenset[str]:
        """The identities of those of these numbers whose persons were forgotten."""
        if not await fetch_value(connection, _ANY_SUPPRESSED, {"organization": organization_id}):
            return frozenset()
        if self._key is None:
            await self._load(connection)
        by_hash = {self.hash(number): identify(number) for number in numbers}
        values = {"organization": organization_id, "hashes": "\n".join(by_hash)}
        return frozenset(by_hash[found] for found in await fetch_values(connection, _SUPPRESSED, values))

    async def _load(self, connection: AnyConnection) -> None:
        self._key = bytes.fromhex(self._vault.open(str(await fetch_value(connection, _READ))))

    def _loaded(self) -> bytes:
        assert self._key is not None, "asked before the key was read"  # noqa: S101
        return self._key

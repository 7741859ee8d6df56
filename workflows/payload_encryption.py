"""Payloads as Temporal keeps them where OUTDIAL_PAYLOAD_KEYS is set: AES-256-GCM, the key's id beside each.

A key's id and the AES keys are derived from the secret (RFC 5869). Each process draws a salt, and with it an AES key of
its own: random nonces of 96 bits are safe for 2³² payloads of one AES key (NIST SP 800-38D, 8.3), which one secret
would pass within weeks of many calls.
"""

import base64
import os
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

MIN_KEY_LENGTH = 32  # characters; `openssl rand -hex 32` gives 64
ENCODING = b"binary/encrypted"  # as in Temporal's samples: tools know it by this name
KEY_ID = "encryption-key-id"
SALT_BYTES = 16
NONCE_BYTES = 12
KEPT_CIPHERS = 4096  # of other processes, living and dead, whose payloads are read
_IDS = b"outdial: id of a payload key"
_KEYS = b"outdial: payloads in Temporal"


class UndecodablePayload(Exception):
    """A payload was encrypted with a key that this process does not have, or was changed."""


class PayloadEncryption(PayloadCodec):
    """Of several secrets the first encrypts, all decrypt. What is not encrypted is passed on as it is, so that
    encryption can be switched on while workflows run."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = {_key_id(secret): secret for secret in secrets}
        self._newest = next(iter(self._secrets))
        self._draw_salt()
        os.register_at_fork(after_in_child=self._draw_salt)

    @classmethod
    def from_setting(cls, setting: str) -> "PayloadEncryption | None":
        """Read OUTDIAL_PAYLOAD_KEYS: secrets with commas between them; None: there are none. Raises ValueError for
        short ones."""
        secrets = [secret for part in setting.split(",") if (secret := part.strip())]
        if any(len(secret) < MIN_KEY_LENGTH for secret in secrets):
            raise ValueError(
                f"OUTDIAL_PAYLOAD_KEYS: each key must have at least {MIN_KEY_LENGTH} characters: openssl rand -hex 32"
            )
        return cls(secrets) if secrets else None

    @property
    def key_ids(self) -> Collection[str]:
        """The newest first."""
        return self._secrets.keys()

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Raises UndecodablePayload."""
        return [self.decrypt(payload) for payload in payloads]

    def encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._own.encrypt(nonce, payload.SerializeToString(), None)
        metadata = {"encoding": ENCODING, KEY_ID: self._newest.encode()}
        return Payload(metadata=metadata, data=self._salt + nonce + sealed)

    def decrypt(self, payload: Payload) -> Payload:
        """Raises UndecodablePayload."""
        key_id = key_id_of(payload)
        if key_id is None:
            return payload
        secret = self._secrets.get(key_id)
        if secret is None:
            raise UndecodablePayload(f"OUTDIAL_PAYLOAD_KEYS has no key {key_id}.")
        salt, nonce = payload.data[:SALT_BYTES], payload.data[SALT_BYTES : SALT_BYTES + NONCE_BYTES]
        try:
            opened = _cipher(secret, salt).decrypt(nonce, payload.data[SALT_BYTES + NONCE_BYTES :], None)
        except (InvalidTag, ValueError):  # ValueError: it is shorter than a nonce
            raise UndecodablePayload(f"A payload of the key {key_id} was changed.") from None
        return Payload.FromString(opened)

    def _draw_salt(self) -> None:
        self._salt = os.urandom(SALT_BYTES)
        self._own = _cipher(self._secrets[self._newest], self._salt)


def key_id_of(payload: Payload) -> str | None:
    """Which key encrypted it; None: it is not encrypted."""
    if payload.metadata.get("encoding") != ENCODING:
        return None
    return payload.metadata.get(KEY_ID, b"").decode(errors="replace")


def key_ids_of(payloads: Iterable[Payload]) -> set[str]:
    return {key_id for payload in payloads if (key_id := key_id_of(payload)) is not None}


def _key_id(secret: str) -> str:
    """It tells nothing of the secret."""
    return base64.b32encode(_derived(secret, None, _IDS)[:10]).decode("ascii").lower()


@lru_cache(maxsize=KEPT_CIPHERS)
def _cipher(secret: str, salt: bytes) -> AESGCM:
    return AESGCM(_derived(secret, salt, _KEYS))


def _derived(secret: str, salt: bytes | None, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=use).derive(secret.encode())

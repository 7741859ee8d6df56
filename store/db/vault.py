"""Sealed texts, and tokens that only we can make: one master secret, and a key derived from it for each use."""

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from store.errors import NoSecret, Unreadable

MIN_SECRET_LENGTH = 32  # characters; `openssl rand -hex 32` gives 64
KEY_BYTES = 32
AT_REST = b"outdial: kept at rest"
CALL_TOKENS = b"outdial: tokens of calls"


class Vault:
    """Seals texts (Fernet: AES-128-CBC with HMAC-SHA256) and makes the tokens of calls.

    Of several secrets the first seals and makes tokens; what the others sealed or made is still known, so that a
    secret is replaced by putting a new one in front and dropping the old one later. Without any nothing is sealed
    and no token is given or known.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if any(len(secret) < MIN_SECRET_LENGTH for secret in secrets):
            raise ValueError(f"OUTDIAL_SECRET must have at least {MIN_SECRET_LENGTH} characters: openssl rand -hex 32")
        self._fernets = [Fernet(base64.urlsafe_b64encode(_derived(secret, AT_REST))) for secret in secrets]
        self._token_keys = [_derived(secret, CALL_TOKENS) for secret in secrets]

    @classmethod
    def from_setting(cls, setting: str) -> "Vault":
        """Read `OUTDIAL_SECRET`: secrets with commas between them, or nothing. Raises ValueError for short ones."""
        return cls([secret for part in setting.split(",") if (secret := part.strip())])

    @property
    def can_seal(self) -> bool:
        return bool(self._fernets)

    def seal(self, text: str) -> str:
        """Make a text unreadable without the secret. Raises NoSecret."""
        if not self._fernets:
            raise NoSecret
        return self._fernets[0].encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """What was sealed. Raises NoSecret, Unreadable where no secret of ours sealed it."""
        if not self._fernets:
            raise NoSecret
        try:
            return MultiFernet(self._fernets).decrypt(sealed).decode()
        except InvalidToken:
            raise Unreadable from None

    def call_token(self, call_id: str) -> str | None:
        """The token with which a call's agent speaks of this call and no other; None without a secret."""
        return _token(self._token_keys[0], call_id) if self._token_keys else None

    def is_call_token(self, call_id: str, token: str) -> bool:
        """Whether the token was made for this call; takes as long whatever it is."""
        given = token.encode(errors="surrogatepass")
        made = [_token(key, call_id).encode("ascii") for key in self._token_keys]
        return any([hmac.compare_digest(one, given) for one in made])


def _derived(secret: str, use: bytes) -> bytes:
    """One key for one use (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=use).derive(secret.encode())


def _token(key: bytes, call_id: str) -> str:
    made = hmac.new(key, call_id.encode(errors="surrogatepass"), sha256).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")

"""What keys and the tokens of sessions have in common: how they are stored, and until when a key is valid."""

import hashlib

IS_VALID_KEY = "k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())"  # of `api_keys k`


def hash_token(token: str) -> str:
    """SHA-256 suffices: a key or token is 256 random bits, nothing that could be guessed from a list."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()

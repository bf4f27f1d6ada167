"""Keys, keyed hashes and tokens: everything that turns a secret into something safe to keep."""

import hashlib
import hmac
import secrets
from functools import lru_cache

SECRET_BYTES = 32


class Keys:
    """One key a purpose, all derived from one secret (HKDF with SHA-256, RFC 5869).

    Raises ValueError for a secret shorter than 32 bytes. Changing the secret makes every stored keyed hash
    unfindable, access codes included: it is chosen once and kept with the backups.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"the secret key has {len(secret)} bytes; it needs at least {SECRET_BYTES}")
        self._root = hmac.digest(b"loket", secret, "sha256")
        self._derive = lru_cache(maxsize=64)(self._expand)

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose; knowing one tells nothing of another."""
        return self._derive(purpose)

    def keyed_hash(self, purpose: str, text: str) -> str:
        """HMAC-SHA256 of a text under the purpose's key, as 64 hexadecimal digits."""
        return hmac.new(self.derive(purpose), text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def _expand(self, purpose: str) -> bytes:
        return hmac.digest(self._root, purpose.encode() + b"\x01", "sha256")


def token() -> str:
    """A new 256-bit random token that can stand in a link."""
    return secrets.token_urlsafe(32)


def hash_token(text: str) -> str:
    """What the database keeps of a token: its SHA-256. Enough, since a token is random and long."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

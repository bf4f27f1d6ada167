"""Key derivation, keyed hashes and random tokens."""

import hashlib
import hmac
import secrets
from functools import lru_cache

SECRET_BYTES = 32
KEY_ID_LENGTH = 16  # hexadecimal digits


class Keys:
    """One key for each purpose, all derived from one secret (HKDF with SHA-256, RFC 5869), and during a key rotation
    those of the old secret too.

    New rows are made with the current secret. Rows made with `old` are found too, through `keyed_hashes`. Raises
    ValueError for a secret shorter than 32 bytes. Without its secret no stored keyed hash can be found, access codes
    included: keep it apart from the backups, and as long as they are kept (`seeds.missing_keys`).
    """

    def __init__(self, secret: bytes, old: bytes | None = None) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"the secret key has {len(secret)} bytes; it needs at least {SECRET_BYTES}")
        self._root = hmac.digest(b"loket", secret, "sha256")
        self._derive = lru_cache(maxsize=64)(self._expand)
        # The secret's fingerprint, by which rows refer to their key. It reveals nothing of the secret.
        self.id = self.derive("key-id").hex()[:KEY_ID_LENGTH]
        self.old = None if old is None else Keys(old)

    @property
    def all(self) -> "tuple[Keys, ...]":
        """The keys of the current secret and, if set, of the old one."""
        return (self,) if self.old is None else (self, self.old)

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose; it reveals nothing of the others."""
        return self._derive(purpose)

    def keyed_hash(self, purpose: str, text: str) -> str:
        """HMAC-SHA256 of a text under the purpose's key, as 64 hexadecimal digits."""
        return hmac.new(self.derive(purpose), text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def keyed_hashes(self, purpose: str, text: str) -> tuple[str, str]:
        """The keyed hashes of a text with the current and the old secret; twice the same if only one is set. Look-ups
        always use both, so that known and unknown cost the same.
        """
        hashes = [each.keyed_hash(purpose, text) for each in self.all]
        return hashes[0], hashes[-1]

    def _expand(self, purpose: str) -> bytes:
        return hmac.digest(self._root, purpose.encode() + b"\x01", "sha256")


def new_token() -> str:
    """A new random 256-bit token, URL-safe."""
    return secrets.token_urlsafe(32)


def hash_token(text: str) -> str:
    """The SHA-256 of a token, to store. No slow hash is needed, since a token is random and long."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

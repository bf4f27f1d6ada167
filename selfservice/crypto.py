"""Keys, keyed hashes and tokens: everything that turns a secret into something safe to keep."""

import hashlib
import hmac
import secrets
from functools import lru_cache

SECRET_BYTES = 32
KEY_ID_LENGTH = 16  # hexadecimal digits


class Keys:
    """One key a purpose, all derived from one secret (HKDF with SHA-256, RFC 5869), and beside them those of the secret
    before it while the two are being rotated.

    New rows are made with the first. What was made with `old` is found too, through `keyed_hashes` and `by_id`.
    Raises ValueError for a secret shorter than 32 bytes. Without its secret no stored keyed hash can be found, access
    codes included: it is kept apart from the backups, and as long as they are (`crypto.missing_keys`).
    """

    def __init__(self, secret: bytes, old: bytes | None = None) -> None:
        if len(secret) < SECRET_BYTES:
            raise ValueError(f"the secret key has {len(secret)} bytes; it needs at least {SECRET_BYTES}")
        self._root = hmac.digest(b"loket", secret, "sha256")
        self._derive = lru_cache(maxsize=64)(self._expand)
        # The secret's fingerprint, by which rows name the key that they were made with. It tells nothing of the secret.
        self.id = self.derive("key-id").hex()[:KEY_ID_LENGTH]
        self.old = None if old is None else Keys(old)

    @property
    def all(self) -> "tuple[Keys, ...]":
        """The keys of each secret that is set, the first first."""
        return (self,) if self.old is None else (self, self.old)

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose; knowing one tells nothing of another."""
        return self._derive(purpose)

    def keyed_hash(self, purpose: str, text: str) -> str:
        """HMAC-SHA256 of a text under the purpose's key, as 64 hexadecimal digits."""
        return hmac.new(self.derive(purpose), text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()

    def keyed_hashes(self, purpose: str, text: str) -> tuple[str, str]:
        """What a row that was made with either secret keeps of a text, the first secret's first; twice the same when
        only one is set. Both are always made and looked for, so that known and unknown cost the same.
        """
        hashes = [each.keyed_hash(purpose, text) for each in self.all]
        return hashes[0], hashes[-1]

    def _expand(self, purpose: str) -> bytes:
        return hmac.digest(self._root, purpose.encode() + b"\x01", "sha256")


def new_token() -> str:
    """A new 256-bit random token that can stand in a link."""
    return secrets.token_urlsafe(32)


def hash_token(text: str) -> str:
    """What the database keeps of a token: its SHA-256. Enough, since a token is random and long."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

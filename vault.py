"""A person's key of an exchange, sealed by the owner's password: scrypt, then AES-GCM."""

import base64
import hashlib
import json
import os
import re
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT, SALT, NONCE = b"1", 16, 12
COST = {"n": 1 << 14, "r": 8, "p": 1}
LIKE_A_KEY = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z0-9]{64}){1,2}(?![A-Za-z0-9])")


class VaultError(Exception):
    """Say that something cannot be unsealed: another password, another user, or not whole."""


class Pair(NamedTuple):
    """A key and its secret, which shows nothing of itself."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Pair({mask(self.key)})"


def seal(pair: Pair, user_id: int, password: str) -> str:
    """Return a pair sealed for its user, as text."""
    salt, nonce = os.urandom(SALT), os.urandom(NONCE)
    plain = json.dumps([pair.key, pair.secret]).encode()
    box = AESGCM(derived(password, salt)).encrypt(nonce, plain, bound(user_id))
    return base64.urlsafe_b64encode(FORMAT + salt + nonce + box).decode()


def unseal(sealed: str, user_id: int, password: str) -> Pair:
    """Return the pair in a sealed text. Raises VaultError."""
    try:
        whole = base64.b64decode(sealed, altchars=b"-_", validate=True)
        start = len(FORMAT) + SALT + NONCE
        if whole[:1] != FORMAT or len(whole) <= start:
            raise VaultError("not a sealed key")
        salt, nonce = whole[1 : 1 + SALT], whole[1 + SALT : start]
        plain = AESGCM(derived(password, salt)).decrypt(nonce, whole[start:], bound(user_id))
    except (ValueError, InvalidTag) as error:
        raise VaultError("another password, another user, or not whole") from error
    return Pair(*json.loads(plain))


def derived(password: str, salt: bytes) -> bytes:
    """Return the 256 bits a password and a salt stand for; takes 16 MB for a moment."""
    return hashlib.scrypt(password.encode(), salt=salt, dklen=32, **COST)


def bound(user_id: int) -> bytes:
    """Return what ties a sealed text to its user."""
    return f"dort5bot {user_id}".encode()


def mask(key: str) -> str:
    """Return what may be shown of a key."""
    return f"{key[:4]}…{key[-4:]}" if len(key) >= 16 else "…"

"""Secrets at rest: AES-256-GCM under a key derived from SECRET_KEY, bound to the place where they lie.

A sealed value copied to another row or table does not open. SECRET_KEY_FALLBACKS still open what an older key sealed.
"""

import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = b"\x01"
NONCE = 12


class SealBroken(RuntimeError):
    """The bytes were not sealed here, for this place, by one of our keys."""


@lru_cache(maxsize=8)
def _cipher(secret_key: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"cxms sealing 1").derive(secret_key.encode()))


def seal(secret: bytes, *, place: str) -> bytes:
    """The secret sealed for a place, e.g. "7|integrations_endpoint|<id>"; every call gives other bytes."""
    nonce = os.urandom(NONCE)
    return VERSION + nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, secret, place.encode())


def unseal(sealed: bytes, *, place: str) -> bytes:
    """The secret sealed for this place. Raises SealBroken."""
    if sealed[:1] != VERSION or len(sealed) < 1 + NONCE + 16:
        raise SealBroken("not a sealed value")
    nonce, body = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return _cipher(key).decrypt(nonce, body, place.encode())
        except InvalidTag:
            continue
    raise SealBroken("no key of ours opens this here")

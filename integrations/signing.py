"""Standard Webhooks signatures: HMAC-SHA256 over "{id}.{timestamp}.{body}"; several during a rotation. Pure."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> bytes:
    """Fresh bytes of a secret."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """The secret as its owner keeps it."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(message_id: str, timestamp: int, body: bytes, secrets_: Sequence[bytes]) -> dict[str, str]:
    """The headers of one attempt; newest secret first."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    marks = [base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets_]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }

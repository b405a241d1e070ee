"""A 64-bit fingerprint of a normalised text: equal texts share it. Flags likely duplicates, never drops. Pure."""

from hashlib import blake2b


def fingerprint(normal: str) -> int:
    """A signed 64-bit number; 0 for an empty text."""
    if not normal:
        return 0
    return int.from_bytes(blake2b(normal.lower().encode(), digest_size=8).digest(), "big", signed=True)

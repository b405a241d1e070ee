"""Small pure rules about text: cleaning what PostgreSQL cannot hold, codes, normal forms."""

import re
import unicodedata

_LONE = re.compile("[\ud800-\udfff\x00]")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}\Z")


def clean_text(text: str) -> str:
    """The text as it came, with NUL and lone surrogates replaced by U+FFFD (one code point for one)."""
    return _LONE.sub("\ufffd", text)


def is_storable(text: str) -> bool:
    """True when the text holds neither NUL nor lone surrogates, as codes and ids must."""
    return _LONE.search(text) is None


def normal_form(text: str) -> str:
    """The NFKC copy with white space folded, for fingerprints and search."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def mask_name(name: str) -> str:
    """A name reduced to its first character: 陈建国 → 陈**."""
    name = name.strip()
    return name[:1] + "*" * min(2, max(1, len(name) - 1)) if name else ""


def mask_phone(phone: str) -> str:
    """A phone number reduced to its ends: +8613812346629 → 138 **** 6629; an extension is left out."""
    digits = re.sub(r"\D", "", phone.partition(";")[0])
    local = digits[2:] if digits.startswith("86") and len(digits) == 13 else digits
    return f"{local[:3]} **** {local[-4:]}" if len(local) >= 8 else "****"


def mask_email(email: str) -> str:
    """An address reduced to its first character and its domain: chen@example.com → c***@example.com."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}***@{domain}" if at else "***"

"""Normal forms of phone numbers and addresses, so that one customer is recognised whatever way he writes. Pure."""

import unicodedata
from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=20_000)
def normal_phone(text: str, region: str = "CN") -> str:
    """E.164 where the number is plausible, else the bare digits; "" when there are fewer than 5."""
    folded = unicodedata.normalize("NFKC", text).strip()
    try:
        number = phonenumbers.parse(folded, region)
        if phonenumbers.is_possible_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        pass
    digits = "".join(c for c in folded if c.isdigit())
    return digits[:20] if len(digits) >= 5 else ""


def normal_email(text: str) -> str:
    """Lower case, NFKC, trimmed; "" when it cannot be an address."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    local, _, domain = folded.rpartition("@")
    return folded if local and "." in domain and " " not in folded and len(folded) <= 254 else ""

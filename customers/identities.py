"""Normal forms of phone numbers and addresses, so that one customer is recognised whatever way he writes. Pure."""

import re
import unicodedata
from functools import lru_cache

import phonenumbers

MOST_PHONE = 48
EXTENSION = ";ext="
# how a Chinese hand writes that a switchboard is to put one through
_THROUGH = re.compile(r"\s*(?:转|轉|分机|分機)[转轉分机機号號:.\s]*(?=\d)")


@lru_cache(maxsize=20_000)
def normal_phone(text: str, region: str = "CN") -> str:
    """E.164 where the number is plausible, else the bare digits; "" when there are fewer than 5. At most `MOST_PHONE` characters.

    An extension stays (“+862162345678;ext=801”, as RFC 3966 writes it): behind one switchboard sit many.
    """
    folded = _THROUGH.sub(" ext ", unicodedata.normalize("NFKC", text).strip())
    try:
        number = phonenumbers.parse(folded, region)
        if phonenumbers.is_possible_number(number):
            said = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            return f"{said}{EXTENSION}{number.extension}" if number.extension else said
    except phonenumbers.NumberParseException:
        pass
    digits = "".join(c for c in folded if c.isdigit())
    return digits[:MOST_PHONE] if len(digits) >= 5 else ""


def phone_tail(phone: str) -> str:
    """The last four digits of a phone in its normal form, by which one is found; an extension is none of them."""
    return phone.partition(EXTENSION)[0][-4:]


def normal_email(text: str) -> str:
    """Lower case, NFKC, trimmed; "" when it cannot be an address."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    local, _, domain = folded.rpartition("@")
    return folded if local and "." in domain and " " not in folded and len(folded) <= 254 else ""

"""How likely two customers are one person: agreement weights added up (Fellegi & Sunter 1969). Pure.

Each sign speaks for or against in bits, log2 of how much oftener it is seen among the same person than among strangers
who share a phone, an address or a name. The weights are ours, set by hand; a person decides.
"""

import math
from dataclasses import dataclass

from cxms.lib import name_sounds

# two customers taken at random among those who share something are rarely one
PRIOR = -4.0
UNION, PHONE, EMAIL = 14.0, 8.0, 9.0
# many have two WeChats: a phone in common outweighs it, a name that differs does not
OTHER_UNION, OTHER_PHONE, OTHER_EMAIL = -5.0, -2.5, -1.0
OTHER_NAME, OTHER_EXTERNAL = -7.0, -2.0
SOUNDS = 3.0
RAREST_NAME = 10.0
POSSIBLE = 0.2


@dataclass(frozen=True)
class Known:
    """What is known of one of the two; any field may be empty. Phones and addresses in their normal form."""

    name: str = ""
    phone: str = ""
    email: str = ""
    union_id: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class Likeness:
    """score: 0…1. signs: (what, bits), the heaviest first: union, phone, email, name, sound, external; “-” before it speaks against."""

    score: float
    signs: tuple[tuple[str, float], ...]


def likeness(one: Known, other: Known, *, n_same_name: int = 1, n_customers: int = 1) -> Likeness:
    """How likely it is one person. n_same_name of n_customers bear the name: the rarer it is, the more it says."""
    signs = [
        *_agree("union", one.union_id, other.union_id, UNION, OTHER_UNION),
        *_agree("phone", one.phone, other.phone, PHONE, OTHER_PHONE),
        *_agree("email", one.email, other.email, EMAIL, OTHER_EMAIL),
        *_names(one.name, other.name, n_same_name, n_customers),
    ]
    if one.external_id and other.external_id and one.external_id != other.external_id:
        signs.append(("-external", OTHER_EXTERNAL))
    bits = PRIOR + sum(weight for _, weight in signs)
    return Likeness(1 / (1 + 2**-bits), tuple(sorted(signs, key=lambda sign: -abs(sign[1]))))


def _agree(what: str, one: str, other: str, same: float, differs: float) -> list[tuple[str, float]]:
    if not one or not other:
        return []
    return [(what, same)] if one == other else [(f"-{what}", differs)]


def _names(one: str, other: str, n_same: int, n: int) -> list[tuple[str, float]]:
    one, other = "".join(one.split()), "".join(other.split())
    if not one or not other:
        return []
    if one == other:
        rare = math.log2(max(n, 2) / max(n_same, 1))
        return [("name", min(RAREST_NAME, max(1.0, rare)))]
    # 王先生 may be 王建国; 王建国 and 李建国 are not the same
    if _is_title(one, other) or _is_title(other, one):
        return []
    if name_sounds.keys(one).split()[:1] == name_sounds.keys(other).split()[:1]:
        return [("sound", SOUNDS)]
    return [("-name", OTHER_NAME)]


def _is_title(short: str, full: str) -> bool:
    """True for a surname with a title, or a name written over, of somebody with the same surname."""
    return short[:1] == full[:1] and (short[1:] in {"先生", "女士", "小姐", "太太", "总", "老师"} or set(short[1:]) <= {"*", "＊", "某"})

"""谁会知道: who a policy tells at each level, as ticks in its form, and back to what is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from complaints.ladder import DUTY, MEMBER, OWNER, SHIPPED
from tenancy import queries
from tenancy.enums import Role
from web.door import Visit

OFFERED = (OWNER, Role.STORE_MANAGER, Role.REGION_MANAGER, Role.CX_MANAGER, Role.EXECUTIVE, DUTY, Role.ADMIN)
MOST = 320


@dataclass(frozen=True)
class Tick:
    """One who may be told at a level."""

    who: str
    name: str
    is_on: bool


@dataclass(frozen=True)
class Level:
    """A level of the ladder: when, and who joins there."""

    number: str
    when: str
    ticks: tuple[Tick, ...]


def _when() -> dict[str, str]:
    return {
        "1": _("时限用到 75% 以前的提醒"),
        "2": _("75% 及以后的提醒"),
        "3": _("到点没有做到"),
        "4": _("失约后再升级"),
    }


def _name(who: str) -> str:
    said = {OWNER: _("负责人；没有负责人就告诉门店"), DUTY: _("值班负责人")}
    return said.get(who) or str(Role(who).label)


def levels(ladder: Mapping[str, Sequence[str]], visit: Visit) -> list[Level]:
    """The four levels with everybody who may be ticked; a member who has left is shown by his e-mail."""
    names = {member.user.email: member.name for member in queries.members_of(organisation=visit.organisation.id)}
    found = []
    for number, when in _when().items():
        said = ladder.get(number, SHIPPED[number])
        extra = [who for who in said if who not in OFFERED]
        ticks = [Tick(who, _name(who), who in said) for who in OFFERED]
        ticks += [Tick(who, _named(who, names), True) for who in extra]
        found.append(Level(number, when, tuple(ticks)))
    return found


def _named(who: str, names: Mapping[str, str]) -> str:
    email = who.removeprefix(MEMBER)
    return names.get(email, email) if who.startswith(MEMBER) else _name(who)


def typed(request: HttpRequest, before: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What the form says of each level; a form that does not show the ladder leaves it as it was."""
    if "ladder" not in request.POST:
        return {level: list(said) for level, said in before.items()}
    found = {}
    for level in SHIPPED:
        ticked = [who.replace("\x00", "")[:MOST] for who in request.POST.getlist(f"l{level}")[:20]]
        added = request.POST.get(f"l{level}_add", "").replace("\x00", "").strip()[:MOST]
        found[level] = [*ticked, *([f"{MEMBER}{added}"] if added else [])]
    return found

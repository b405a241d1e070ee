"""Groups of a hierarchy in a page's URL: `group=HIERARCHY/CODE` narrows to one, `by=h:HIERARCHY@LEVEL` cuts by them."""

from dataclasses import dataclass
from functools import cached_property

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from metrics.grouping import BY
from metrics.series import Where
from tenancy import groups
from tenancy.groups import UNGROUPED
from tenancy.models import Hierarchy
from web.door import Visit


def asked(request: HttpRequest, visit: Visit) -> tuple[str, str]:
    """(hierarchy, group) that the URL narrows to, ("", "") for none. What the organisation does not have is not found."""
    hierarchy, _slash, code = request.GET.get("group", "").replace("\x00", "").partition("/")
    if not code or request.GET.get("unit"):
        return "", ""
    organisation = visit.organisation.id
    if groups.by_code(hierarchy, organisation=organisation) is None:
        raise Http404
    if code != UNGROUPED and code not in {row.code for row in groups.groups(hierarchy, organisation=organisation)}:
        raise Http404
    return hierarchy, code


def key_of(hierarchy: str, code: str | None) -> str:
    """The value of `group` in a URL."""
    return f"{hierarchy}/{code or UNGROUPED}"


def given(where: Where) -> dict[str, str]:
    """The filters of `where` as a URL names them."""
    found = where.given()
    return found | {"group": key_of(where.hierarchy, where.group)} if where.group else found


@dataclass(frozen=True)
class Choices:
    """The hierarchies of an organisation, as menus offer them."""

    organisation: int

    @cached_property
    def hierarchies(self) -> list[Hierarchy]:
        """Those in use."""
        return groups.hierarchies(organisation=self.organisation)

    @cached_property
    def by(self) -> dict[str, str]:
        """What a page may be cut by: the leaves of each hierarchy, and each level above them."""
        found = {}
        for row in self.hierarchies:
            depth = max((group.depth for group in groups.groups(row.code, organisation=self.organisation)), default=0)
            if depth:
                found[f"{BY}{row.code}"] = row.name
            for level in range(1, depth):
                found[f"{BY}{row.code}@{level}"] = _("%(name)s · 第 %(n)d 层") % {"name": row.name, "n": level}
        return found

    def offered(self, where: Where) -> dict[str, str]:
        """What a page may be cut by under its filters: within a group, its own hierarchy; within a unit, none."""
        places = {"store": _("门店")} | ({} if where.group else {"region": _("大区")})
        if where.unit:
            return places
        mine = {by: name for by, name in self.by.items() if not where.group or by.removeprefix(BY).partition("@")[0] == where.hierarchy}
        return places | mine

    def keys(self, hierarchy: str) -> dict[str, str]:
        """The groups of a hierarchy as a URL names them, in the order of its tree, those of no group last."""
        rows = [row for row in groups.groups(hierarchy, organisation=self.organisation) if row.retired_at is None]
        found = {key_of(hierarchy, row.code): "\u00a0\u00a0" * (row.depth - 1) + row.name for row in rows}
        return found | {key_of(hierarchy, None): _("未归组")}

    def names(self, hierarchy: str) -> dict[str | None, str]:
        """Names of a hierarchy's groups by code; None is what belongs to none."""
        rows = groups.groups(hierarchy, organisation=self.organisation)
        return {row.code: row.name for row in rows} | {None: _("未归组"), UNGROUPED: _("未归组")}

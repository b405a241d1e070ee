"""The unit switcher: `?unit=CODE` in the URL narrows a page to a subtree the person sees."""

from dataclasses import dataclass, replace
from functools import cached_property

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from complaints.queries import Filters
from tenancy import queries
from tenancy.enums import UnitKind
from tenancy.models import Unit
from web.door import Visit


@dataclass(frozen=True)
class Choice:
    """A line of the switcher."""

    unit: Unit
    depth: int
    query: str
    is_here: bool


class Switcher:
    """The units a person may choose among and the one chosen. An unknown or foreign code is not found."""

    def __init__(self, request: HttpRequest, visit: Visit) -> None:
        self.request, self.visit = request, visit
        self.code = request.GET.get("unit", "")
        if self.code and self.chosen is None:
            raise Http404

    @cached_property
    def units(self) -> list[Unit]:
        """The units of the person's subtrees, parents before children."""
        return queries.units_of(organisation=self.visit.organisation.id, paths=self.visit.seat.paths)

    @cached_property
    def chosen(self) -> Unit | None:
        """The unit named in the URL."""
        return next((unit for unit in self.units if unit.code == self.code), None)

    @property
    def label(self) -> str:
        """What the button says: 全公司 · 40 家门店."""
        top = self.chosen or (None if self.visit.seat.sees_all else next(iter(self.units), None))
        path = top.path if top else "/"
        n = sum(unit.kind == UnitKind.STORE and unit.path.startswith(path) for unit in self.units)
        name = _("全公司") if top is None or top.kind == UnitKind.HEADQUARTERS else top.name
        if top is not None and top.kind == UnitKind.STORE:
            return name
        return name + " · " + ngettext("%(n)d 家门店", "%(n)d 家门店", n) % {"n": n}

    @property
    def choices(self) -> list[Choice]:
        """Every line, with the rest of the URL's query kept."""
        floor = min((unit.path.count("/") for unit in self.units), default=0)
        found = []
        for unit in self.units:
            query = self.request.GET.copy()
            query.pop("page", None)
            query["unit"] = unit.code
            is_here = unit.code == self.code
            found.append(Choice(unit, min(unit.path.count("/") - floor, 3), query.urlencode(), is_here))
        return found

    @property
    def without(self) -> str:
        """The URL's query without a unit."""
        query = self.request.GET.copy()
        query.pop("unit", None)
        query.pop("page", None)
        return query.urlencode()

    def narrow(self, filters: Filters) -> Filters:
        """The filters inside the person's subtrees and the chosen unit."""
        return replace(filters, unit=self.code, paths=self.visit.seat.paths)

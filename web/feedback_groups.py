"""相似的话: what the list of voices holds, put together by likeness; under the same filters, each group opens its rows."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from feedback import masking, queries
from feedback.search_form import search_form
from reports import groups
from web.door import Visit, needs
from web.feedback import asked_of, ids_of, lines_of
from web.units import Switcher


@needs("feedback:read")
def listing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The groups of the newest voices with analysed words that the filters leave; `open` names the one whose rows are shown."""
    organisation, asked = visit.organisation.id, asked_of(request, visit)
    rows = queries.in_order(ids_of(asked, organisation, most=groups.MOST), organisation=organisation)
    read = queries.analyses([row.id for row in rows], organisation=organisation)
    said = [row for row in rows if row.text and row.id in read]
    # likeness is that of what may be shown: nobody's number makes two voices alike
    found = groups.group([search_form(masking.hidden(row.text, read[row.id].pii)) for row in said])
    wanted, query = request.GET.get("open", ""), request.GET.copy()
    query.pop("open", None)
    shown: list[dict[str, Any]] = []
    # however many groups there are, their sentences are asked for at once
    for one, line in zip(found, lines_of([said[one.centre] for one in found], organisation), strict=True):
        is_open = str(line.row.id) == wanted
        lines = lines_of([said[place] for place in one.members], organisation) if is_open else []
        shown.append({"line": line, "n": len(one.members), "likeness": round(100 * one.likeness), "is_open": is_open, "lines": lines})
    context = {"units": Switcher(request, visit), "groups": shown, "n": len(said), "query": query.urlencode(), "most": groups.MOST}
    return render(request, "feedback/groups.html", context)

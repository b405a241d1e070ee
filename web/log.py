"""登记: a complaint of a known customer in two clicks and twelve keys, of a walk-in in three clicks.

The customer by the last four digits, the words as they were said, the rest filled in; one button starts the clocks.
"""

import json
import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import desk, intake, links, queries
from complaints.enums import Severity
from complaints.intake import Complaint
from complaints.models import Ticket
from customers import queries as customer_queries
from customers.cards import Card
from customers.models import Customer
from cxms.lib.errors import DomainError
from cxms.lib.text import clean_text
from feedback import normalise, topics
from feedback.intake import Source
from feedback.shapes import RawVoice
from tenancy import queries as tenancy_queries
from tenancy.enums import UnitKind
from tenancy.models import Unit
from web.customer_links import address
from web.door import Visit, needs

MAX_TEXT = 20_000


def units_of(visit: Visit) -> list[Unit]:
    """Where this person may log a complaint: his stores, else his units."""
    found = tenancy_queries.units_of(organisation=visit.organisation.id, paths=visit.seat.paths)
    stores = [unit for unit in found if unit.kind in {UnitKind.STORE, UnitKind.TEAM}]
    return stores or found


def known_customer(text: str, visit: Visit) -> Customer | None:
    """The customer a form names, or None."""
    try:
        key = uuid.UUID(text)
    except ValueError:
        return None
    return Customer.objects.filter(organisation_id=visit.organisation.id, id=key).first()


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: str(request.POST.get(name, "")) for name in request.POST}


@needs("complaints:write")
def log(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The form; POST files the complaint once per form token."""
    if request.method != "POST":
        return _form(request, visit, {"token": uuid.uuid4().hex, "channel": "store"}, {})
    typed = _typed(request)
    wrong = _wrong(typed)
    if wrong:
        return _form(request, visit, typed, wrong, status=400)
    try:
        ticket = _file(typed, visit)
    except DomainError as error:
        return _form(request, visit, typed, {str(error.field).split(".")[-1]: str(error.message)}, status=400)
    return redirect("log-done", number=ticket.number)


def _wrong(typed: dict[str, str]) -> dict[str, str]:
    if not typed.get("text", "").strip():
        return {"text": _("写下客户说的话，一句也行")}
    if len(typed["text"]) > MAX_TEXT:
        return {"text": _("最多 %(most)d 字") % {"most": MAX_TEXT}}
    return {}


def _file(typed: dict[str, str], visit: Visit) -> Ticket:
    token = "".join(c for c in typed.get("token", "") if c.isalnum())[:32] or uuid.uuid4().hex
    staff = visit.seat.member.staff
    here = {unit.code for unit in units_of(visit)}
    voice = RawVoice(
        channel="phone" if typed.get("channel") == "phone" else "store",
        text=clean_text(typed["text"].strip()),
        external_id=f"log:{token}",
        customer=_card(typed, token, visit),
        unit=typed.get("unit", "") if typed.get("unit") in here else "",
        staff=staff.employee_no if staff else "",
        touchpoint=typed.get("touchpoint", ""),
        metadata={"logged_by": visit.seat.member.name},
    )
    complaint = Complaint(
        voice,
        severity=typed["severity"] if typed.get("severity") in Severity.values else "",
        topics=(typed["topic"],) if typed.get("topic") in topics.LABELS else (),
    )
    body = json.dumps({k: v for k, v in typed.items() if k != "csrfmiddlewaretoken"}, ensure_ascii=False).encode()
    source = Source(body, "application/json", visit.actor)
    ticket, _fresh = intake.file(
        complaint, organisation=visit.organisation.id, source=source, now=visit.now, actor_name=visit.seat.member.name
    )
    return ticket


def _card(typed: dict[str, str], token: str, visit: Visit) -> Card | None:
    customer = known_customer(typed.get("customer", ""), visit)
    if customer is not None:
        return Card(external_id=customer.external_id or "", phone=customer.phone, email=customer.email)
    name, phone = typed.get("name", "").strip(), typed.get("phone", "").strip()
    if not name and not phone:
        return None
    # a walk-in who leaves only a name is nobody we could recognise again; the token makes him one of his own
    return normalise.card({"name": name, "phone": phone, "external_id": "" if phone else f"walkin:{token}"})


def _form(
    request: HttpRequest, visit: Visit, typed: dict[str, str], wrong: dict[str, str], status: int = 200
) -> HttpResponse:
    units = units_of(visit)
    context: dict[str, Any] = {
        "typed": typed,
        "wrong": wrong,
        "units": units,
        "unit_code": typed.get("unit") or units[0].code,
        "next": desk.next_of(visit.user.email, organisation=visit.organisation.id, now=visit.now),
        "member": visit.seat.member,
        **_guess_context(typed, visit),
        **_picked_context(typed.get("customer", ""), visit),
    }
    return render(request, "log/log.html", context, status=status)


def _guess_context(typed: dict[str, str], visit: Visit) -> dict[str, Any]:
    touched = set(typed.get("touched", "").split())
    customer = known_customer(typed.get("customer", ""), visit)
    key = customer.id if customer else None
    guessed = desk.guess(typed.get("text", "")[:MAX_TEXT], key, organisation=visit.organisation.id, now=visit.now)
    values = {name: typed.get(name, "") if name in touched else getattr(guessed, name) for name in ("touchpoint", "topic", "severity")}
    return {
        "values": values,
        "touched": " ".join(sorted(touched)),
        "touchpoints": desk.touchpoints(organisation=visit.organisation.id),
        "topics": topics.choices(organisation=visit.organisation.id),
        "severities": Severity.choices,
        "has_text": bool(typed.get("text", "").strip()),
    }


def _picked_context(key: str, visit: Visit) -> dict[str, Any]:
    customer = known_customer(key, visit)
    if customer is None:
        return {}
    organisation = visit.organisation.id
    return {
        "picked": customer,
        "events": customer_queries.recent_events(customer.id, organisation=organisation, limit=4),
        "open_tickets": desk.open_of_customer(customer.id, organisation=organisation),
    }


@needs("customers:read")
def customers_found(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The customers for what the clerk typed, each with the last thing that happened."""
    text = request.GET.get("q", "")
    found = customer_queries.find(text, organisation=visit.organisation.id)
    rows = []
    for customer in found:
        events = customer_queries.recent_events(customer.id, organisation=visit.organisation.id, limit=1)
        rows.append((customer, events[0] if events else None))
    return render(request, "log/found.html", {"rows": rows, "q": text.strip()})


@needs("customers:read")
def customer_picked(request: HttpRequest, visit: Visit, key: uuid.UUID) -> HttpResponse:
    """The chosen customer, and beside the form what happened lately and whether a complaint is open."""
    context = _picked_context(str(key), visit)
    if not context:
        raise Http404
    return render(request, "log/picked.html", context)


@require_POST
@needs("complaints:write")
def guess(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What can be filled in from the words and the customer; fields the clerk touched stay his."""
    typed = _typed(request)
    units = units_of(visit)
    context = {**_guess_context(typed, visit), "units": units, "unit_code": typed.get("unit") or units[0].code}
    return render(request, "log/guess.html", context)


@needs("complaints:write")
def done(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """Number, clocks, the customer's link, and what happens next."""
    ticket = queries.by_number(number, organisation=visit.organisation.id)
    if ticket is None or not (ticket.unit is None or visit.seat.sees(ticket.unit.path)):
        raise Http404
    views = queries.clock_views([ticket], organisation=visit.organisation.id, now=visit.now)[ticket.id]
    token = links.token_for(ticket.id, organisation=visit.organisation.id)
    return render(request, "log/done.html", {"ticket": ticket, "clocks": views, "link": address(token)})

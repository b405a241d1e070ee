"""从这里开始: the first-run wizard of an empty organisation. Seven steps, each skipped or taken up again at will.

Nothing remembers where somebody was: what is done is read from what is there.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import sla_policies
from tenancy import audit, industry, organisations
from tenancy.organisations import Inventory
from web import importing, policy_form, start_steps
from web.door import Visit, needs

NAMES = ("organisation", "industry", "units", "members", "calendar", "promise", "survey")
LATER = "start_later"


@dataclass(frozen=True)
class Step:
    """A step as the progress shows it. `said`: what is there already."""

    name: str
    label: str
    what: str
    is_done: bool
    said: str
    is_here: bool = False


def is_wanted(visit: Visit) -> bool:
    """True when the home page should lead here: an administrator of an organisation nobody has set up."""
    return visit.organisation.set_up_at is None and visit.seat.may("members:write")


def survey_link(visit: Visit) -> str:
    """Where the first survey is made: for a shop the one on the counter, else the one that follows an order or a call."""
    try:
        address = reverse("surveys-new")
    except NoReverseMatch:
        return ""
    name = {"order": "order", "delivery": "order", "trip": "order", "call": "call"}.get(visit.organisation.complaint_exposure, "store")
    own_shops = visit.organisation.industry in {"", "retail"}
    return f"{address}?template={'store' if own_shops else name}"


def steps(visit: Visit, here: str = "") -> list[Step]:
    """Every step this person may take, with what is there already."""
    organisation = visit.organisation.id
    there = organisations.inventory(organisation)
    policies = sla_policies.in_force(organisation=organisation)
    template = industry.every().get(visit.organisation.industry)
    promised = policy_form.name_of(policies[-1].clauses, get_language() or "") if policies else ""
    n_surveys = start_steps.n_surveys(organisation)
    made = (
        ("organisation", _("组织"), _("名称、语言、时区"), there.was_named, visit.organisation.name),
        ("industry", _("行业"), _("触点和阶段照行业起步"), template is not None, template.label if template else ""),
        ("units", _("门店与员工"), _("一份 CSV 就够"), there.n_units > 0, _units(there)),
        ("members", _("同事"), _("发邮件请他们进来"), there.n_members + there.n_invited > 1, _people(there)),
        ("calendar", _("营业时间"), _("时限只在营业时间里走"), there.has_hours, ""),
        ("promise", _("承诺"), _("客户投诉后多久做到什么"), bool(policies), promised),
        ("survey", _("第一份问卷"), _("一个问题就能开始"), n_surveys > 0, ""),
    )
    offered = [row for row in made if row[0] != "members" or visit.seat.may("members:write")]
    return [Step(*row, is_here=row[0] == here) for row in offered]


def _units(there: Inventory) -> str:
    names = {"units": there.n_units, "staff": there.n_staff}
    return _("%(units)d 个单元，%(staff)d 名员工") % names if there.n_units else ""


def _people(there: Inventory) -> str:
    names = {"members": there.n_members, "invited": there.n_invited}
    return _("%(members)d 位成员，%(invited)d 份邀请在等") % names if there.n_invited else ""


@needs("settings:write")
def overview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The seven steps with what is done; the first that is not is the one button."""
    made = steps(visit)
    open_steps = [step for step in made if not step.is_done]
    context = {"steps": made, "next": open_steps[0] if open_steps else None, "n_done": len(made) - len(open_steps)}
    return render(request, "settings/start.html", context)


@needs("settings:write")
def step(request: HttpRequest, visit: Visit, slug: str) -> HttpResponse:
    """One step: its form, and on POST what it does; a step that is taken leads to the next."""
    made = steps(visit, here=slug)
    names = [row.name for row in made]
    if slug not in names:
        raise Http404
    i = names.index(slug)
    after = reverse("start-step", args=[names[i + 1]]) if i + 1 < len(names) else reverse("start")
    context: dict[str, Any] = {
        "steps": made,
        "step": made[i],
        "number": i + 1,
        "n_done": sum(row.is_done for row in made),
        "before": reverse("start-step", args=[names[i - 1]]) if i else reverse("start"),
        "after": after,
        "has_mail": bool(settings.SMTP_URL),
        "survey_link": survey_link(visit),
    }
    found = start_steps.STEPS[slug](request, visit)
    if found.is_taken:
        return redirect(request.path if found.stays else after)
    return render(request, f"settings/start_{slug}.html", context | found.context, status=found.status)


@needs("settings:read")
def template(request: HttpRequest, visit: Visit, slug: str) -> HttpResponse:
    """A CSV to start from: what is there already, else two lines that show how."""
    if slug not in importing.KINDS:
        raise Http404
    return importing.template(slug, start_steps.sample(slug, visit))


@require_POST
@needs("settings:write")
def done(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ends the wizard, for good or (`do=later`) for this session."""
    if request.POST.get("do") == "later":
        request.session[LATER] = True
        return redirect("home")
    if visit.organisation.set_up_at is None:
        organisations.mark_set_up(visit.organisation, now=visit.now)
        audit.note("organisation.set_up", visit.organisation.slug, organisation=visit.organisation.id, actor=visit.actor, now=visit.now)
        messages.success(request, _("设置好了。没做完的，随时在“设置”里接着做。"))
    return redirect("home")

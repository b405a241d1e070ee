"""员工数据的使用: what figures of people may be used for, in three stages, each version kept."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from tenancy import people_use
from tenancy.enums import PeopleStage
from web import forms
from web.door import Visit, needs
from web.forms import Form


@needs("settings:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The stages, the rule and the versions; POST keeps a new version."""
    organisation = visit.organisation.id
    use = people_use.in_force(organisation=organisation)
    form = Form({"stage": use.stage, "is_ranked": use.is_ranked, "rule": use.rule})
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        rule = request.POST.get("rule", "").replace("\x00", "").strip()[: people_use.MOST_RULE + 1]
        form = Form({"stage": forms.text(request, "stage", 8), "is_ranked": request.POST.get("is_ranked") == "on", "rule": rule})
        try:
            with transaction.atomic():
                people_use.save(**form.values, version=forms.version(request), organisation=organisation, now=visit.now, actor=visit.actor)
        except DomainError as error:
            form = form.refused(error)
        else:
            messages.success(request, _("已存为新的一版，马上生效；员工在自己的成绩单上看得到。"))
            return redirect("settings-people")
    stages = [
        (PeopleStage.START, _("起步"), _("员工看自己的全部；经理只看到感谢与成长，看不到数。")),
        (PeopleStage.GROWTH, _("成长"), _("经理看得到组员的数和区间，按工号排，不排名，不得用于考核。")),
        (PeopleStage.MATURE, _("成熟"), _("可用于考核：n 满 30 才算数，申诉一直开着，规则写给每位员工看。")),
    ]
    context = {
        "use": use, "form": form, "stages": stages, "versions": people_use.history(organisation=organisation), "order": list(people_use.ORDER),
        "reach": people_use.ORDER.index(PeopleStage(use.stage)) + 1, "may_write": visit.seat.may("settings:write"), "most": people_use.MOST_RULE,
    }  # fmt: skip
    return render(request, "settings/people.html", context, status=form.status)

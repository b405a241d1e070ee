"""自己的模型: what the organisation's own corrections would change, shown before and after, and a person's decision."""

from datetime import datetime
from typing import Any, TypedDict

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cxms.lib.errors import DomainError
from feedback import learning, nlp, own_weights, relabelling
from feedback.enums import Label, OwnModelState
from feedback.own_models import OwnModel
from reports import own_model
from web import forms
from web.accuracy import class_names, percent
from web.door import Visit, needs

MOST_SHOWN = 12


class Door(TypedDict):
    """What comes in by the door with every write."""

    organisation: int
    now: datetime
    actor: str


@needs("labels:read")
def page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Every model with its figures; posts train, decide, or have history read with the one in use."""
    if request.method == "POST":
        if not visit.seat.may("settings:write"):
            raise Http404
        try:
            with transaction.atomic():
                _do(request, visit)
        except learning.OwnModelUnknown:
            raise Http404 from None
        except DomainError as error:
            messages.error(request, str(error.message))
        return redirect("own-model")
    return render(request, "feedback/own_model.html", _context(visit))


@needs("labels:read")
def progress(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The piece of the page that asks again while a model is trained."""
    return render(request, "feedback/own_model_list.html", _context(visit))


def _do(request: HttpRequest, visit: Visit) -> None:
    wanted, door = forms.text(request, "do", 20), Door(organisation=visit.organisation.id, now=visit.now, actor=visit.actor)
    if wanted == "train":
        learning.ask(**door)
        messages.success(request, _("正在训练，几分钟后这里会有前后对比。"))
    elif wanted == "again":
        relabelling.again(**door)
        messages.success(request, _("正在用现在的模型重读历史。"))
    elif wanted in (OwnModelState.IN_USE, OwnModelState.DECLINED, OwnModelState.RETIRED):
        learning.decide(forms.version(request), wanted, **door)
        words = {
            OwnModelState.IN_USE: _("从下一条声音起用这个模型；历史没有动。"),
            OwnModelState.DECLINED: _("没有采用，一切照旧。"),
            OwnModelState.RETIRED: _("从下一条声音起用回出厂模型；历史没有动。"),
        }
        messages.success(request, words[OwnModelState(wanted)])


def _context(visit: Visit) -> dict[str, Any]:
    organisation = visit.organisation.id
    models, judged = learning.every(organisation=organisation), learning.counts(organisation=organisation)
    heads, used = dict(Label.choices), own_weights.in_use(organisation=organisation)
    return {
        "models": [_shown(model, organisation) for model in models[:MOST_SHOWN]],
        "n_older": max(len(models) - MOST_SHOWN, 0),
        "is_training": any(model.state == OwnModelState.TRAINING for model in models),
        "ready": [(heads[field], n, n >= learning.LEAST) for field, n in judged.items()],
        "may_train": bool(learning.trainable(judged)), "least": learning.LEAST, "held": learning.HELD_SHARE,
        "used": used, "read_with": relabelling.last_model(organisation=organisation), "job": relabelling.newest(organisation=organisation), "may_write": visit.seat.may("settings:write"),
    }  # fmt: skip


def _shown(model: OwnModel, organisation: int) -> dict[str, Any]:
    trained, heads, names = learning.heads(model), dict(Label.choices), class_names(organisation)
    lines = [
        {
            "head": heads[row.field], "row": row, "before": percent(row.before), "after": percent(row.after),
            "classes": [(names[row.field].get(one.name, one.name), one) for one in row.classes],
        }
        for row in own_model.comparisons(trained)
    ]  # fmt: skip
    return {"model": model, "lines": lines, "n_trained": len(trained), "is_old": model.engine != nlp.ENGINE}

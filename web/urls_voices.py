"""The pages of figures and voices."""

from django.urls import path

from web import (
    accuracy,
    bursts,
    correcting,
    drivers,
    feedback,
    feedback_groups,
    metric_alerts,
    metric_groups,
    money,
    nps,
    own_model,
    reasons,
    segments,
    weighting,
)

urlpatterns = [
    path("metrics/nps", nps.nps, name="nps"),
    path("metrics/nps/reasons", reasons.reasons, name="nps-reasons"),
    path("metrics/drivers", drivers.page, name="drivers"),
    path("metrics/money", money.page, name="money"),
    path("metrics/money/customers", money.customers, name="money-customers"),
    path("metrics/money/assume", money.assume, name="money-assume"),
    path("metrics/<slug:code>", nps.metric, name="metric"),
    path("metrics/<slug:code>/groups", metric_groups.page, name="metric-groups"),
    path("metrics/<slug:code>/weighted", weighting.page, name="weighted"),
    path("metrics/<slug:code>/definition", nps.definition, name="definition"),
    path("segments/add/", segments.add, name="segment-add"),
    path("segments/<uuid:key>/remove/", segments.remove, name="segment-remove"),
    path("alerts/", metric_alerts.listing, name="metric-alerts"),
    path("alerts/<uuid:key>/", metric_alerts.one, name="metric-alert"),
    path("feedback/", feedback.listing, name="feedback-list"),
    path("feedback/accuracy/", accuracy.page, name="accuracy"),
    path("feedback/accuracy/model/", own_model.page, name="own-model"),
    path("feedback/accuracy/model/progress/", own_model.progress, name="own-model-progress"),
    path("feedback/bursts/", bursts.listing, name="bursts"),
    path("feedback/bursts/budget/", bursts.budget, name="bursts-budget"),
    path("feedback/groups/", feedback_groups.listing, name="feedback-groups"),
    path("feedback/<uuid:key>/", feedback.one, name="feedback-one"),
    path("feedback/<uuid:key>/correct/", correcting.correct, name="feedback-correct"),
    path("feedback/<uuid:key>/original/", feedback.original, name="feedback-original"),
    path("feedback/<uuid:key>/exclude/", feedback.exclude, name="feedback-exclude"),
    path("feedback/<uuid:key>/include/", feedback.include, name="feedback-include"),
]

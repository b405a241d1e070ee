"""Actions, their board, and the huddle."""

from django.urls import path

from web import huddle, improvement

urlpatterns = [
    path("actions/", improvement.board, name="actions"),
    path("actions/new/", improvement.new, name="action-new"),
    path("actions/baseline/", improvement.baseline, name="action-baseline"),
    path("actions/<uuid:key>/", improvement.one, name="action"),
    path("actions/<uuid:key>/step/", improvement.step, name="action-step"),
    path("huddle/", huddle.huddle, name="huddle"),
    path("huddle/step/", huddle.step, name="huddle-step"),
]

"""Targets and what others reached."""

from django.urls import path

from web import perceived, published, targets

urlpatterns = [
    path("targets/", targets.page, name="targets"),
    path("targets/<uuid:key>/withdraw/", targets.withdraw, name="targets-withdraw"),
    path("perceived/", perceived.page, name="perceived"),
    path("published/", published.page, name="published"),
    path("published/<uuid:key>/withdraw/", published.withdraw, name="published-withdraw"),
]

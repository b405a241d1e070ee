"""Targets and what others reached."""

from django.urls import path

from web import targets

urlpatterns = [
    path("targets/", targets.page, name="targets"),
    path("targets/<uuid:key>/withdraw/", targets.withdraw, name="targets-withdraw"),
]

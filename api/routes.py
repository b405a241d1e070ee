"""Everything under `/api/`. Ids that are not of our form are 404 by the same road as unknown ones."""

from django.urls import include, path, re_path

from api import openapi, pages
from api.missing import Missing
from api.urls import endpoints

v1 = [
    path("openapi.json", openapi.serve, name="openapi"),
    *endpoints,
    re_path(r"^.*$", Missing.as_view()),
]

urlpatterns = [
    path("docs/", pages.docs, name="api-docs"),
    path("v1/", include(v1)),
]

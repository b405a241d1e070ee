"""Every URL of the house."""

from django.urls import include, path

urlpatterns = [
    path("api/", include("api.routes")),
    path("", include("web.urls")),
]

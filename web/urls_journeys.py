"""Journey maps."""

from django.urls import path

from web import journeys

urlpatterns = [
    path("journeys/", journeys.listing, name="journeys"),
    path("journeys/new/", journeys.new, name="journey-new"),
    path("journeys/<uuid:key>/", journeys.journey, name="journey"),
    path("journeys/<uuid:key>/versions/", journeys.versions, name="journeys-versions"),
]

"""Inspections of stores."""

from django.urls import path

from web import inspections

urlpatterns = [
    path("inspections/", inspections.listing, name="inspections"),
    path("inspections/new/", inspections.new, name="inspection-new"),
    path("inspections/checklist/", inspections.checklist, name="inspections-checklist"),
    path("inspections/<uuid:key>/", inspections.one, name="inspection"),
    path("inspections/<uuid:key>/withdraw/", inspections.withdraw, name="inspection-withdraw"),
]

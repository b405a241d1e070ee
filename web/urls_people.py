"""Stores and the people in them: scorecards and thanks."""

from django.urls import path

from web import praise_wall, unit_card

urlpatterns = [
    path("units/", unit_card.listing, name="units"),
    path("units/<str:code>/", unit_card.card, name="unit-card"),
    path("praise/", praise_wall.wall, name="praise-wall"),
]

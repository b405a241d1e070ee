"""Stores and the people in them: scorecards and thanks."""

from django.urls import path

from web import appeals, people, praise_wall, settings_people, unit_card

urlpatterns = [
    path("units/", unit_card.listing, name="units"),
    path("units/<str:code>/", unit_card.card, name="unit-card"),
    path("people/", people.team, name="team"),
    path("people/me/", people.own, name="my-card"),
    path("people/me/appeal/", people.contest, name="my-appeal"),
    path("people/appeals/", appeals.listing, name="appeals"),
    path("people/appeals/<uuid:key>/", appeals.decide, name="appeal-decide"),
    path("people/of/<str:code>/", people.one, name="person-card"),
    path("settings/people/", settings_people.page, name="settings-people"),
    path("praise/", praise_wall.wall, name="praise-wall"),
]

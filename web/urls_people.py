"""Stores and the people in them: scorecards and thanks."""

from django.urls import path

from web import appeals, coverage, people, praise_wall, pulse, settings_people, unit_card

urlpatterns = [
    path("units/", unit_card.listing, name="units"),
    path("units/<str:code>/", unit_card.card, name="unit-card"),
    path("people/", people.team, name="team"),
    path("people/me/", people.own, name="my-card"),
    path("people/me/appeal/", people.contest, name="my-appeal"),
    path("people/appeals/", appeals.listing, name="appeals"),
    path("people/appeals/<uuid:key>/", appeals.decide, name="appeal-decide"),
    path("people/pulse/", pulse.listing, name="pulse-rounds"),
    path("people/pulse/start/", pulse.start, name="pulse-start"),
    path("people/pulse/<uuid:key>/", pulse.act, name="pulse-act"),
    path("e/<str:token>/", pulse.question, name="pulse-question"),
    path("people/of/<str:code>/", people.one, name="person-card"),
    path("settings/people/", settings_people.page, name="settings-people"),
    path("coverage/", coverage.page, name="coverage-map"),
    path("praise/", praise_wall.wall, name="praise-wall"),
]

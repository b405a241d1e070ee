"""Questionnaires: settings of a survey, its links; the public answer and store pages."""

from django.urls import path

from web import answer, store_page, survey_form, survey_links, surveys

urlpatterns = [
    path("s/<str:token>/", answer.answer, name="answer"),
    path("s/<str:token>/unsubscribe/", answer.unsubscribe, name="answer-unsubscribe"),
    path("f/<str:token>/", store_page.page, name="store-page"),
    path("surveys/", surveys.listing, name="surveys"),
    path("surveys/new/", survey_form.new, name="surveys-new"),
    path("surveys/preview/", survey_form.preview, name="surveys-preview"),
    path("surveys/recovery/", surveys.ask_again, name="surveys-recovery"),
    path("surveys/quiet/", surveys.quiet, name="surveys-quiet"),
    path("surveys/pages/", survey_links.pages, name="surveys-pages"),
    path("surveys/pages/make/", survey_links.make_pages, name="surveys-pages-make"),
    path("surveys/posters/", survey_links.posters, name="surveys-posters"),
    path("surveys/<uuid:key>/", surveys.one, name="surveys-one"),
    path("surveys/<uuid:key>/edit/", survey_form.edit, name="surveys-edit"),
    path("surveys/<uuid:key>/move/", surveys.move, name="surveys-move"),
    path("surveys/<uuid:key>/links/", survey_links.make, name="surveys-links"),
    path("survey-links/<uuid:key>/", survey_links.change, name="surveys-link"),
    path("survey-links/<uuid:key>/qr.svg", survey_links.qr, name="surveys-qr"),
    path("survey-links/<uuid:key>/poster/", survey_links.poster, name="surveys-poster"),
]

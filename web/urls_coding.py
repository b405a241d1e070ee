"""The pages where samples are coded by two."""

from django.urls import path

from web import coding

urlpatterns = [
    path("coding/", coding.listing, name="coding"),
    path("coding/<uuid:key>/", coding.board, name="coding-board"),
    path("coding/<uuid:key>/result/", coding.result, name="coding-result"),
    path("coding/<uuid:key>/settle/<uuid:feedback_id>/", coding.settle, name="coding-settle"),
]

"""体验模型树."""

from django.urls import path

from web import model_tree

urlpatterns = [
    path("model/", model_tree.page, name="model"),
    path("model/edit/", model_tree.edit, name="model-edit"),
    path("model/unplaced/", model_tree.unplaced, name="model-unplaced"),
    path("model/history/", model_tree.history, name="model-history"),
]

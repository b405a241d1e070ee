"""看板."""

from django.urls import path

from web import dashboard_edit, dashboards

urlpatterns = [
    path("dashboards/", dashboards.listing, name="dashboards"),
    path("dashboards/new/", dashboards.add, name="dashboard-new"),
    path("dashboards/<uuid:key>/", dashboards.one, name="dashboard"),
    path("dashboards/<uuid:key>/wall/", dashboards.wall, name="dashboard-wall"),
    path("dashboards/<uuid:key>/edit/", dashboard_edit.edit, name="dashboard-edit"),
    path("dashboards/<uuid:key>/step/", dashboard_edit.step, name="dashboard-step"),
    path("dashboards/<uuid:key>/describe/", dashboard_edit.describe, name="dashboard-describe"),
    path("dashboards/<uuid:key>/annotations/", dashboard_edit.annotate, name="dashboard-annotate"),
    path("dashboards/<uuid:key>/widgets/<slug:part>/", dashboards.widget, name="dashboard-widget"),
    path("dashboards/<uuid:key>/widgets/<slug:part>/edit/", dashboard_edit.widget, name="dashboard-widget-edit"),
]

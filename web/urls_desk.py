"""The promise desk: the list, its saved views, bulk moves; what helps one write on a ticket."""

from django.urls import path

from web import (
    case_files,
    case_links,
    case_reconstruction,
    case_solution,
    case_suggestion,
    case_templates,
    case_writing,
    desk,
    desk_bulk,
    desk_figure_rows,
    desk_figures,
    desk_views,
    holding,
    recurrence,
)

urlpatterns = [
    path("desk/recurrence/", recurrence.page, name="desk-recurrence"),
    path("desk/figures/", desk_figures.page, name="desk-figures"),
    path("desk/figures/rows/", desk_figure_rows.page, name="desk-figure-rows"),
    path("desk/holding/", holding.page, name="desk-holding"),
    path("promises/", desk.listing, name="desk"),
    path("promises/views/", desk_views.add, name="desk-views"),
    path("promises/views/<uuid:key>/", desk_views.one, name="desk-view"),
    path("promises/bulk/", desk_bulk.start, name="desk-bulk"),
    path("promises/bulk/<uuid:key>/", desk_bulk.run, name="desk-bulk-run"),
    path("promises/incident/", case_links.gather, name="desk-incident"),
    path("promises/<str:number>/children/", case_links.children, name="case-children"),
    path("promises/<str:number>/templates/", case_templates.templates, name="case-templates"),
    path("promises/<str:number>/suggestion/", case_suggestion.suggestion, name="case-suggestion"),
    path("promises/<str:number>/draft/", case_writing.draft, name="case-draft"),
    path("promises/<str:number>/here/", case_writing.here, name="case-here"),
    path("promises/<str:number>/reconstruction/", case_reconstruction.record, name="case-reconstruction"),
    path("promises/<str:number>/approval/", case_solution.decide, name="case-approval"),
    path("promises/<str:number>/files/<uuid:key>/", case_files.one, name="case-file"),
]

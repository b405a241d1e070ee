"""The weekly report."""

from django.urls import path

from web import reports

urlpatterns = [
    path("reports/", reports.listing, name="reports"),
    path("reports/issue/", reports.issue, name="reports-issue"),
    path("reports/<uuid:key>/", reports.report, name="report"),
    path("reports/<uuid:key>/pdf/", reports.pdf, name="report-print"),
    path("reports/<uuid:key>/xlsx/", reports.sheet, {"kind": "xlsx"}, name="report-xlsx"),
    path("reports/<uuid:key>/csv/", reports.sheet, {"kind": "csv"}, name="report-csv"),
    path("reports/<uuid:key>/send/", reports.send, name="report-send"),
]

"""REST `/api/v1`. Ids that are not of our form are 404 by the same road as unknown ones."""

from django.urls import path, re_path

from api import complaints, customers, feedback, metrics, promises
from api.missing import Missing

urlpatterns = [
    path("feedback", feedback.FeedbackList.as_view()),
    path("feedback/bulk", feedback.FeedbackBulk.as_view()),
    path("feedback/<uuid:key>", feedback.FeedbackOne.as_view()),
    path("feedback/<uuid:key>/exclude", feedback.FeedbackExclude.as_view()),
    path("feedback/<uuid:key>/include", feedback.FeedbackInclude.as_view()),
    path("complaints", complaints.ComplaintList.as_view()),
    path("complaints/<str:number>", complaints.ComplaintOne.as_view()),
    path("complaints/<str:number>/moves", complaints.ComplaintMoves.as_view()),
    path("policies", promises.PolicyList.as_view()),
    path("policies/<str:code>", promises.PolicyOne.as_view()),
    path("calendars/<str:code>", promises.CalendarOne.as_view()),
    path("promises/preview", promises.PromisePreview.as_view()),
    path("events", customers.EventList.as_view()),
    path("customers/<str:external_id>", customers.CustomerOne.as_view()),
    path("metrics", metrics.MetricList.as_view()),
    path("metrics/<str:code>", metrics.MetricOne.as_view()),
    re_path(r"^.*$", Missing.as_view()),
]

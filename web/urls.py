"""The pages."""

from django.urls import include, path

from web import acknowledge, approve, case, customer, health, home, log, notices, preferences

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("language/", preferences.language, name="language"),
    path("theme/", preferences.theme, name="theme"),
    path("organisation/", preferences.organisation, name="organisation"),
    path("", home.home, name="home"),
    path("pulse/", home.pulse, name="pulse"),
    path("", include("web.urls_desk")),
    path("promises/<str:number>/", case.case, name="case"),
    path("promises/<str:number>/moves/", case.moves, name="case-moves"),
    path("promises/<str:number>/acknowledge/", acknowledge.acknowledge, name="case-acknowledge"),
    path("promises/<str:number>/snooze/", acknowledge.snooze, name="case-snooze"),
    path("a/approve/<str:token>/", approve.tap, name="approve"),
    path("a/<str:token>/", acknowledge.tap, name="acknowledge"),
    path("log/", log.log, name="log"),
    path("log/customers/", log.customers_found, name="log-customers"),
    path("log/customers/<uuid:key>/", log.customer_picked, name="log-customer"),
    path("log/guess/", log.guess, name="log-guess"),
    path("log/done/<str:number>/", log.done, name="log-done"),
    path("notices/", notices.listing, name="notices"),
    path("notices/<uuid:notice_id>/useful/", notices.judge, name="notice-useful"),
    path("p/<str:token>/files/<uuid:key>/", customer.file, name="customer-file"),
    path("p/<str:token>/", customer.promise, name="customer-promise"),
    path("", include("web.urls_voices")),
    path("", include("web.urls_coding")),
    path("", include("web.urls_dashboards")),
    path("", include("web.urls_model")),
    path("", include("web.urls_people")),
    path("", include("web.urls_surveys")),
    path("", include("web.urls_setup")),
    path("", include("web.urls_journeys")),
    path("", include("web.urls_improvement")),
    path("", include("web.urls_reports")),
    path("", include("web.urls_connect")),
    path("", include("web.urls_bring_in")),
]

"""The pages."""

from django.urls import include, path

from web import case, customer, desk, health, home, log, notices, preferences

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("language/", preferences.language, name="language"),
    path("theme/", preferences.theme, name="theme"),
    path("organisation/", preferences.organisation, name="organisation"),
    path("", home.home, name="home"),
    path("pulse/", home.pulse, name="pulse"),
    path("promises/", desk.listing, name="desk"),
    path("promises/<str:number>/", case.case, name="case"),
    path("promises/<str:number>/moves/", case.moves, name="case-moves"),
    path("log/", log.log, name="log"),
    path("log/customers/", log.customers_found, name="log-customers"),
    path("log/customers/<uuid:key>/", log.customer_picked, name="log-customer"),
    path("log/guess/", log.guess, name="log-guess"),
    path("log/done/<str:number>/", log.done, name="log-done"),
    path("notices/", notices.listing, name="notices"),
    path("p/<str:token>/", customer.promise, name="customer-promise"),
    path("", include("web.urls_voices")),
]

"""Keys, webhooks and their deliveries, dead letters; the house's own figures."""

from django.urls import path

from web import connect, connect_failures, connect_keys, prometheus

urlpatterns = [
    path("prometheus", prometheus.prometheus, name="prometheus"),
    path("connect/", connect.listing, name="connect"),
    path("connect/webhooks/new/", connect.new, name="connect-webhook-new"),
    path("connect/webhooks/<uuid:key>/", connect.one, name="connect-webhook"),
    path("connect/webhooks/<uuid:key>/do/", connect.act, name="connect-webhook-do"),
    path("connect/keys/", connect_keys.listing, name="connect-keys"),
    path("connect/keys/new/", connect_keys.new, name="connect-key-new"),
    path("connect/keys/<uuid:key>/allow/", connect_keys.allow, name="connect-key-allow"),
    path("connect/keys/<uuid:key>/revoke/", connect_keys.revoke, name="connect-key-revoke"),
    path("connect/failures/", connect_failures.listing, name="connect-failures"),
    path("connect/failures/replay/", connect_failures.replay_all, name="connect-failures-replay"),
    path("connect/failures/<int:delivery>/replay/", connect_failures.replay, name="connect-failure-replay"),
]

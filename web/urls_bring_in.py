"""File imports and mailboxes."""

from django.urls import path

from web import imports, mailboxes

urlpatterns = [
    path("imports/", imports.listing, name="imports"),
    path("imports/mailboxes/", mailboxes.listing, name="imports-mailboxes"),
    path("imports/mailboxes/new/", mailboxes.edit, name="imports-mailbox-new"),
    path("imports/mailboxes/<uuid:key>/", mailboxes.edit, name="imports-mailbox"),
    path("imports/mailboxes/<uuid:key>/stop/", mailboxes.stop, name="imports-mailbox-stop"),
    path("imports/<uuid:key>/", imports.one, name="import"),
    path("imports/<uuid:key>/step/", imports.step, name="imports-step"),
    path("imports/<uuid:key>/rejected.csv", imports.rejected, name="imports-rejected"),
]

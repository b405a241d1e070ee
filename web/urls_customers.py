"""The pages of customers."""

from django.urls import path

from web import customers

urlpatterns = [
    path("customers/", customers.listing, name="customers"),
    path("customers/duplicates/", customers.duplicates, name="customers-duplicates"),
    path("customers/decide/", customers.decide, name="customers-decide"),
    path("customers/merges/<uuid:key>/undo/", customers.undo, name="customers-undo"),
    path("customers/<uuid:key>/", customers.one, name="customer"),
    path("customers/<uuid:key>/contact/", customers.contact, name="customer-contact"),
]

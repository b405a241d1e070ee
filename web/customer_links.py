"""The address of a customer's promise page, as it is sent to him."""

from django.conf import settings
from django.urls import reverse


def address(token: str) -> str:
    """The whole address for a token of `complaints.links`."""
    return f"{settings.SITE_URL}{reverse('customer-promise', args=[token])}"

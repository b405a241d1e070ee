"""Loads Celery and the system checks once Django's apps are ready."""

from importlib import import_module

from django.apps import AppConfig


class CxmsConfig(AppConfig):
    """The top of the house as a Django app."""

    name = "cxms"
    verbose_name = "CXMS"

    def ready(self) -> None:
        """Makes the Celery application current, so that the doorbell rings on our broker."""
        import_module("cxms.celery")
        import_module("cxms.checks")

"""`manage.py demo_logins`: role, e-mail, password, one a line."""

from typing import Any

from django.core.management.base import BaseCommand

from cxms.demo.catalogue import EMAIL_DOMAIN, LOGINS, PASSWORD


class Command(BaseCommand):
    """Prints the demo's log-ins."""

    # the servers check the whole house when they start; a single command need not wait for that
    requires_system_checks = ()

    help = "Prints the demo log-ins, one a line: role, e-mail, password."

    def handle(self, *args: Any, **options: Any) -> None:
        """One a line."""
        for role, local, _, _ in LOGINS:
            self.stdout.write(f"{role} {local}@{EMAIL_DOMAIN} {PASSWORD}")
        self.stdout.write(f"cx_manager manager@harbour.cxms.example {PASSWORD}")

"""`manage.py audit_rollup [--organisation SLUG] [--repair]`: compares every bucket with a recomputation."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from metrics import rollup
from tenancy.models import Organisation
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """Audits the roll-ups; exits with 1 when a bucket differs."""

    # the servers check the whole house when they start; a single command need not wait for that
    requires_system_checks = ()

    help = "Compares the roll-ups with the raw rows, for one organisation or all."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which organisation, and whether to rebuild what differs."""
        parser.add_argument("--organisation", default="")
        parser.add_argument("--repair", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per organisation, one per differing bucket."""
        wanted = Organisation.objects.order_by("id")
        wanted = wanted.filter(slug=options["organisation"]) if options["organisation"] else wanted
        n = 0
        for organisation in wanted:
            with organisation_scope(organisation.id):
                differences = rollup.audit(organisation=organisation.id)
                for difference in differences:
                    self.stdout.write(f"  {difference.table} {difference.bucket}")
                if differences and options["repair"]:
                    rollup.rebuild(organisation=organisation.id)
            self.stdout.write(f"{organisation.slug}: {len(differences)} differences")
            n += len(differences)
        if n and not options["repair"]:
            raise CommandError(f"{n} buckets differ")

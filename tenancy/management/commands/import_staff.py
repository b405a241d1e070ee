"""`manage.py import_staff --organisation SLUG FILE.csv`"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import queries, staff
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """Imports staff from CSV, all or nothing."""

    help = "Imports staff from a CSV file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Organisation and file."""
        parser.add_argument("--organisation", required=True)
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the count; a bad line is named and nothing is kept."""
        organisation = queries.organisation_by_slug(options["organisation"])
        if organisation is None:
            raise CommandError(f"no organisation {options['organisation']}")
        try:
            text = options["file"].read_text(encoding="utf-8-sig")
            with organisation_scope(organisation.id):
                n = staff.import_csv(
                    text, organisation=organisation.id, now=clock.now(), actor="command:import_staff"
                )
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"{n} staff imported into {organisation.slug}")

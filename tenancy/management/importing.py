"""What the importing commands share: an organisation, a CSV file, all or nothing."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError

from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import queries
from tenancy.scope import organisation_scope


class ImportCommand(BaseCommand):
    """Reads the file and hands its text to `take`; a bad line is named and nothing is kept."""

    # the servers check the whole house when they start; a single command need not wait for that
    requires_system_checks = ()

    noun: ClassVar[str]
    take: ClassVar[Callable[..., int]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Organisation and file."""
        parser.add_argument("--organisation", required=True)
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints the count."""
        organisation = queries.organisation_by_slug(options["organisation"])
        if organisation is None:
            raise CommandError(f"no organisation {options['organisation']}")
        actor = f"command:import_{self.noun}"
        try:
            text = options["file"].read_text(encoding="utf-8-sig")
            with organisation_scope(organisation.id):
                n = type(self).take(text, organisation=organisation.id, now=clock.now(), actor=actor)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from error
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"{n} {self.noun} imported into {organisation.slug}")

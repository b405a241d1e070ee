"""`manage.py issue_api_key --organisation SLUG --scopes a,b [--name …]`: the key alone on the last line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cxms.lib import clock
from cxms.lib.errors import DomainError
from tenancy import keys, queries
from tenancy.scope import organisation_scope


class Command(BaseCommand):
    """Issues an API key."""

    # the servers check the whole house when they start; a single command need not wait for that
    requires_system_checks = ()

    help = "Issues an API key and prints it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Organisation, scopes, a name to know it by."""
        parser.add_argument("--organisation", required=True)
        parser.add_argument("--scopes", required=True)
        parser.add_argument("--name", default="command line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints what was made; the key alone on the last line."""
        organisation = queries.organisation_by_slug(options["organisation"])
        if organisation is None:
            raise CommandError(f"no organisation {options['organisation']}")
        scopes = [scope.strip() for scope in options["scopes"].split(",") if scope.strip()]
        try:
            with organisation_scope(organisation.id):
                token = keys.issue(
                    organisation=organisation.id,
                    scopes=scopes,
                    name=options["name"],
                    now=clock.now(),
                    actor="command:issue_api_key",
                )
        except DomainError as error:
            raise CommandError(str(error.message)) from error
        self.stdout.write(f"key “{options['name']}” for {organisation.slug}: {', '.join(scopes)}")
        self.stdout.write(token)

"""`manage.py import_units --organisation SLUG FILE.csv`"""

from tenancy import units
from tenancy.management.importing import ImportCommand


class Command(ImportCommand):
    """Imports units from CSV, all or nothing."""

    help = "Imports units from a CSV file."
    noun = "units"
    take = staticmethod(units.import_csv)

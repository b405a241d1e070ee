"""`manage.py import_staff --organisation SLUG FILE.csv`"""

from tenancy import staff
from tenancy.management.importing import ImportCommand


class Command(ImportCommand):
    """Imports staff from CSV, all or nothing."""

    help = "Imports staff from a CSV file."
    noun = "staff"
    take = staticmethod(staff.import_csv)

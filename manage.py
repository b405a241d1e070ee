#!/usr/bin/env python
"""Django's command line for CXMS."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from cxms.env import beside

if __name__ == "__main__":
    # a command finds the engines of the `make run` beside it
    beside.adopt(Path(__file__).resolve().parent)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxms.settings")
    execute_from_command_line(sys.argv)

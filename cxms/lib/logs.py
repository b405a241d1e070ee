"""What the logs leave out."""

import logging
from collections.abc import Callable
from functools import cache

from django.utils.module_loading import import_string


@cache
def _cover(path: str) -> Callable[[str], str]:
    found: Callable[[str], str] = import_string(path)
    return found


class Covered(logging.Formatter):
    """Writes over personal data in every line, tracebacks and what a database says of a failing row among them.

    cover: dotted name of a function of the text; imported with the first line, for settings are read before there are apps.
    """

    def __init__(self, fmt: str, cover: str) -> None:
        super().__init__(fmt)
        self.cover = cover

    def format(self, record: logging.LogRecord) -> str:
        """The line as it may be kept; nothing of it where it cannot be looked through."""
        said = super().format(record)
        try:
            return _cover(self.cover)(said)
        except Exception as error:  # a log line never stops the work it tells of
            return f"{record.levelname} {record.name} a line could not be covered: {type(error).__name__}"


class NotReady(logging.Filter):
    """Drops the log line of a 503: the answer says it, and a supervisor asks every second while things start."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True to keep the line."""
        return getattr(record, "status_code", 0) != 503

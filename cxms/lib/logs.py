"""What the logs leave out."""

import logging


class NotReady(logging.Filter):
    """Drops the log line of a 503: the answer says it, and a supervisor asks every second while things start."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True to keep the line."""
        return getattr(record, "status_code", 0) != 503

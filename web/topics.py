"""Names of topics for a page's reader."""

from feedback import topics
from web.door import Visit


def labels(visit: Visit) -> dict[str, str]:
    """Every topic as this organisation calls it, in the active language."""
    return topics.names(organisation=visit.organisation.id)

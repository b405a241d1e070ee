"""Questions about journey maps. Nothing here writes."""

import uuid

from django.db.models import QuerySet

from journeys.models import JourneyMap, MapVersion


def maps(*, organisation: int) -> QuerySet[JourneyMap]:
    """Every map, by name."""
    return JourneyMap.objects.filter(organisation_id=organisation).select_related("owner").order_by("name", "id")


def one(key: uuid.UUID, *, organisation: int) -> JourneyMap | None:
    """One map, or None."""
    return JourneyMap.objects.filter(organisation_id=organisation, id=key).select_related("owner").first()


def versions(row: JourneyMap) -> list[MapVersion]:
    """The versions of a map, newest first, without their columns."""
    found = MapVersion.objects.filter(organisation_id=row.organisation_id, map=row)
    return list(found.defer("columns").order_by("-number"))

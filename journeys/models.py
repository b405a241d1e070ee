"""Journey maps and their versions. A version is never changed; editing writes the next."""

from django.db import models

from tenancy.models import Member, TenantModel


class JourneyMap(TenantModel):
    """A map: its name, who owns it, and which version is the present one."""

    name = models.CharField(max_length=80)
    persona = models.CharField(max_length=80, blank=True, default="")
    owner = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    token = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "token"], name="journey_token")]


class MapVersion(TenantModel):
    """One version of a map: its columns from left to right, appended only."""

    map = models.ForeignKey(JourneyMap, on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField()
    columns = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "map", "number"], name="map_version_once")]

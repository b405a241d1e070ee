"""When the owners of lists are told next what is new on them. Part of `alerts.models`; written by `alerts.point_digest`."""

from django.db import models

from tenancy.models import TenantModel


class PointDigest(TenantModel):
    """An organisation whose lists of points have an owner. told_until: the local day up to which received voices were told of."""

    next_at = models.DateTimeField()
    told_until = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation"], name="point_digest_once")]
        indexes = [models.Index(fields=["next_at"], name="point_digest_next")]  # the dispatcher's list

"""What waits for its first classification. Part of `feedback.models`; written by `feedback.first`."""

from django.db import models

from tenancy.models import TenantModel


class Unclassified(TenantModel):
    """A voice that a person must classify before departments see it. Gone with the first word a person says of its labels."""

    feedback = models.ForeignKey("feedback.Feedback", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "feedback"], name="unclassified_once")]
        indexes = [
            # the first step, oldest first
            models.Index(fields=["organisation", "occurred_at", "feedback"], name="unclassified_list"),
        ]

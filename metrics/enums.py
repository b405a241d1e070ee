"""Fixed words of targets."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Basis(TextChoices):
    """Where a target or a competitor's value comes from."""

    OWN = "own", _("自己定的")
    COMPETITOR = "competitor", _("竞品")
    CONTRACT = "contract", _("合同")
    PUBLISHED = "published", _("公开发布")

"""Words of a voice: kinds, sentiments, score kinds, languages."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """What the customer does by speaking."""

    COMPLAINT = "complaint", _("投诉")
    SUGGESTION = "suggestion", _("建议")
    PRAISE = "praise", _("表扬")
    ENQUIRY = "enquiry", _("咨询")
    OTHER = "other", _("其他")


class Sentiment(TextChoices):
    """The feeling of a text."""

    POSITIVE = "positive", _("正面")
    NEGATIVE = "negative", _("负面")
    NEUTRAL = "neutral", _("中性")
    MIXED = "mixed", _("好坏参半")


class ScoreKind(TextChoices):
    """Declared by the source, never guessed from the scale."""

    NPS = "nps", _("推荐意愿")
    CSAT = "csat", _("满意度")
    CES = "ces", _("费力度")
    CSI = "csi", _("满意度指数")
    STARS = "stars", _("星级")

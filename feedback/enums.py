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


class ImportState(TextChoices):
    """Where an import stands."""

    UPLOADED = "uploaded", _("待对应列")
    CHECKING = "checking", _("试运行中")
    CHECKED = "checked", _("待导入")
    IMPORTING = "importing", _("导入中")
    DONE = "done", _("已导入")
    UNDOING = "undoing", _("撤销中")
    UNDONE = "undone", _("已撤销")


class MailOutcome(TextChoices):
    """What became of a mail."""

    WAITING = "waiting", _("待处理")
    VOICE = "voice", _("新反馈")
    REPLY = "reply", _("回到投诉")
    IGNORED = "ignored", _("不处理")


class Label(TextChoices):
    """What a person may correct of an analysis."""

    KIND = "kind", _("类别")
    SENTIMENT = "sentiment", _("情感")
    TOPICS = "topics", _("主题")
    RED_LINE = "red_line", _("红线")


class LabelSource(TextChoices):
    """Where a person's word comes from: in passing (page, api), or from a drawn sample coded by two."""

    PAGE = "page", _("页面")
    API = "api", _("接口")
    CODING = "coding", _("双人编码")


class Stance(TextChoices):
    """What a voice is to whoever improves things: something that hurts, something wanted, neither."""

    PAIN = "pain", _("痛点")
    NEED = "need", _("需求")
    NOISE = "noise", _("噪声")


class AppealState(TextChoices):
    """What became of an employee's appeal."""

    WAITING = "waiting", _("等决定")
    UPHELD = "upheld", _("成立")
    REJECTED = "rejected", _("不成立")


class PointType(TextChoices):
    """What a point of a voice is: something wished for, or something that displeased in the product or in the service."""

    NEED = "need", _("需求")
    PRODUCT = "product", _("产品改进点")
    SERVICE = "service", _("服务提升点")


class PointState(TextChoices):
    """What was decided of a point."""

    OPEN = "open", _("待决定")
    TAKEN = "taken", _("已列入改进")
    SET_ASIDE = "set_aside", _("不采纳")


class OwnModelState(TextChoices):
    """What became of a model trained on an organisation's own corrections."""

    TRAINING = "training", _("正在训练")
    READY = "ready", _("等你决定")
    IN_USE = "in_use", _("正在用")
    DECLINED = "declined", _("没有采用")
    RETIRED = "retired", _("已换下")


class AskWhich(TextChoices):
    """Which voices the language-model provider is asked about."""

    UNSURE = "unsure", _("只问自带引擎拿不准的")
    ALL = "all", _("全部")


class AskState(TextChoices):
    """What became of a voice the provider was to be asked about."""

    WAITING = "waiting", _("等着问")
    ANSWERED = "answered", _("已采用")
    REFUSED = "refused", _("回答不合格")
    GIVEN_UP = "given_up", _("放弃")
    DROPPED = "dropped", _("没有问")

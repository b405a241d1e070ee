"""Which numbers an organisation's voices are read with: the shipped ones, or its own model's once a person accepted it."""

from functools import lru_cache

from feedback import nlp
from feedback.enums import Label, OwnModelState
from feedback.nlp import parts
from feedback.nlp.weights import Weights, load_weights
from feedback.own_models import OwnHead, OwnModel

HEADS: dict[str, str] = {Label.KIND: "kind", Label.SENTIMENT: "feeling", Label.TOPICS: "topics"}
KEPT_LOADED = 4  # some 20 MB each in a worker


def in_use(*, organisation: int) -> int:
    """The version in use, made for this engine; 0 for the shipped model. One statement."""
    used = OwnModel.objects.filter(organisation_id=organisation, state=OwnModelState.IN_USE, engine=nlp.ENGINE)
    return used.values_list("version", flat=True).first() or 0


def version_of(engine: str) -> int:
    """The own model that an analysis was read with, by what it is called; 0 for the shipped one."""
    return next((int(part[1:]) for part in engine.split("/")[1:] if part[:1] == "m" and part[1:].isdigit()), 0)


def weights(*, organisation: int) -> Weights | None:
    """The numbers in use here; None for the shipped ones."""
    return loaded(in_use(organisation=organisation), organisation=organisation)


def loaded(version: int, *, organisation: int) -> Weights | None:
    """The numbers of one version; None for the shipped ones (0)."""
    return _loaded(organisation, version, nlp.ENGINE) if version else None


@lru_cache(maxsize=KEPT_LOADED)
def _loaded(organisation: int, version: int, _engine: str) -> Weights:
    found = OwnHead.objects.filter(organisation_id=organisation, model__version=version)
    return parts.put(load_weights(), {HEADS[row.field]: parts.unpacked(bytes(row.body)) for row in found})

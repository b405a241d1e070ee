"""The demo's double coding: one sample both have finished and a third has settled, one the manager and a colleague are in."""

import uuid
from datetime import datetime, timedelta
from random import Random

from feedback import coding, queries
from feedback.coding import Answer
from feedback.enums import Kind, Stance
from feedback.models import Analysis, CodingSample
from tenancy.models import Member

SEED = 7
# stance by kind: what a careful coder starts from
STANCES = {Kind.COMPLAINT: Stance.PAIN, Kind.SUGGESTION: Stance.NEED, Kind.ENQUIRY: Stance.NEED}
SLIPS = 0.08  # of the codes one coder reads otherwise than the other would
UNDER_WAY = (14, 6)  # voices of the second sample each has already said something of


def add(*, organisation: int, now: datetime) -> None:
    """Draws both samples some days ago and codes them as people do: mostly alike, here and there not."""
    manager, admin, third = (_member(local, organisation) for local in ("manager", "admin", "executive"))
    rng, began = Random(SEED), now - timedelta(days=20)
    done = _drawn("上月门店声音", [manager, admin], 60, organisation, began)
    read = queries.analyses(done.voices, organisation=organisation)
    for key in done.voices:
        for coder in (manager, admin):
            _say(rng, done, read[key], coder, began + timedelta(days=1))
    for pair in coding.pairs(done):
        if pair.differs():
            answer = _answer(rng, read[pair.feedback_id], slips=0)
            coding.settle(done, pair.feedback_id, answer, coder=third.id, now=began + timedelta(days=2), actor=_name(third))
    now_open = _drawn("本月复核", [manager, admin], 30, organisation, now - timedelta(days=2))
    read = queries.analyses(now_open.voices, organisation=organisation)
    for coder, n in zip((admin, manager), UNDER_WAY, strict=True):
        for key in now_open.voices[:n]:
            _say(rng, now_open, read[key], coder, now - timedelta(days=1))


def _drawn(name: str, coders: list[Member], n: int, organisation: int, at: datetime) -> CodingSample:
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"demo:coding:{organisation}:{name}")
    ids = [coder.id for coder in coders]
    return coding.draw(key, name, ids, n=n, seed=SEED, is_stratified=True, organisation=organisation, now=at, actor=_name(coders[0]))


def _say(rng: Random, row: CodingSample, made: Analysis, coder: Member, at: datetime) -> None:
    coding.code(row, made.feedback_id, _answer(rng, made, slips=SLIPS), coder=coder.id, now=at, actor=_name(coder))


def _answer(rng: Random, made: Analysis, *, slips: float) -> Answer:
    kind, codes = Kind(made.kind), [mention["code"] for mention in made.topics] or ["other"]
    if made.sentiment == "mixed" and kind == Kind.PRAISE:
        kind = Kind.COMPLAINT  # what stays in people's mind of "good, but the wait"
    stance = STANCES.get(kind, Stance.NOISE)
    if rng.random() < slips:
        stance = rng.choice([other for other in Stance if other != stance])
    if rng.random() < slips:
        kind = rng.choice([Kind.COMPLAINT, Kind.SUGGESTION, Kind.OTHER])
    return Answer(stance, kind, codes[-1] if rng.random() < slips else codes[0])


def _member(local: str, organisation: int) -> Member:
    return Member.objects.select_related("user").get(organisation_id=organisation, user__email=f"{local}@demo.cxms.example")


def _name(member: Member) -> str:
    return f"user:{member.user.email}"

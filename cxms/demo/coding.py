"""The demo's double coding: one sample both have finished and a third has settled, one the manager and a colleague are in."""

import uuid
from datetime import datetime, timedelta
from random import Random

from feedback import coding
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
    for pair in coding.pairs(done):
        for coder in (manager, admin):
            _say(rng, done, pair.feedback_id, coder, began + timedelta(days=1))
    for pair in coding.pairs(done):
        if pair.differs():
            answer = _read(rng, pair.feedback_id, organisation, slips=0)
            coding.settle(done, pair.feedback_id, answer, coder=third.id, now=began + timedelta(days=2), actor=_name(third))
    now_open = _drawn("本月复核", [manager, admin], 30, organisation, now - timedelta(days=2))
    for coder, n in zip((admin, manager), UNDER_WAY, strict=True):
        for key in now_open.voices[:n]:
            _say(rng, now_open, key, coder, now - timedelta(days=1))


def _drawn(name: str, coders: list[Member], n: int, organisation: int, at: datetime) -> CodingSample:
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"demo:coding:{organisation}:{name}")
    ids = [coder.id for coder in coders]
    return coding.draw(key, name, ids, n=n, seed=SEED, is_stratified=True, organisation=organisation, now=at, actor=_name(coders[0]))


def _say(rng: Random, row: CodingSample, key: uuid.UUID, coder: Member, at: datetime) -> None:
    coding.code(row, key, _read(rng, key, row.organisation_id, slips=SLIPS), coder=coder.id, now=at, actor=_name(coder))


def _read(rng: Random, key: uuid.UUID, organisation: int, *, slips: float) -> Answer:
    made = Analysis.objects.get(organisation_id=organisation, feedback_id=key, is_current=True)
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

"""A second, small organisation: three cafés in Hong Kong, so that the walls between tenants can be seen."""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from complaints import sla_policies
from cxms.demo.catalogue import PASSWORD
from cxms.demo.loading import Say, step
from feedback import intake
from feedback.intake import Source
from feedback.shapes import RawScore, RawVoice
from tenancy import members, organisations, queries, units
from tenancy.enums import Role, UnitKind
from tenancy.models import Unit, User
from tenancy.scope import organisation_scope

SHOPS = (("CENTRAL", "中環店"), ("TST", "尖沙咀店"), ("SHATIN", "沙田店"))
SAID = (
    (10, "咖啡很香，店員很有禮貌，下次再來。"),
    (9, "環境舒服，插座多，適合工作。"),
    (8, "出餐有點慢，但味道不錯。"),
    (5, "等了二十五分鐘才有位，沒有人招呼。"),
    (2, "蛋糕是酸的，退款還要我填表，太離譜。"),
)


def load(*, now: datetime, say: Say) -> None:
    """Makes the neighbour with 400 voices; does nothing when it is there."""
    if queries.organisation_by_slug("harbour") is not None:
        return
    rng = Random(7)
    with step(say, "第二个组织"):
        organisation = organisations.create(
            slug="harbour",
            name="海港咖啡",
            timezone="Asia/Hong_Kong",
            language="zh-hant",
            now=now,
            actor="demo",
        )
        organisations.mark_set_up(organisation, now=now)
        with organisation_scope(organisation.id):
            root = Unit.objects.get(organisation_id=organisation.id, parent__isnull=True)
            for code, name in SHOPS:
                units.add(
                    organisation=organisation.id, code=code, kind=UnitKind.STORE, name=name, parent=root, now=now, actor="demo"
                )
            sla_policies.add_presets(organisation=organisation.id, now=now, actor="demo")
            user = User.objects.create_user(
                "manager@harbour.cxms.example", PASSWORD, name="何佩珊", language="zh-hant"
            )
            members.add(
                organisation=organisation.id,
                user=user,
                name="何佩珊",
                roles=[(Role.CX_MANAGER, root)],
                now=now,
                actor="demo",
            )
            _voices(rng, organisation.id, now)


def _voices(rng: Random, organisation: int, now: datetime) -> None:
    rows = []
    for i in range(400):
        score, text = rng.choices(SAID, weights=(5, 4, 3, 2, 1))[0]
        at = now - timedelta(days=8 + rng.random() * 80)
        rows.append(
            RawVoice(
                channel="qr",
                text=text if rng.random() < 0.6 else "",
                external_id=f"h-{i}",
                occurred_at=at,
                unit=rng.choice(SHOPS)[0],
                scores=(RawScore("nps", Decimal(score), 0, 10),),
            )
        )
    intake.receive(rows, organisation=organisation, source=Source(b"", "application/x-demo", "demo"), now=now)

"""A bulk move on the desk: CXMS_BENCH_BULK (1,000) open complaints given to one colleague, row by row with a result, by one worker."""

import os
import time
import uuid
from datetime import UTC, datetime

from complaints import bulk, sla_policies
from complaints.intake import Complaint, file
from complaints.models import BulkRow
from feedback.intake import Source
from feedback.shapes import RawVoice
from ledger import runner
from tenancy import members, organisations
from tenancy.models import Member, Unit, User
from tenancy.scope import organisation_scope


def main() -> None:
    """Prints seconds until every row has its result, CPU a row, and the same for undoing them all."""
    n = int(os.environ.get("CXMS_BENCH_BULK", "1000"))
    org, member, tickets = _stage(n)
    key = uuid.uuid4()
    now = datetime.now(UTC)
    with organisation_scope(org):
        run = bulk.start(
            key, tickets, "assign", {"assignee": member.user.email}, organisation=org, member=member, language="zh-hans", now=now, actor="bench"
        )
    _worked("given to a colleague", n, org, run.id)
    with organisation_scope(org):
        bulk.undo(run.id, None, organisation=org, member=member, now=datetime.now(UTC), actor="bench")
    _worked("put back", n, org, run.id)


def _worked(what: str, n: int, org: int, run: uuid.UUID) -> None:
    wall, cpu = time.monotonic(), time.process_time()
    while runner.drain("bulk", seconds=600):
        pass
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    with organisation_scope(org):
        rows = list(BulkRow.objects.filter(run=run).values_list("outcome", flat=True))
    said = ", ".join(f"{rows.count(name):,} {name}" for name in sorted(set(rows)))
    print(f"  {n:,} complaints {what}: {wall:.1f} s, {cpu / n * 1000:.1f} ms of CPU a row ({said})")


def _stage(n: int) -> tuple[int, Member, list[uuid.UUID]]:
    """An organisation with one colleague and n open complaints; what follows from their opening is not worked."""
    now = datetime.now(UTC)
    slug = f"bench-{uuid.uuid4().hex[:8]}"
    org = organisations.create(slug=slug, name="量速", timezone="Asia/Shanghai", now=now, actor="bench").id
    with organisation_scope(org):
        sla_policies.add_presets(organisation=org, now=now, actor="bench")
        user = User.objects.create_user(f"one@{slug}.example", name="一位同事")
        root = Unit.objects.get(organisation_id=org, code="HQ")
        member = members.add(organisation=org, user=user, name="一位同事", roles=[("cx_manager", root)], now=now, actor="bench")
    made = []
    for first in range(0, n, 100):
        with organisation_scope(org):
            for i in range(first, min(first + 100, n)):
                voice = RawVoice(channel="phone", text=f"第 {i} 宗：送来的东西坏了", unit="HQ", external_id=str(i))
                made.append(file(Complaint(voice), organisation=org, source=Source(b"{}", "x", "t"), now=now)[0].id)
    return org, member, made

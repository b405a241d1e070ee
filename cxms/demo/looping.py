"""The demo's inner loop: a case rule the manager wrote, and a reason for every voice of the last month without a ticket."""

from datetime import datetime, timedelta

from complaints import case_rules_kept, case_rules_rows

MANAGER = "user:manager@demo.cxms.example"
RULE = {
    "code": "tier-a-waiting", "name": "A 级客户等太久", "is_on": True,
    "match": {"tier": ["A"], "topic": ["waiting_time"], "sentiment": ["negative"]},
    "then": {"open": True, "severity": "high", "unit": "", "owner": "", "policy": "", "reason": ""},
}  # fmt: skip


def add(*, organisation: int, now: datetime) -> None:
    """Writes it as the manager would have, three weeks ago."""
    case_rules_kept.put(RULE, organisation=organisation, version=0, now=now - timedelta(days=21), actor=MANAGER)
    case_rules_rows.pass_over_past(organisation=organisation, since=now - timedelta(days=31), now=now)

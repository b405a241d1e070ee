"""Organisations, the unit tree, staff, members, keys, calendars and the commands of the contract."""

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cxms.lib.errors import DomainError
from tenancy import calendar_presets, calendars, keys, members, organisations, staff, units
from tenancy.models import Staff, Unit, UnitPlacement

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments):
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_units_are_imported_whatever_their_order_and_named_when_bad(shop, now):
    text = "code,parent,kind,name,timezone\nT1,S009,team,早班,\nS009,EAST,store,宁波店,Asia/Shanghai\nS001,EAST,store,西溪新店,\n"
    with shop.scope():
        assert units.import_csv(text, organisation=shop.id, now=now, actor="t") == 3
        assert Unit.objects.get(code="T1").path == "/HQ/EAST/S009/T1/"
        assert Unit.objects.get(code="S001").name == "西溪新店"
    for bad, field in (("X,NOPE,store,x,", "line 2"), ("b ad,HQ,store,x,", "line 2"), ("X,HQ,castle,x,", "line 2")):
        with pytest.raises(DomainError) as raised, shop.scope():
            units.import_csv(f"code,parent,kind,name,timezone\n{bad}\n", organisation=shop.id, now=now, actor="t")
        assert raised.value.field == field


def test_a_moved_unit_keeps_its_past(shop, now):
    with shop.scope():
        units.move(
            organisation=shop.id, unit=shop.units["S001"], parent=shop.units["WEST"], from_date=date(2026, 6, 1), now=now, actor="t",
        )  # fmt: skip
        rows = UnitPlacement.objects.filter(unit=shop.units["S001"]).order_by("from_date")
        found = [(row.path, row.from_date.isoformat(), row.to_date.isoformat()) for row in rows]
        assert Unit.objects.get(code="S001").path == "/HQ/WEST/S001/"
    assert found == [
        ("/HQ/EAST/S001/", "1970-01-01", "2026-06-01"),
        ("/HQ/WEST/S001/", "2026-06-01", "9999-12-31"),
    ]
    with pytest.raises(DomainError, match="下级"), shop.scope():
        units.move(
            organisation=shop.id, unit=shop.units["HQ"], parent=shop.units["EAST"], from_date=date(2026, 7, 1), now=now, actor="t",
        )  # fmt: skip


def test_staff_rows_are_upserted_and_bad_ones_named(shop, now):
    with shop.scope():
        staff.import_csv("employee_no,unit,name\nE001,S002,谢子昂\n", organisation=shop.id, now=now, actor="t")
        assert Staff.objects.get(employee_no="E001").unit.code == "S002"
    with pytest.raises(DomainError) as raised, shop.scope():
        staff.import_csv("employee_no,unit,name\nE9,S404,x\n", organisation=shop.id, now=now, actor="t")
    assert raised.value.code == "unknown_unit"


def test_a_seat_knows_roles_subtrees_and_capabilities(shop):
    with shop.scope():
        seat = members.seat_of(shop.members["store_manager"].user, organisation=shop.id)
        assert seat.paths == ("/HQ/EAST/S001/",)
        assert seat.sees("/HQ/EAST/S001/T1/")
        assert not seat.sees("/HQ/EAST/S002/")
        assert seat.may("complaints:manage")
        assert not seat.may("policies:write")
        assert not seat.sees_all
        assert members.seat_of(shop.members["admin"].user, organisation=shop.id).sees_all


def test_keys_are_found_by_their_secret_alone(shop, now):
    from datetime import timedelta

    from tenancy.models import ApiKey

    token = shop.key("feedback:read")
    found = keys.find(token, now=now)
    assert (found.organisation, found.scopes) == (shop.id, frozenset({"feedback:read"}))
    assert keys.find(token, now=now + timedelta(days=366)) is None
    with shop.scope():
        ApiKey.objects.update(revoked_at=now)
    assert keys.find(token, now=now) is None
    with pytest.raises(DomainError, match="未知"), shop.scope():
        keys.issue(organisation=shop.id, scopes=["everything"], name="x", now=now, actor="t")


def test_calendars_are_versioned_and_chinese_days_are_known(shop, now):
    spec = {"timezone": "Asia/Shanghai", "weekly": {"mon": [["09:00", "12:00"], ["13:30", "18:00"]]}}
    with shop.scope():
        first = calendars.put("desk", spec, organisation=shop.id, now=now, actor="t")
        assert calendars.put("desk", spec, organisation=shop.id, now=now, actor="t").id == first.id
        spec["weekly"]["sat"] = [["22:00", "06:00"]]
        assert calendars.put("desk", spec, organisation=shop.id, now=now, actor="t").version == 2
    off, work = calendar_presets.chinese_days(range(2026, 2027))
    assert date(2026, 2, 16) in off
    assert work == [date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)]  # fmt: skip


def test_the_commands_of_the_contract(tmp_path):
    import uuid

    slug = f"cmd-{uuid.uuid4().hex[:8]}"
    made = command("create_organisation", slug, "--name", "命令", "--timezone", "Asia/Shanghai")
    assert made.returncode == 0, made.stderr
    assert slug in made.stdout
    again = command("create_organisation", slug, "--name", "命令", "--timezone", "Asia/Shanghai")
    assert (again.returncode, "已被占用" in again.stderr) == (1, True)
    with pytest.raises(CommandError):  # as a process it ends with 1, as the one before: here and below without the start
        call_command("create_organisation", slug + "2", "--name", "x", "--timezone", "Mars/Base")
    (tmp_path / "u.csv").write_text("code,parent,kind,name,timezone\nS1,HQ,store,一店,\n", encoding="utf-8-sig")
    (tmp_path / "s.csv").write_text("employee_no,unit,name\nE1,S1,张三\n", encoding="utf-8")
    assert "1 units" in command("import_units", "--organisation", slug, str(tmp_path / "u.csv")).stdout
    assert "1 staff" in command("import_staff", "--organisation", slug, str(tmp_path / "s.csv")).stdout
    added = command("add_member", "--organisation", slug, "--email", f"a@{slug}.example", "--role", "executive")
    assert added.returncode == 0, added.stderr
    assert len(added.stdout.strip().splitlines()[-1]) >= 12
    with pytest.raises(CommandError, match="king"):
        call_command("add_member", "--organisation", slug, "--email", "b@c.de", "--role", "king")
    assert f"{slug}: 0 differences" in command("audit_rollup", "--organisation", slug).stdout
    issued = command("issue_api_key", "--organisation", slug, "--scopes", "feedback:write,metrics:read", "--name", "crm")
    token = issued.stdout.strip().splitlines()[-1]
    assert token.startswith("cx_live_")
    assert keys.find(token, now=datetime.now(UTC)).scopes == frozenset({"feedback:write", "metrics:read"})
    with pytest.raises(CommandError):
        call_command("issue_api_key", "--organisation", slug, "--scopes", "nonsense")


def test_a_slug_is_taken_once(shop, now):
    with pytest.raises(DomainError):
        organisations.create(slug=shop.organisation.slug, name="x", timezone="Asia/Shanghai", now=now, actor="t")

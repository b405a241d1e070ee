"""The first-run wizard: who is led there, what each step writes, that it is skipped and taken up again."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from complaints import sla_policies
from tenancy import calendars, invitations, organisations
from tenancy.models import CalendarVersion, Invitation, Organisation, Staff, Touchpoint, Unit
from tests.shop import Shop
from web import policy_form

STEPS = ("organisation", "industry", "units", "members", "calendar", "promise", "survey")


@pytest.fixture
def empty(now):
    """An organisation nobody has set up, with its first administrator."""
    import uuid

    slug = f"e-{uuid.uuid4().hex[:10]}"
    place = organisations.create(slug=slug, name="空店", timezone="Asia/Shanghai", now=now, actor="t")
    made = Shop(place)
    with made.scope():
        row = invitations.invite(organisation=place.id, email=f"boss@{slug}.example", name="", roles=[("admin", "HQ")], now=now, actor="t")
        found = invitations.find(invitations.token_of(row), organisation=place.id, now=now, lock=True)
        made.members["admin"] = invitations.accept_new(found, name="老板", password="x", language="", now=now)
    return made


def done(client):
    return client.get("/start/").content.decode().count('class="mark1 done"')


def test_an_administrator_is_led_to_it_and_nobody_else(empty, shop):
    client = empty.page("admin")
    assert client.get("/").url == "/start/"
    assert shop.page("admin").get("/").status_code == 200
    found = {role: shop.page(role).get("/start/").status_code for role in shop.members}
    assert {role for role, status in found.items() if status == 200} == {"admin", "cx_manager"}
    assert shop.page("cx_manager").get("/start/members/").status_code == 404
    assert client.get("/start/nonsense/").status_code == 404
    client.post("/start/done/", {"do": "later"})
    text = client.get("/").content.decode()
    assert "接着设置" in text
    client.post("/start/done/", {"do": "done"})
    assert "接着设置" not in client.get("/").content.decode()
    assert Organisation.objects.get(id=empty.id).set_up_at is not None


def test_every_step_opens_and_can_be_skipped(empty):
    client = empty.page("admin")
    for name in STEPS:
        assert client.get(f"/start/{name}/").status_code == 200, name
    assert done(client) == 0


def test_the_seven_steps(empty, now):
    client = empty.page("admin")
    assert client.post("/start/organisation/", {"version": 1, "name": "海港咖啡", "language": "en", "timezone": "Asia/Hong_Kong"}).url == "/start/industry/"
    assert client.post("/start/organisation/", {"version": 1, "name": "x", "language": "en", "timezone": "Asia/Tokyo"}).status_code == 409
    assert client.post("/start/organisation/", {"version": 2, "name": "x", "language": "en", "timezone": "Mars/Base"}).status_code == 400
    assert client.post("/start/industry/", {"industry": "castle"}).status_code == 400
    assert client.post("/start/industry/", {"industry": "hotel"}).url == "/start/units/"
    with empty.scope():
        kept = Touchpoint.objects.filter(retired_at=None).order_by("position")
        assert [row.name for row in kept][:3] == ["Booking", "Before arrival", "Check-in"]
        assert Touchpoint.objects.get(code="installation").retired_at is not None
        assert Organisation.objects.get(id=empty.id).complaint_exposure == "stay"
    csv = "代码,上级,类型,名称\nEAST,,大区,华东\nS1,EAST,门店,一店\n".encode("gb18030")
    answer = client.post("/start/units/", {"kind": "units", "do": "preview", "file": SimpleUploadedFile("u.csv", csv)})
    text = answer.content.decode()
    assert ("GB18030" in text, "一店" in text, "导入这些行" in text) == (True, True, True)
    with empty.scope():
        assert Unit.objects.count() == 1
    assert client.post("/start/units/", {"kind": "units", "do": "import", "text": csv.decode("gb18030")}).url == "/start/units/"
    staff = "工号\t门店\t姓名\nE1\tS1\t张三\n"
    assert client.post("/start/units/", {"kind": "staff", "do": "import", "text": staff}).url == "/start/members/"
    with empty.scope():
        assert Staff.objects.get(employee_no="E1").unit.path == "/HQ/EAST/S1/"
    rows = {"email": ["m@x.example", ""], "name": ["店长", ""], "role": ["store_manager", ""], "unit": ["S1", ""]}
    assert client.post("/start/members/", rows).url == "/start/members/"  # no mail server: the link is shown here
    with empty.scope():
        assert Invitation.objects.get(email="m@x.example").roles == [["store_manager", "S1"]]
    week = {"preset": "hours", **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "07:00-14:00, 17:00-02:00")}
    assert client.post("/start/calendar/", week | {"mon": "late"}).status_code == 400
    assert client.post("/start/calendar/", week).url == "/start/promise/"
    with empty.scope():
        spec = calendars.current("hours", organisation=empty.id).spec
        assert spec["weekly"]["mon"] == [["07:00", "14:00"], ["17:00", "02:00"]]
        assert spec["timezone"] == "Asia/Hong_Kong"
        assert Unit.objects.get(code="HQ").calendar == "hours"
    with empty.scope():
        shipped = sla_policies.preset()["clauses"]
    form = {f"c_{name}": [] for name in ("code", "kind", "amount", "unit", "calendar", "warn", "after")}
    for clause, amount, calendar in zip(shipped, ("1", "3", "1", "7"), ("always", "unit", "unit", "always"), strict=True):
        values = (clause["code"], clause["kind"], amount, "m" if clause["kind"] == "notify" else "d" if amount in {"1", "7"} else "h", calendar, "50%", "30")
        for name, value in zip(form, values, strict=True):
            form[name].append(value)
    assert client.post("/start/promise/", {**form, "c_amount": ["1", "soon", "1", "7"], "version": 0}).status_code == 400
    assert client.post("/start/promise/", {**form, "version": 0}).url == "/start/survey/"
    with empty.scope():
        (policy,) = sla_policies.in_force(organisation=empty.id)
        assert [(c["target_seconds"], c["calendar"], c["warn_shares"]) for c in policy.clauses][1:3] == [(10_800, "unit", [0.5]), (86_400, "unit", [0.5])]
        assert policy.name == policy_form.name_of(policy.clauses, "en")
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in policy.name)
    assert done(client) == 6
    assert client.post("/start/done/", {"do": "done"}).url == "/"


def test_a_wrong_row_keeps_all_out_and_every_word(empty):
    client = empty.page("admin")
    bad = "code,name\nS1,一店\nS 2,二店\n"
    for action in ("preview", "import"):
        answer = client.post("/start/units/", {"kind": "units", "do": action, "text": bad})
        text = answer.content.decode()
        assert ("代码只能含字母" in text, "S 2,二店" in text, "导入这些行" in text) == (True, True, False)
    with empty.scope():
        assert Unit.objects.count() == 1


def test_templates_to_download_show_how_and_are_safe_in_a_spreadsheet(shop, stranger):
    with shop.scope():
        Unit.objects.filter(code="S001").update(name="=1+1")
    answer = shop.page("admin").get("/start/template/units/")
    text = answer.content.decode("utf-8-sig")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert ("S001,EAST,store,'=1+1," in text, "code,parent,kind,name,timezone" in text) == (True, True)
    assert "'=1+1" not in stranger.page("admin").get("/start/template/units/").content.decode()
    assert shop.page("admin").get("/start/template/nothing/").status_code == 404


def test_a_preset_is_kept_by_the_headquarters_and_every_unit_below(empty):
    from tenancy import queries

    client = empty.page("admin")
    assert client.post("/start/calendar/", {"preset": "castle"}).status_code == 400
    assert client.post("/start/calendar/", {"preset": "store"}).status_code == 302
    with empty.scope():
        root = Unit.objects.get(code="HQ")
        assert queries.calendar_code(root, organisation=empty.id) == "store"
        assert CalendarVersion.objects.filter(code="hours").count() == 0

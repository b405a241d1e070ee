"""Lists as people bring them: encodings, delimiters, Chinese headers, every wrong row by its line."""

import pytest

from cxms.lib.errors import DomainError
from tenancy import tables, unit_import, units
from tenancy.models import AuditEvent, Unit


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")])
def test_the_encoding_is_found_out(encoding, name):
    text, found = tables.decode("代码,名称\nS1,杭州西溪店，㐂\n".encode(encoding))
    assert (found, "杭州西溪店，㐂" in text) == (name, True)


def test_what_is_no_text_is_refused():
    with pytest.raises(DomainError) as raised:
        tables.decode(b"PK\x03\x04\xff\xff\xff\x80")
    assert raised.value.code == "unreadable"


@pytest.mark.parametrize(
    "text",
    ["code,parent,kind,name,timezone\nS1,,store,一店,\n", "代码\t上级\t类型\t名称\nS1\t\t门店\t一店\n", "\ufeff代码;类型;名称\nS1;门店;一店\n\n"],
)
def test_columns_are_known_by_both_names_and_any_delimiter(text):
    ((number, values),) = tables.read(text, unit_import.COLUMNS, unit_import.NEEDED)
    assert (number, values["code"], values["name"]) == (2, "S1", "一店")


@pytest.mark.parametrize(("text", "code"), [("foo,bar\n1,2\n", "no_header"), ("  \n", "empty"), ("code\nS1\n", "no_header")])
def test_a_list_without_its_columns_or_rows_is_refused(text, code):
    with pytest.raises(DomainError) as raised:
        tables.read(text, unit_import.COLUMNS, unit_import.NEEDED)
    assert raised.value.code == code


def test_a_dry_run_names_every_wrong_row_and_writes_nothing(shop):
    text = (
        "code,parent,kind,name,timezone\n"
        "N1,EAST,store,宁波店,\n"  # add
        "b ad,EAST,store,坏,\n"
        "N1,EAST,store,又一个,\n"
        "N2,NOPE,store,无上级,\n"
        "N3,N4,store,互为上级,\n"
        "N4,N3,store,互为上级,\n"
        "N5,EAST,castle,城堡,\n"
        "N6,EAST,store,,\n"
        "N7,EAST,store,x,Mars/Base\n"
        "S001,EAST,store,西溪新店,\n"  # change
        "S002,WEST,store,,\n"  # same, with a word about its parent
    )
    with shop.scope():
        plan = unit_import.plan(tables.read(text, unit_import.COLUMNS, unit_import.NEEDED), organisation=shop.id)
        assert plan.counts == {"add": 1, "change": 1, "same": 1, "wrong": 8}
        wrong = {line.number: line.code for line in plan.wrong}
        assert wrong == {
            3: "bad_code", 4: "twice", 5: "unknown_parent", 6: "unknown_parent", 7: "unknown_parent", 8: "unknown_kind",
            9: "no_name", 10: "unknown_timezone",
        }  # fmt: skip
        assert "搬迁" in plan.lines[-1].said
        assert Unit.objects.filter(code__startswith="N").count() == 0
        with pytest.raises(DomainError) as raised:
            units.import_csv(text, organisation=shop.id, now=shop.organisation.created_at, actor="t")
        assert raised.value.field == "line 3"


def test_three_levels_go_in_at_once_and_are_noted(shop, now):
    lines = ["代码,上级,类型,名称", *(f"X{i:03d},R{i % 3},门店,店 {i}" for i in range(300)), "R0,,大区,零", "R1,,大区,一", "R2,R1,大区,二"]
    with shop.scope():
        assert units.import_csv("\n".join(lines), organisation=shop.id, now=now, actor="user:a") == 303
        assert Unit.objects.get(code="X002").path == "/HQ/R1/R2/X002/"
        assert Unit.objects.get(code="X002").parent.code == "R2"
        event = AuditEvent.objects.get(action="units.imported")
        assert (event.actor, event.detail) == ("user:a", {"added": 303, "changed": 0})
        assert units.import_csv("\n".join(lines), organisation=shop.id, now=now, actor="user:a") == 303
        assert AuditEvent.objects.filter(action="units.imported").count() == 1

"""A copied organisation is the one the product's own functions found, but for its keys, slug and addresses."""

from typing import Any

from django.apps import apps

from tenancy.models import Organisation
from tests.shop import Shop, found_shop, make_shop


def told(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """Every walled row of the organisation, keys replaced by the order in which they first appear."""
    names: dict[Any, str] = {shop.id: "organisation"}
    found: dict[str, list[dict[str, Any]]] = {}
    with shop.scope():
        for member in shop.members.values():
            names[("user", member.user.pk)] = member.user.name
        for model in apps.get_models():
            columns = model._meta.concrete_fields
            if all(column.attname != "organisation_id" for column in columns):
                continue
            for row in model._default_manager.filter(organisation_id=shop.id).order_by("pk"):
                values = {}
                for column in (c for c in columns if c.attname != "seq"):  # counts through all organisations
                    value = getattr(row, column.attname)
                    user = column.is_relation and column.related_model._meta.label == "tenancy.User"
                    value = ("user", value) if user else value
                    if column.is_relation or column.primary_key:
                        value = value and names.setdefault(value, f"{model._meta.label} {len(names)}")
                    values[column.attname] = str(value).replace(shop.organisation.slug, "slug")
                found.setdefault(model._meta.label, []).append(values)
    return found


def test_a_copy_differs_in_nothing_but_its_keys():
    make_shop()
    founded, copied = found_shop(), make_shop()
    assert told(copied) == told(founded)
    assert len(told(copied)) > 7
    assert {code: unit.path for code, unit in copied.units.items()} == {code: unit.path for code, unit in founded.units.items()}
    assert list(copied.members) == list(founded.members)
    ours, theirs = Organisation.objects.get(id=copied.id), Organisation.objects.get(id=founded.id)
    for column in ("name", "timezone", "language", "industry", "set_up_at", "version", "channels_off"):
        assert getattr(ours, column) == getattr(theirs, column)
    assert {member.user.email.split("@")[1] for member in copied.members.values()} == {f"{ours.slug}.example"}


def test_a_copy_shares_no_row_with_its_pattern():
    first, second = make_shop(), make_shop()
    assert {unit.id for unit in first.units.values()}.isdisjoint(unit.id for unit in second.units.values())
    assert {member.user_id for member in first.members.values()}.isdisjoint(member.user_id for member in second.members.values())

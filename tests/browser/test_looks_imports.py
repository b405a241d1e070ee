"""导入 and 邮箱: sound at both widths, light and dark."""

import pytest

from feedback import imports
from tests.browser import looks
from tests.feedback.test_imports import as_csv, rows


@pytest.mark.parametrize("width", [1440, 360])
def test_pages_are_sound(shop, visit, now, work, width):
    with shop.scope():
        fresh = imports.upload(as_csv(rows(40, bad=0.2)[0]), "评价.csv", organisation=shop.id, now=now, actor="x")
        job = imports.upload(as_csv(rows(40, bad=0.2)[0]), "评价.csv", organisation=shop.id, now=now, actor="x")
        imports.map_columns(
            job.id, job.columns, channel="review", unit="", version=1, organisation=shop.id, now=now, actor="x"
        )
    work()
    page = visit("cx_manager", width=width)
    found = []
    for name, url in (
        ("list", "/imports/"), ("columns", f"/imports/{fresh.id}/"), ("checked", f"/imports/{job.id}/"),
        ("mailboxes", "/imports/mailboxes/"), ("mailbox", "/imports/mailboxes/new/"),
    ):  # fmt: skip
        found += looks.findings(page, name, url, width=width, opened="section details" if name == "checked" else "")
        if width == 360:
            found += [f"{name}: {small}" for small in looks.small_targets(page)]
    assert found == []

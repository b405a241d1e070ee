"""The test mail: sent by a real SMTP server to whoever asks, and the server's refusal is told."""

from tests.smtp import Box, posting


def ask(shop):
    client = shop.page("admin")
    assert client.post("/settings/notices/test/").status_code == 302
    return client.get("/settings/notices/").content.decode()


def test_it_arrives(shop, settings):
    with posting(settings, Box()) as box:
        text = ask(shop)
    ((to, mail),) = box.mails
    assert to == shop.members["admin"].user.email
    assert mail["Subject"] == "试发：邮件通了"
    assert "邮件服务器收下了" in text


def test_a_refusal_is_told(shop, settings):
    with posting(settings, Box("554 no thanks")):
        text = ask(shop)
    assert ("没有发出去" in text, "554" in text) == (True, True)


def test_without_a_server_nothing_is_tried(shop):
    assert "还没有接邮件" in ask(shop)
    assert shop.page("frontline").post("/settings/notices/test/").status_code == 403

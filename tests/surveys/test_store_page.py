"""The store's public page: three fields, a complaint with its promise, nothing told twice."""

from complaints.models import Ticket
from feedback.models import Feedback, Score


def form(**fields):
    return {"key": "k" * 32, "kind": "complaint", "text": "排队一小时没人理", "contact": "138 1234 6629", **fields}


def tickets(shop):
    with shop.scope():
        return list(Ticket.objects.filter(organisation_id=shop.id).select_related("unit", "customer"))


def test_a_complaint_gets_its_promise_page_at_once_and_once(client, shop, link_of):
    url = f"/f/{link_of(None).token}/"
    assert "杭州西溪店" in client.get(url).content.decode()
    answer = client.post(url, form())
    again = client.post(url, form())
    (ticket,) = tickets(shop)
    assert answer.url.startswith("/p/")
    assert (ticket.unit.code, ticket.channel, ticket.customer.phone) == ("S001", "qr", "+8613812346629")
    page = client.get(answer.url).content.decode()
    assert ticket.number in page
    assert 'class="cx-clock xl"' in page
    assert ticket.number in client.get(again.url).content.decode()


def test_praise_and_suggestion_enter_by_the_intake(client, shop, link_of, work):
    url = f"/f/{link_of(None).token}/"
    answer = client.post(url, form(kind="praise", text="小唐特别耐心", score="5", contact=""))
    assert "我们会转告他" in client.get(answer.url).content.decode()
    client.post(url, form(kind="suggestion", text="多放几把椅子", key="s" * 32))
    client.post(url, form(kind="suggestion", text="多放几把椅子", key="s" * 32))
    work()
    with shop.scope():
        praise, idea = Feedback.objects.filter(organisation_id=shop.id).order_by("received_at", "id")
        assert (praise.channel, praise.metadata["said_to_be"], praise.customer_id) == ("qr", "praise", None)
        assert [(s.kind, int(s.value)) for s in Score.objects.filter(feedback=praise)] == [("csat", 5)]
        assert idea.customer_id is not None
    assert tickets(shop) == []


def test_a_wrong_form_comes_back_whole(client, shop, link_of):
    url = f"/f/{link_of(None).token}/"
    for fields, said in ((form(kind=""), "选一种"), (form(text=" "), "写一句就好"), (form(contact="12"), "请写手机号或邮箱")):
        answer = client.post(url, fields)
        assert answer.status_code == 400
        assert said in answer.content.decode()
    assert "排队一小时没人理" in client.post(url, form(contact="x@")).content.decode()
    assert tickets(shop) == []


def test_a_survey_link_and_a_strange_one_are_no_store_pages(client, shop, stranger, publish, link_of):
    survey = link_of(publish())
    theirs = link_of(None, home=stranger)
    assert client.get(f"/f/{survey.token}/").status_code == 404
    assert client.get("/f/" + "x" * 22 + "/").status_code == 404
    client.post(f"/f/{theirs.token}/", form())
    assert tickets(shop) == []
    assert len(tickets(stranger)) == 1


def test_a_trap_opens_no_ticket_but_keeps_the_words(client, shop, link_of):
    client.post(f"/f/{link_of(None).token}/", form(website="x"))
    assert tickets(shop) == []
    with shop.scope():
        assert Feedback.objects.get(organisation_id=shop.id).excluded_reason == "honeypot"

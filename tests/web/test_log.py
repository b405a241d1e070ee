"""登记: a known customer, a walk-in, a double press, a form that comes back whole."""

import uuid

from complaints.models import Ticket
from customers.models import Customer

TEXT = "昨天换的电池，今天两个小时就掉到 40%，要求退货"


def _form(**fields):
    return {"token": uuid.uuid4().hex, "channel": "store", "text": TEXT, "unit": "S001", **fields}


def _tickets(shop):
    with shop.scope():
        return list(Ticket.objects.select_related("customer", "unit").order_by("number"))


def test_four_digits_find_a_customer_and_nobody_is_named_in_full(shop, complain):
    complain()
    client = shop.page("frontline")
    text = client.get("/log/customers/?q=6629").content.decode()
    assert "陈**" in text
    assert "陈建国" not in text
    assert "138 **** 6629" in text


def test_a_known_customers_complaint_starts_its_clocks(shop, complain):
    first = complain()
    client = shop.page("frontline")
    answer = client.post("/log/", _form(customer=str(first.customer_id)))
    assert answer.status_code == 302
    ticket = _tickets(shop)[-1]
    assert (ticket.customer_id, ticket.unit.code, ticket.channel) == (first.customer_id, "S001", "store")
    page = client.get(answer.url).content.decode()
    assert ticket.number in page
    assert "/p/" in page
    assert "1 小时还原" in page


def test_a_second_press_files_nothing_new(shop):
    form = _form()
    client = shop.page("frontline")
    assert client.post("/log/", form).url == client.post("/log/", form).url
    assert len(_tickets(shop)) == 1


def test_a_walk_in_with_a_name_and_one_with_nothing(shop):
    client = shop.page("frontline")
    client.post("/log/", _form(name="王女士"))
    client.post("/log/", _form(name="李先生", phone="139 1234 5678"))
    client.post("/log/", _form())
    named, phoned, nobody = _tickets(shop)
    assert named.customer.name == "王女士"
    assert phoned.customer.phone == "+8613912345678"
    assert nobody.customer is None


def test_a_wrong_form_comes_back_with_everything(shop):
    client = shop.page("frontline")
    answer = client.post("/log/", _form(text="  ", name="王女士"))
    assert answer.status_code == 400
    assert "写下客户说的话" in answer.content.decode()
    assert "王女士" in answer.content.decode()
    answer = client.post("/log/", _form(phone="12", name="王女士"))
    assert answer.status_code == 400
    assert TEXT in answer.content.decode()
    assert _tickets(shop) == []


def test_a_unit_that_is_not_mine_is_not_taken(shop):
    shop.page("frontline").post("/log/", _form(unit="S003"))
    (ticket,) = _tickets(shop)
    assert ticket.unit is None or ticket.unit.code == "S001"


def test_guesses_follow_the_words_but_not_over_the_clerk(shop):
    client = shop.page("frontline")
    text = client.post("/log/guess/", {"text": "退款九天没有到账，我要投诉"}).content.decode()
    assert '<option value="refund" selected>' in text
    assert '<option value="return_refund" selected>' in text
    text = client.post("/log/guess/", {"text": "退款九天没有到账", "topic": "price", "touched": "topic"}).content.decode()
    assert '<option value="price" selected>' in text


def test_what_the_clerk_chose_is_what_is_filed(shop):
    shop.page("frontline").post("/log/", _form(severity="critical", topic="price", touchpoint="repair_pickup", channel="phone"))
    (ticket,) = _tickets(shop)
    assert (ticket.severity, ticket.topics, ticket.channel) == ("critical", ["price"], "phone")


def test_the_side_tells_of_an_open_complaint(shop, complain):
    first = complain()
    text = shop.page("frontline").get(f"/log/customers/{first.customer_id}/").content.decode()
    assert f"还有一宗未结：{first.number}" in text
    with shop.scope():
        assert Customer.objects.count() == 1


def test_my_next_task_stands_above(shop, complain):
    ticket = complain()
    client = shop.page("frontline")
    assert "我的下一件" not in client.get("/log/").content.decode()
    body = {"move": "assign", "version": 1, "assignee": shop.members["frontline"].user.email}
    shop.page().post(f"/promises/{ticket.number}/moves/", body)
    assert "我的下一件" in client.get("/log/").content.decode()

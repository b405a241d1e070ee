from feedback.nlp import understand


def test_batch_equals_one_by_one() -> None:
    texts = ["菜好吃，可是等了一个小时", "", "請問幾點關門？", "The staff was rude"]
    assert understand(texts) == [understand([text])[0] for text in texts]

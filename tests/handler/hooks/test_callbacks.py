"""Callbacks: signed so that another implementation takes them, tried again for days, stopped when told to stop."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from handler import notifications
from handler.aws.queue import MAX_DELAY_S
from handler.errors import BadConfig, BadEvent, StoreUnavailable
from handler.hooks import callbacks, resend
from handler.hooks.callbacks import WAITS_S
from handler.notifications import Delivery
from tests.handler.hooks.shops import CALLBACK_SECRET, NOW, STANDARD_SECRET
from tests.handler.web import web

KEY = "shops/own/catalogue/1/front"
REPORT = {
    "status": "done",
    "object": {"bucket": "input", "key": KEY, "version": "v", "etag": '"e"'},
    "mark": "m",
    "quality": {"needs_review": False, "confidence": 0.9, "reasons": []},
    "compliance": {"amazon-main": {"complies": True, "rules": {}}},
    "files": {"cutout.png": "1", "alpha.png": "2"},
}


@pytest.fixture
def net(tmp_path):
    with web(tmp_path) as made:
        yield made


@pytest.fixture
def deps(world, net):
    return callbacks.Deps(
        world.registry,
        world.queue("callbacks"),
        world.dead_letters,
        world.state,
        callbacks.POLICY,
        net.wire,
        jitter=lambda: 0.5,
    )


def delivery(key=KEY, url=None, **changes):
    told = notifications.from_report({**REPORT, "object": {**REPORT["object"], "key": key}}, "output", url)
    return replace(Delivery.of(told, datetime.fromtimestamp(NOW, UTC)), **changes)


def waiting(world):
    """(delivery, seconds that the queue holds it back) of the one message that was sent back."""
    queue = world.urls["callbacks"]
    sent = world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    return int(sent["Attributes"]["ApproximateNumberOfMessagesDelayed"])


@pytest.fixture
def sent_back(deps, monkeypatch):
    """What goes back into the queue: (delivery, delay)."""
    found = []
    monkeypatch.setattr(type(deps.queue), "send", lambda _, body, delay=0: found.append((Delivery.parse(body), delay)))
    return found


def test_the_receiver_can_verify_it_with_the_package_of_the_specification(net, deps, world):
    world.entries.document["own"]["callback"]["secrets"] = [STANDARD_SECRET, CALLBACK_SECRET]
    net.serve("/told", b"")
    now = time.time()  # the package knows no other clock
    assert callbacks.deliver(delivery(), deps, now) == "delivered"
    (request,) = net.asked
    for secret in (STANDARD_SECRET, CALLBACK_SECRET):  # the new and the old
        told = Webhook(secret).verify(request.body, request.headers)
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert told["type"] == "hairline.completed"
    assert told["data"]["shop"] == {"source": "own", "shop": "catalogue", "product": "1", "image": "front"}
    assert told["data"]["output"] == {"bucket": "output", "prefix": f"{KEY}/", "files": ["alpha.png", "cutout.png"]}
    assert told["data"]["listings"] == {"amazon-main": True}
    assert len(request.body) < 20_000
    assert "." not in request.headers["webhook-id"]


def test_what_was_delivered_is_not_delivered_again_unless_a_person_asks(net, deps):
    net.serve("/told", b"")
    assert callbacks.deliver(delivery(), deps, NOW) == "delivered"
    assert callbacks.deliver(delivery(), deps, NOW) == "repeated"
    assert callbacks.deliver(delivery(again=True), deps, NOW) == "delivered"
    assert [request.headers["webhook-id"] for request in net.asked] == 2 * [delivery().id]


def test_it_is_tried_for_days_with_the_same_id_and_body_and_ends_in_the_dead_letters(net, deps, world, sent_back):
    net.serve("/told", b"", 500)
    now, current, delays = NOW, delivery(), []
    while (ended := callbacks.deliver(current, deps, now)) != "dead":
        assert ended in ("failed", "waiting")
        ((current, delay),) = sent_back
        sent_back.clear()
        assert 0 < delay <= MAX_DELAY_S
        delays.append(delay)
        now += delay
    assert len(net.asked) == 1 + len(WAITS_S)
    assert sum(delays) == pytest.approx(1.1 * sum(WAITS_S))  # with the jitter of the test
    assert len({(request.headers["webhook-id"], request.body) for request in net.asked}) == 1
    assert len({request.headers["webhook-timestamp"] for request in net.asked}) == len(net.asked)
    answer = world.sqs.receive_message(QueueUrl=world.urls["dead"], MessageAttributeNames=["All"])
    (message,) = answer["Messages"]
    assert message["MessageAttributes"]["ReasonCode"]["StringValue"] == "callback_failed"
    assert "500" in message["MessageAttributes"]["Reason"]["StringValue"]
    assert Delivery.parse(message["Body"]) == delivery()  # ready to start again


@pytest.mark.parametrize("status", [100, 301, 302, 307, 308, 400, 401, 404, 418, 500])
def test_anything_but_success_is_a_failure_redirects_too(net, deps, sent_back, status):
    net.serve("/told", b"", status, Location="https://other.example/")
    assert callbacks.deliver(delivery(), deps, NOW) == "failed"
    assert sent_back[0][0].attempt == 1
    assert len(net.asked) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success_and_its_body_is_not_read(net, deps, status):
    net.serve("/told", b"x" * 1000, status, Content_Length="1000000000000")
    assert callbacks.deliver(delivery(), deps, NOW) == "delivered"


def test_gone_turns_the_receiver_off_for_all_until_a_person_asks(net, deps):
    net.serve("/told", b"", 410)
    assert callbacks.deliver(delivery(), deps, NOW) == "off"
    net.serve("/told", b"")
    another = delivery(key="shops/own/catalogue/1/back")
    assert callbacks.deliver(another, deps, NOW) == "off"
    assert len(net.asked) == 1
    assert callbacks.deliver(replace(another, again=True), deps, NOW) == "delivered"
    third = delivery(key="shops/own/catalogue/1/third")
    assert callbacks.deliver(third, deps, NOW) == "delivered"  # it listened, so it is on again


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(("asks", "rest"), [(None, 60), ("5", 60), ("600", 600), ("999999", 3600), ("Wed, 1", 60)])
def test_a_busy_receiver_is_left_alone_by_all(net, deps, sent_back, status, asks, rest):
    net.serve("/told", b"", status, **({"Retry_After": asks} if asks else {}))
    assert callbacks.deliver(delivery(), deps, NOW) == "busy"
    another = delivery(key="shops/own/catalogue/1/back")
    assert callbacks.deliver(another, deps, NOW + rest - 1) == "waiting"
    assert len(net.asked) == 1
    (first, _), (second, _) = sent_back
    assert first.due >= NOW + rest
    assert (first.attempt, second.attempt) == (1, 0)  # waiting is no failure
    net.serve("/told", b"")
    assert callbacks.deliver(another, deps, NOW + rest + 1) == "delivered"


def test_what_is_not_due_waits(net, deps, sent_back):
    assert callbacks.deliver(delivery(due=NOW + 5000), deps, NOW) == "waiting"
    assert sent_back == [(delivery(due=NOW + 5000), MAX_DELAY_S)]
    assert net.asked == []


def test_the_queue_holds_it_back(net, deps, world):
    net.serve("/told", b"", 500)
    callbacks.deliver(delivery(), deps, NOW)
    assert waiting(world) == 1


@pytest.mark.parametrize("inner", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "2002:7f00:1::"])
def test_each_send_is_guarded_anew(net, deps, sent_back, inner):
    net.serve("/told", b"")
    net.names["pictures.example"] = [["93.184.215.14"], [inner]]
    assert callbacks.deliver(delivery(), deps, NOW) == "delivered"
    assert callbacks.deliver(delivery(again=True), deps, NOW) == "failed"
    assert len(net.dialled) == 1
    assert len(sent_back) == 1


def test_a_picture_may_name_a_receiver_of_its_own(net, deps, world):
    net.serve("/mine", b"")
    own = delivery(key="uploads/1.jpg", url="https://other.example/mine")
    assert callbacks.deliver(own, deps, NOW) == "delivered"
    assert net.asked[0].headers["host"] == "other.example"
    del world.entries.document["callbacks"]
    with pytest.raises(BadConfig):
        callbacks.deliver(replace(own, id="msg_2"), deps, NOW)


@pytest.mark.parametrize("url", ["http://other.example/", "https://127.0.0.1/", "https://a:b@other.example/"])
def test_a_receiver_that_a_picture_names_is_guarded_too(net, deps, sent_back, url):
    assert callbacks.deliver(delivery(url=url), deps, NOW) == "failed"
    assert net.dialled == []


def test_nobody_is_told_who_did_not_register(net, deps, world):
    del world.entries.document["own"]["callback"]
    assert callbacks.deliver(delivery(), deps, NOW) == "unwanted"
    assert callbacks.deliver(delivery(key="uploads/1.jpg"), deps, NOW) == "unwanted"
    del world.entries.document["own"]
    assert callbacks.deliver(delivery(), deps, NOW) == "unwanted"
    assert net.asked == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": "x", "more": 1}'])
def test_a_message_that_is_none(text):
    with pytest.raises(BadEvent):
        Delivery.parse(text)


# What is told, and once


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "hairline.completed"),
        ({"quality": {"needs_review": True, "confidence": 0.1, "reasons": []}}, "hairline.needs_review"),
        ({"status": "rejected", "reason": {"code": "no_subject", "message": "m"}}, "hairline.rejected"),
        ({"status": "failed", "reason": {"code": "given_up", "message": "m"}}, "hairline.failed"),
    ],
)
def test_news_are_told_once_by_event_and_callback_with_one_id(world, changes, kind):
    told = notifications.from_report({**REPORT, **changes}, "output", None)
    assert told.kind == kind
    world.bus.publish(told, first=True)
    world.bus.publish(told, first=False)
    (heard,) = world.messages("heard")
    (message,) = world.messages("callbacks")
    assert (heard["source"], heard["detail-type"]) == ("hairline", kind)
    assert heard["detail"] == {"id": message["id"], **told.data}
    assert json.loads(message["body"])["data"] == told.data


def test_the_id_is_the_same_for_the_same_result_and_another_for_another():
    first = notifications.from_report(REPORT, "output", None).id
    assert notifications.from_report({**REPORT, "mark": "m"}, "output", None).id == first
    assert notifications.from_report({**REPORT, "mark": "n"}, "output", None).id != first


def test_the_notification_of_an_api_job_names_it_and_its_path():
    object_ = {**REPORT["object"], "key": "api/tenant/0123"}
    data = notifications.from_report({**REPORT, "object": object_}, "output", None).data
    assert data["job"] == {"id": "0123", "path": "/v1/jobs/0123"}
    assert "shop" not in data


def test_a_picture_of_no_shop_and_no_wish_makes_no_callback(world):
    world.bus.publish(
        notifications.from_report({**REPORT, "object": {**REPORT["object"], "key": "a.jpg"}}, "o", None), first=True
    )
    assert len(world.messages("heard")) == 1
    assert world.messages("callbacks") == []


def test_news_that_could_not_be_told_are_told_later(world):
    told = notifications.from_report(REPORT, "output", None)
    broken = replace(world.bus, bus=replace(world.bus.bus, name="no-such-bus"))
    with pytest.raises(StoreUnavailable):
        broken.publish(told, first=True)
    world.bus.publish(told, first=False)
    assert len(world.messages("heard")) == 1


# By hand


def test_dead_letters_are_sent_again(net, deps, world, capsys):
    world.dead_letters.send(delivery(attempt=3, due=5).message(), [BadEvent("x")])
    world.sqs.send_message(QueueUrl=world.urls["dead"], MessageBody="{}")
    assert resend.main(["--queue", world.urls["callbacks"], "--dead", world.urls["dead"]]) == 1
    (message,) = world.messages("callbacks")
    assert Delivery.parse(json.dumps(message)) == delivery(again=True)
    assert delivery().id in capsys.readouterr().out
    net.serve("/told", b"")
    assert callbacks.deliver(Delivery.parse(json.dumps(message)), deps, NOW) == "delivered"


def test_a_pictures_callback_is_sent_again_by_its_key(world, capsys):
    world.s3.create_bucket(Bucket="output")
    world.s3.put_object(Bucket="output", Key=f"{KEY}/report.json", Body=json.dumps(REPORT).encode())
    callback = {"hairline-callback": "https://other.example/mine"}
    world.s3.put_object(Bucket="input", Key=KEY, Body=b"x", Metadata=callback)
    asked = ["--queue", world.urls["callbacks"], "--output", "output", KEY]
    assert resend.main(asked) == 0
    (message,) = world.messages("callbacks")
    assert (message["again"], message["url"], message["id"]) == (True, "https://other.example/mine", delivery().id)
    world.s3.delete_object(Bucket="input", Key=KEY)
    assert resend.main(asked) == 0
    assert resend.main([*asked, "nothing.jpg"]) == 1
    assert "nothing.jpg" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [[], ["--dead", "x", "key"], ["--output", "x"]])
def test_resend_knows_how_it_is_called(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        resend.main(["--queue", "q", *wrong])
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err

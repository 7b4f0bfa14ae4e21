"""Callbacks: signatures that another implementation accepts, retries, pauses, and receivers that are switched off."""

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
    notification = notifications.from_report({**REPORT, "object": {**REPORT["object"], "key": key}}, "output", url)
    return replace(Delivery.of(notification, datetime.fromtimestamp(NOW, UTC)), **changes)


def delayed(world):
    """How many messages the callback queue delays."""
    queue = world.urls["callbacks"]
    sent = world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    return int(sent["Attributes"]["ApproximateNumberOfMessagesDelayed"])


@pytest.fixture
def sent_back(deps, monkeypatch):
    """(delivery, delay in seconds) of each message that is sent back to the queue."""
    found = []
    monkeypatch.setattr(type(deps.queue), "send", lambda _, body, delay=0: found.append((Delivery.parse(body), delay)))
    return found


def test_the_receiver_can_verify_it_with_the_package_of_the_specification(net, deps, world):
    world.entries.document["own"]["callback"]["secrets"] = [STANDARD_SECRET, CALLBACK_SECRET]
    net.serve("/callback", b"")
    now = time.time()  # the package has no other clock
    assert callbacks.deliver(delivery(), deps, now) == "delivered"
    (request,) = net.requests
    for secret in (STANDARD_SECRET, CALLBACK_SECRET):  # the new and the old
        payload = Webhook(secret).verify(request.body, request.headers)
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert payload["type"] == "hairline.completed"
    assert payload["data"]["shop"] == {"source": "own", "shop": "catalogue", "product": "1", "image": "front"}
    assert payload["data"]["output"] == {"bucket": "output", "prefix": f"{KEY}/", "files": ["alpha.png", "cutout.png"]}
    assert payload["data"]["listings"] == {"amazon-main": True}
    assert len(request.body) < 20_000
    assert "." not in request.headers["webhook-id"]


def test_a_delivered_callback_is_sent_again_only_on_request(net, deps):
    net.serve("/callback", b"")
    assert callbacks.deliver(delivery(), deps, NOW) == "delivered"
    assert callbacks.deliver(delivery(), deps, NOW) == "repeated"
    assert callbacks.deliver(delivery(again=True), deps, NOW) == "delivered"
    assert [request.headers["webhook-id"] for request in net.requests] == 2 * [delivery().id]


def test_retries_keep_id_and_body_for_days_and_end_in_the_dead_letter_queue(net, deps, world, sent_back):
    net.serve("/callback", b"", 500)
    now, current, delays = NOW, delivery(), []
    while (ended := callbacks.deliver(current, deps, now)) != "dead":
        assert ended in ("failed", "waiting")
        ((current, delay),) = sent_back
        sent_back.clear()
        assert 0 < delay <= MAX_DELAY_S
        delays.append(delay)
        now += delay
    assert len(net.requests) == 1 + len(WAITS_S)
    assert sum(delays) == pytest.approx(1.1 * sum(WAITS_S))  # with the jitter of the test
    assert len({(request.headers["webhook-id"], request.body) for request in net.requests}) == 1
    assert len({request.headers["webhook-timestamp"] for request in net.requests}) == len(net.requests)
    answer = world.sqs.receive_message(QueueUrl=world.urls["dead"], MessageAttributeNames=["All"])
    (message,) = answer["Messages"]
    assert message["MessageAttributes"]["ReasonCode"]["StringValue"] == "callback_failed"
    assert "500" in message["MessageAttributes"]["Reason"]["StringValue"]
    assert Delivery.parse(message["Body"]) == delivery()  # ready to start again


@pytest.mark.parametrize("status", [100, 301, 302, 307, 308, 400, 401, 404, 418, 500])
def test_every_status_except_2xx_is_a_failure(net, deps, sent_back, status):
    net.serve("/callback", b"", status, Location="https://other.example/")
    assert callbacks.deliver(delivery(), deps, NOW) == "failed"
    assert sent_back[0][0].attempt == 1
    assert len(net.requests) == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_a_success_whose_body_is_not_read(net, deps, status):
    net.serve("/callback", b"x" * 1000, status, Content_Length="1000000000000")
    assert callbacks.deliver(delivery(), deps, NOW) == "delivered"


def test_410_switches_the_receiver_off_until_a_resent_callback_succeeds(net, deps):
    net.serve("/callback", b"", 410)
    assert callbacks.deliver(delivery(), deps, NOW) == "off"
    net.serve("/callback", b"")
    another = delivery(key="shops/own/catalogue/1/back")
    assert callbacks.deliver(another, deps, NOW) == "off"
    assert len(net.requests) == 1
    assert callbacks.deliver(replace(another, again=True), deps, NOW) == "delivered"
    third = delivery(key="shops/own/catalogue/1/third")
    assert callbacks.deliver(third, deps, NOW) == "delivered"  # it answered 2xx, so it is on again


@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize(("asks", "rest"), [(None, 60), ("5", 60), ("600", 600), ("999999", 3600), ("Wed, 1", 60)])
def test_a_busy_receiver_gets_no_callbacks_during_its_pause(net, deps, sent_back, status, asks, rest):
    net.serve("/callback", b"", status, **({"Retry_After": asks} if asks else {}))
    assert callbacks.deliver(delivery(), deps, NOW) == "busy"
    another = delivery(key="shops/own/catalogue/1/back")
    assert callbacks.deliver(another, deps, NOW + rest - 1) == "waiting"
    assert len(net.requests) == 1
    (first, _), (second, _) = sent_back
    assert first.due >= NOW + rest
    assert (first.attempt, second.attempt) == (1, 0)  # waiting is not a failure
    net.serve("/callback", b"")
    assert callbacks.deliver(another, deps, NOW + rest + 1) == "delivered"


def test_a_callback_that_is_not_due_waits(net, deps, sent_back):
    assert callbacks.deliver(delivery(due=NOW + 5000), deps, NOW) == "waiting"
    assert sent_back == [(delivery(due=NOW + 5000), MAX_DELAY_S)]
    assert net.requests == []


def test_the_queue_delays_a_retry(net, deps, world):
    net.serve("/callback", b"", 500)
    callbacks.deliver(delivery(), deps, NOW)
    assert delayed(world) == 1


@pytest.mark.parametrize("inner", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "::1", "2002:7f00:1::"])
def test_the_address_is_checked_at_each_attempt(net, deps, sent_back, inner):
    net.serve("/callback", b"")
    net.names["pictures.example"] = [["93.184.215.14"], [inner]]
    assert callbacks.deliver(delivery(), deps, NOW) == "delivered"
    assert callbacks.deliver(delivery(again=True), deps, NOW) == "failed"
    assert len(net.connections) == 1
    assert len(sent_back) == 1


def test_an_image_may_name_its_own_receiver(net, deps, world):
    net.serve("/mine", b"")
    own = delivery(key="uploads/1.jpg", url="https://other.example/mine")
    assert callbacks.deliver(own, deps, NOW) == "delivered"
    assert net.requests[0].headers["host"] == "other.example"
    del world.entries.document["callbacks"]
    with pytest.raises(BadConfig):
        callbacks.deliver(replace(own, id="msg_2"), deps, NOW)


@pytest.mark.parametrize("url", ["http://other.example/", "https://127.0.0.1/", "https://a:b@other.example/"])
def test_a_receiver_that_an_image_names_is_checked(net, deps, sent_back, url):
    assert callbacks.deliver(delivery(url=url), deps, NOW) == "failed"
    assert net.connections == []


def test_without_a_registered_receiver_nothing_is_sent(net, deps, world):
    del world.entries.document["own"]["callback"]
    assert callbacks.deliver(delivery(), deps, NOW) == "unwanted"
    assert callbacks.deliver(delivery(key="uploads/1.jpg"), deps, NOW) == "unwanted"
    del world.entries.document["own"]
    assert callbacks.deliver(delivery(), deps, NOW) == "unwanted"
    assert net.requests == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id": "x", "more": 1}'])
def test_an_invalid_delivery_is_a_bad_event(text):
    with pytest.raises(BadEvent):
        Delivery.parse(text)


# Notifications


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "hairline.completed"),
        ({"quality": {"needs_review": True, "confidence": 0.1, "reasons": []}}, "hairline.needs_review"),
        ({"status": "rejected", "reason": {"code": "no_subject", "message": "m"}}, "hairline.rejected"),
        ({"status": "failed", "reason": {"code": "given_up", "message": "m"}}, "hairline.failed"),
    ],
)
def test_a_notification_is_sent_once_as_event_and_callback_with_one_id(world, changes, kind):
    notification = notifications.from_report({**REPORT, **changes}, "output", None)
    assert notification.kind == kind
    world.bus.publish(notification, first=True)
    world.bus.publish(notification, first=False)
    (event,) = world.messages("published")
    (message,) = world.messages("callbacks")
    assert (event["source"], event["detail-type"]) == ("hairline", kind)
    assert event["detail"] == {"id": message["id"], **notification.data}
    assert json.loads(message["body"])["data"] == notification.data


def test_each_result_has_one_id():
    first = notifications.from_report(REPORT, "output", None).id
    assert notifications.from_report({**REPORT, "mark": "m"}, "output", None).id == first
    assert notifications.from_report({**REPORT, "mark": "n"}, "output", None).id != first


def test_the_notification_of_an_api_job_names_it_and_its_path():
    object_ = {**REPORT["object"], "key": "api/tenant/0123"}
    data = notifications.from_report({**REPORT, "object": object_}, "output", None).data
    assert data["job"] == {"id": "0123", "path": "/v1/jobs/0123"}
    assert "shop" not in data


def test_an_image_without_shop_and_receiver_makes_no_callback(world):
    world.bus.publish(
        notifications.from_report({**REPORT, "object": {**REPORT["object"], "key": "a.jpg"}}, "o", None), first=True
    )
    assert len(world.messages("published")) == 1
    assert world.messages("callbacks") == []


def test_a_notification_that_failed_is_sent_at_the_retry(world):
    notification = notifications.from_report(REPORT, "output", None)
    broken = replace(world.bus, bus=replace(world.bus.bus, name="no-such-bus"))
    with pytest.raises(StoreUnavailable):
        broken.publish(notification, first=True)
    world.bus.publish(notification, first=False)
    assert len(world.messages("published")) == 1


# Resending


def test_dead_letters_are_resent(net, deps, world, capsys):
    world.dead_letters.send(delivery(attempt=3, due=5).message(), [BadEvent("x")])
    world.sqs.send_message(QueueUrl=world.urls["dead"], MessageBody="{}")
    assert resend.main(["--queue", world.urls["callbacks"], "--dead", world.urls["dead"]]) == 1
    (message,) = world.messages("callbacks")
    assert Delivery.parse(json.dumps(message)) == delivery(again=True)
    assert delivery().id in capsys.readouterr().out
    net.serve("/callback", b"")
    assert callbacks.deliver(Delivery.parse(json.dumps(message)), deps, NOW) == "delivered"


def test_a_missing_queue_ends_the_resending_with_a_message(world, capsys):
    world.dead_letters.send(delivery().message(), [BadEvent("x")])
    dead, gone = world.urls["dead"], world.urls["callbacks"] + "-gone"
    assert resend.main(["--queue", gone, "--dead", dead]) == 1
    assert f"Could not send to the queue {gone}" in capsys.readouterr().err
    assert resend.main(["--queue", world.urls["callbacks"], "--dead", gone]) == 1
    assert "Could not receive from the dead-letter queue" in capsys.readouterr().err


def test_the_callback_of_an_image_is_resent_by_its_key(world, capsys):
    world.s3.create_bucket(Bucket="output")
    world.s3.put_object(Bucket="output", Key=f"{KEY}/report.json", Body=json.dumps(REPORT).encode())
    callback = {"hairline-callback": "https://other.example/mine"}
    world.s3.put_object(Bucket="input", Key=KEY, Body=b"x", Metadata=callback)
    arguments = ["--queue", world.urls["callbacks"], "--output", "output", KEY]
    assert resend.main(arguments) == 0
    (message,) = world.messages("callbacks")
    assert (message["again"], message["url"], message["id"]) == (True, "https://other.example/mine", delivery().id)
    world.s3.delete_object(Bucket="input", Key=KEY)
    assert resend.main(arguments) == 0
    assert resend.main([*arguments, "nothing.jpg"]) == 1
    assert "nothing.jpg" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [[], ["--dead", "x", "key"], ["--output", "x"]])
def test_wrong_arguments_show_the_usage(wrong, capsys):
    with pytest.raises(SystemExit) as stopped:
        resend.main(["--queue", "q", *wrong])
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err

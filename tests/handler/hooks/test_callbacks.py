"""Callbacks: signatures that another implementation accepts, retries, pauses, and receivers that are switched off."""

import time
from dataclasses import replace

import pytest
from standardwebhooks import Webhook

from handler.aws.queue import MAX_DELAY_S
from handler.errors import BadConfig, BadEvent
from handler.hooks import callbacks
from handler.hooks.callbacks import WAITS_S
from handler.notifications import Delivery
from tests.handler.hooks.deliveries import KEY, delivery
from tests.handler.hooks.functions import callback_deps
from tests.handler.hooks.shops import CALLBACK_SECRET, NOW, STANDARD_SECRET


@pytest.fixture
def deps(world, net):
    return callback_deps(world, net)


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

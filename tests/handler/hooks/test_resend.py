"""Callbacks that a person sends again: dead letters, and those of an image."""

import json

import pytest

from handler.errors import BadEvent
from handler.hooks import callbacks, resend
from handler.notifications import Delivery
from tests.handler.hooks.deliveries import KEY, REPORT, delivery
from tests.handler.hooks.functions import callback_deps
from tests.handler.hooks.shops import NOW


@pytest.fixture
def deps(world, net):
    return callback_deps(world, net)


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

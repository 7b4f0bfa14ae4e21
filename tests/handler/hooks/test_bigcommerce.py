"""BigCommerce, whose webhooks list no images: its API is queried for them."""

import itertools
import json
from dataclasses import replace

import pytest

from handler.errors import BadConfig, FetchFailed, FetchRefused
from handler.hooks import bigcommerce, downloads
from handler.hooks.products import Product
from handler.untrusted.guard import Policy
from tests.handler.hooks.functions import download_deps, process_all
from tests.handler.hooks.shops import example


@pytest.fixture
def deps(world, net):
    return download_deps(world, net)


def rows(*names, **more):
    return [{"id": n, "url_zoom": f"https://cdn11.bigcommerce.com/{name}?c=1", **more} for n, name in enumerate(names)]


def answer(net, data, status=200, path="/stores/abc123/v3/catalog/products/205/images"):
    net.serve(path, json.dumps({"data": data, "meta": {}}).encode(), status)


def test_bigcommerces_images_are_queried_with_the_token(world, net, deps, photo):
    answer(net, [*rows("a.jpg", "hairline-b.jpg"), {"id": 9, "url_standard": "https://cdn11.bigcommerce.com/c.jpg"}])
    net.serve("/a.jpg", photo)
    net.serve("/c.jpg", photo)
    assert process_all(world, deps, example("bus_bigcommerce_product")) == ["split", "stored", "stored"]
    assert set(world.originals()) == {"shops/big/abc123/205/0", "shops/big/abc123/205/9"}
    first = net.requests[0]
    assert (first.headers["host"], first.headers["x-auth-token"]) == ("api.bigcommerce.com", "token")
    assert all("x-auth-token" not in request.headers for request in net.requests[1:])


def test_all_pages_of_bigcommerce_are_read(net):
    pages = [[*rows(*(f"{n}.jpg" for n in range(250)))], [{**row, "id": row["id"] + 250} for row in rows("x.jpg")]]
    path = "/stores/abc123/v3/catalog/products/205/images"

    def page(request, sock):
        body = json.dumps({"data": pages[int(request.path.partition("page=")[2]) - 1]}).encode()
        sock.sendall(b"HTTP/1.1 200 x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    net.routes[path] = page
    product = Product("big", "abc123", "205", None)
    assert len(bigcommerce.images(product, "token", Policy(), net.wire)) == 251


def test_all_pages_of_bigcommerce_have_one_deadline(net):
    answer(net, rows(*(f"{n}.jpg" for n in range(250))))  # a full page, so that another one is requested
    seconds = itertools.count(0, 0.5)
    wire = replace(net.wire, clock=lambda: next(seconds))
    product = Product("big", "abc123", "205", None)
    with pytest.raises(FetchFailed) as failed:
        bigcommerce.images(product, "token", Policy(total_s=20), wire)
    assert "too long" in failed.value.detail


def test_a_deleted_product_has_no_images(world, net, deps):
    answer(net, [], 404)
    assert process_all(world, deps, example("bus_bigcommerce_product")) == ["nothing"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, BadConfig), (403, BadConfig), (429, FetchFailed), (500, FetchFailed), (418, FetchRefused)],
)
def test_an_error_of_bigcommerce_is_classified_by_its_status(net, deps, status, error):
    answer(net, [], status)
    with pytest.raises(error):
        downloads.process(example("bus_bigcommerce_product"), deps)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": {}}', b"<html>"])
def test_a_malformed_response_of_bigcommerce_is_retried(net, deps, body):
    net.serve("/stores/abc123/v3/catalog/products/205/images", body)
    with pytest.raises(FetchFailed):
        downloads.process(example("bus_bigcommerce_product"), deps)


def test_bigcommerces_token_is_not_sent_to_a_redirect(net, deps):
    net.redirect("/stores/abc123/v3/catalog/products/205/images", "https://evil.example/")
    with pytest.raises(FetchRefused):
        downloads.process(example("bus_bigcommerce_product"), deps)
    assert len(net.requests) == 1


def test_a_missing_token_is_a_fault_of_the_deployment(world, net, deps):
    del world.entries.document["big"]["token"]
    with pytest.raises(BadConfig, match="token"):
        downloads.process(example("bus_bigcommerce_product"), deps)
    assert net.requests == []

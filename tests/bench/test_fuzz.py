"""How `bench.fuzz` counts responses."""

from collections import Counter

from bench.fuzz import responses, successes


def test_responses_are_counted_by_route_and_status():
    log = """{"level":"INFO","message":"request","route":"/v1/jobs","status":202}
{"level":"INFO","message":"request","code":"invalid_image_url","reason":"ftp"}
{"level":"INFO","message":"image","status":200}
not JSON
{"level":"INFO","message":"request","route":"/v1/jobs","status":202}"""
    assert responses(log) == {("/v1/jobs", 202): 2}


def test_the_share_of_successes_is_that_of_the_routes_that_cut():
    counts = Counter({("/v1/cutouts", 200): 1, ("/v1.0/removebg", 400): 3, ("/v1/jobs", 202): 9})
    assert successes(counts) == 0.25
    assert successes(Counter()) == 0

"""The predictions of a backfill that RESULTS.md shows."""

import re

from bench import backfill, results
from bench.backfill import CONCURRENCIES, IMAGES, SECONDS, Pass


def rows(text):
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]


def test_the_page_shows_what_the_model_predicts():
    made = backfill.section([Pass("cut", 1000.0, 6.0, 5.5)], 12, 2)
    page = results.PATH.read_text("utf-8")
    for line in made.partition("The model against a run here")[0].splitlines():
        assert line in page


def test_more_containers_are_never_slower_and_more_images_never_cheaper():
    table = [row for row in rows(backfill.section([], 12, 2)) if row[1] in SECONDS]
    assert len(table) == len(IMAGES) * len(SECONDS)
    for row in table:
        hours = [float(re.sub(r"[ ,*]", "", cell)) for cell in row[3:]]
        assert len(hours) == len(CONCURRENCIES)
        assert hours == sorted(hours, reverse=True)
    for size in SECONDS:
        prices = [int(re.sub(r"[$,]", "", row[2])) for row in table if row[1] == size]
        assert prices == sorted(prices)

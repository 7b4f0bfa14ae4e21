"""The dashboard."""

import json
from typing import Any

import pytest

from handler import observability
from handler.dispositions import Disposition
from handler.observability import Processed
from tests.template.deployments import FUNCTIONS, QUEUES, deployed, properties


def widgets(**parameters: str) -> list[dict[str, Any]]:
    body = json.loads(deployed(**parameters)[0]["Dashboard"]["Properties"]["DashboardBody"])
    return [widget["properties"] for widget in body["widgets"]]


def test_the_dashboard_shows_what_an_operator_asks_for() -> None:
    titles = " / ".join(widget["title"] for widget in widgets())
    for asked in (
        "Images by outcome",
        "Duration",
        "Age of the oldest",
        "dead letters",
        "need review",
        "Cost",
        "Errors and throttles",
        "HTTP API",
    ):
        assert asked in titles
    shown = json.dumps(widgets())
    for outcome in ("done", "repeated", *Disposition):
        assert f'"{outcome}"' in shown
    for percentile in ("p50", "p95", "p99"):
        assert percentile in shown


@pytest.mark.parametrize("metric", ["Duration", "Errors", "Throttles", "ConcurrentExecutions"])
def test_the_dashboard_shows_every_function(metric: str) -> None:
    def row(before: list[Any], written: list[Any]) -> list[Any]:
        """A row with its abbreviations written out: "." is the word above, "..." all words above but the last ones."""
        words = [part for part in written if isinstance(part, str)]
        if words and words[0] == "...":
            words = before[: len(before) - len(words) + 1] + words[1:]
        return [before[n] if word == "." else word for n, word in enumerate(words)]

    shown = set()
    for widget in widgets():
        before: list[Any] = []
        for written in widget["metrics"]:
            before = row(before, written) or before
            shown.add(tuple(before))
    assert {name for name in FUNCTIONS if ("AWS/Lambda", metric, "FunctionName", f"<{name}>") in shown} == set(
        FUNCTIONS
    )


@pytest.mark.parametrize("queue", QUEUES)
def test_the_dashboard_shows_every_queue(queue: str) -> None:
    assert f"<{queue}.QueueName>" in json.dumps(widgets())


def test_the_dashboard_and_the_alarm_read_the_metrics_that_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    report: Any = {"status": "done", "source": {"width": 1, "height": 1}, "quality": {"needs_review": True}}
    observability.record(Processed(door="queue", identity={}, status="done", ms=5, version="1", report=report))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    directives = [directive for line in lines for directive in line["_aws"]["CloudWatchMetrics"]]
    written = {
        (directive["Namespace"], metric["Name"], tuple(dimensions))
        for directive in directives
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    }
    read = [
        metric["MetricStat"]["Metric"]
        for alarm in ("FailingAlarm", "NewVersionFailingAlarm")
        for metric in properties(alarm)["Metrics"]
        if "MetricStat" in metric
    ]
    assert len(read) == 4
    for each in read:
        assert (each["Namespace"], each["MetricName"], tuple(d["Name"] for d in each["Dimensions"])) in written
    ours = [row for widget in widgets() for row in widget["metrics"] if row[0] == "Hairline"]
    assert {row[1] for row in ours} == {"Images", "NeedsReview"}
    assert all(row[2::2][:2] == ["service", "outcome"] for row in ours)
    assert {("Hairline", row[1], ("service", "outcome")) for row in ours} <= written


def test_the_cost_is_estimated_for_the_functions_memory() -> None:
    (cost,) = [widget for widget in widgets(MemorySize="2048") if "Cost" in widget["title"]]
    assert "ms / 1000 * 2048 / 1024 * 0.0000166667" in cost["metrics"][0][0]["expression"]

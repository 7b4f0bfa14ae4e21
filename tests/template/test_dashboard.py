"""The dashboard."""

import json
from typing import Any

import pytest

from handler import observability
from handler.dispositions import Disposition
from handler.jobs import Job, ObjectRef, Outcome
from tests.template.deployments import deployed, properties


def widgets(**parameters: str) -> list[dict[str, Any]]:
    body = json.loads(deployed(**parameters)[0]["Dashboard"]["Properties"]["DashboardBody"])
    return [widget["properties"] for widget in body["widgets"]]


def test_the_dashboard_shows_what_an_operator_asks_for() -> None:
    titles = " / ".join(widget["title"] for widget in widgets())
    for asked in ("Pictures by outcome", "Duration", "Queue", "need review", "Cost", "Function"):
        assert asked in titles
    shown = json.dumps(widgets())
    for outcome in ("done", "repeated", *Disposition):
        assert f'"{outcome}"' in shown
    for percentile in ("p50", "p95", "p99"):
        assert percentile in shown


def test_the_dashboard_and_the_alarm_read_the_metrics_that_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    done = Outcome(
        Job(ObjectRef("in", "a.jpg")), "done", {"source": {"width": 1, "height": 1}, "quality": {"needs_review": True}}
    )
    observability.record(done, 5)
    (written,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    (directive,) = written["_aws"]["CloudWatchMetrics"]
    metrics = {each["Name"] for each in directive["Metrics"]}
    read = [
        metric["MetricStat"]["Metric"] for metric in properties("FailingAlarm")["Metrics"] if "MetricStat" in metric
    ]
    for each in read:
        assert (each["Namespace"], each["MetricName"] in metrics) == (directive["Namespace"], True)
        assert [dimension["Name"] for dimension in each["Dimensions"]] in directive["Dimensions"]
    ours = [row for widget in widgets() for row in widget["metrics"] if row[0] == directive["Namespace"]]
    assert {row[1] for row in ours} == {"Pictures", "NeedsReview"} <= metrics
    assert all(row[2::2][:2] == ["service", "outcome"] for row in ours)


def test_the_cost_is_estimated_for_the_memory_that_is_paid() -> None:
    (cost,) = [widget for widget in widgets(MemorySize="2048") if "Cost" in widget["title"]]
    assert "ms / 1000 * 2048 / 1024 * 0.0000166667" in cost["metrics"][0][0]["expression"]

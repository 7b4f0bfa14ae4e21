"""Every example of options, in the pages and in the template, is one that Hairline accepts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.options import Options

ROOT = Path(__file__).resolve().parent.parent
TEXTS = (ROOT / "README.md", ROOT / "template.yaml", *sorted((ROOT / "docs").glob("*.md")))


def examples() -> Iterator[tuple[str, str]]:
    """(file, JSON object whose names are all those of options)."""
    for path in TEXTS:
        for text in re.findall(r'\{"\w+": [^{}]*\}', path.read_text("utf-8").replace('\\"', '"')):
            if set(re.findall(r'"(\w+)":', text)) <= Options.table().keys():
                yield path.name, text


def test_there_are_examples() -> None:
    assert {"template.yaml", "deploy.md", "http-api.md", "webhooks.md"} <= {name for name, _ in examples()}


@pytest.mark.parametrize(("name", "text"), sorted(set(examples())))
def test_an_example_of_options_is_accepted(name: str, text: str) -> None:
    Options().overridden_by(json.loads(text))

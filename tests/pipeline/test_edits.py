"""A person's edits after a change, and after a decision."""

from pipeline.edits import Edits

STROKE = {"tool": "keep", "radius": 12, "points": [[104.5, 220], [110, 231]]}
STORED = Edits.parse({"revision": 3, "decision": "approved", "strokes": [STROKE], "options": {"shift": 1}})


def test_new_edits_replace_the_old_ones_and_end_the_decision() -> None:
    given = Edits.parse({"revision": 3, "decision": "rejected", "options": {"holes": "cut"}})
    assert STORED.edited(given) == Edits(revision=4, decision=None, strokes=(), options={"holes": "cut"})


def test_a_decision_keeps_the_edits() -> None:
    given = Edits.parse({"revision": 3, "decision": "rejected", "options": {"holes": "cut"}})
    decided = STORED.decided(given)
    assert (decided.revision, decided.decision) == (4, "rejected")
    assert (decided.strokes, decided.options) == (STORED.strokes, STORED.options)
    assert decided.digest() == STORED.digest()


def test_a_decision_can_be_undone() -> None:
    assert STORED.decided(Edits(revision=3)).decision is None

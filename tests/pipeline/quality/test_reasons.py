"""Each reason is given for a picture to which it applies, and not for a similar one to which it does not."""

import re
from pathlib import Path

import numpy as np
import pytest

from pipeline.quality import nothing
from pipeline.quality.reasons import RULES
from pipeline.report import MattingFacts, SolvedFacts, TrimapFacts
from tests.pipeline.quality.scenes import SIDE, Scene, disc

HOLLOW = np.clip(disc(50), 0, 0.6)
"""A subject of which the model is hardly sure."""
BARS = np.where(np.indices((SIDE, SIDE))[1] % 12 < 6, disc(70), np.float32(0))
CLEAR, HALF = np.full((SIDE, SIDE), 255, np.uint8), np.full((SIDE, SIDE), 255, np.uint8)
HALF[:, :100] = 0
MANY = np.indices((SIDE, SIDE))[0] < 80


def solved(unknown: int) -> MattingFacts:
    """1 % of the picture was unknown, so 400 pixels, of which so many were solved for."""
    size: SolvedFacts = {"width": SIDE, "height": SIDE, "unknown": unknown, "cycles": 4, "residual": 1e-8}
    return {"unknown_share": 0.01, "solved": [size]}


def backdrop(left_out: float = 0.0, pockets: int = 0) -> TrimapFacts:
    """A plain backdrop, what stands out from it and is not in the subject, and pockets that the model had to judge."""
    return {
        "backdrop": {
            "added_share": 0.0,
            "holes": 0,
            "holes_rejected": pockets,
            "pockets_judged": pockets,
            "pocket_box": [90, 80, 10, 20] if pockets else None,
            "left_out": left_out,
            "left_out_box": [10, 20, 30, 40] if left_out else None,
        }
    }


CASES = {
    "no_subject": (Scene(disc() * np.float32(0.3)), Scene(disc())),
    "uncertain_subject": (Scene(disc(), probability=HOLLOW), Scene(disc())),
    "part_left_out": (
        Scene(disc(), trimap_facts=backdrop(left_out=0.2)),
        Scene(disc(), trimap_facts=backdrop(left_out=0.1)),
    ),
    "hole_in_doubt": (Scene(disc(), trimap_facts=backdrop(pockets=1)), Scene(disc(), trimap_facts=backdrop())),
    # A ring through which the background shows, filled and cut open.
    "opening_in_doubt": (Scene(disc(60) - disc(30), probability=disc(60), matte=disc(60)), Scene(disc(60) - disc(30))),
    "existing_alpha_conflict": (Scene(disc(), source_alpha=HALF), Scene(disc(), source_alpha=CLEAR)),
    "solver_limited": (
        Scene(disc(), facts=solved(40)),
        Scene(disc(), facts=solved(400)),
    ),
    "large_unknown_area": (Scene(disc(), unknown=MANY), Scene(disc())),
    "low_contrast_edge": (
        Scene(disc(), front=(230, 230, 228), back=(240, 240, 240)),
        Scene(disc(), front=(150, 150, 150), back=(240, 240, 240)),
    ),
    # A matte that reaches four pixels too far takes the background's colour along.
    "halo_risk": (Scene(disc(50), matte=disc(54)), Scene(disc(50, soft=6))),
    "busy_matte": (Scene(BARS), Scene(disc(70))),
    "several_subjects": (Scene(disc(20, x=40) + disc(20, x=150)), Scene(disc(40, x=50) + disc(5, x=150))),
    "tiny_subject": (Scene(disc(8)), Scene(disc(20))),
    "touches_border": (Scene(disc(50, y=0)), Scene(disc(50, y=60))),
}


def test_every_reason_of_the_list_has_its_cases():
    assert list(CASES) == [rule.code for rule in RULES]


@pytest.mark.parametrize("code", CASES)
def test_a_reason_is_given_where_it_applies_and_only_there(code):
    deserving, other = CASES[code]
    assert code in deserving.reasons()
    assert code not in other.reasons()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_reason_has_a_number_and_advice(rule):
    judged = CASES[rule.code][0].judged()
    (told,) = [reason for reason in judged.described()["reasons"] if reason["code"] == rule.code]
    assert rule.applies(told["value"])
    assert told["advice"].endswith(".")
    assert judged.needs_review or not rule.review
    codes = [reason.code for reason in judged.reasons]
    assert codes == [known.code for known in RULES if known.code in codes]


@pytest.mark.parametrize(
    ("code", "scene", "value"),
    [
        ("several_subjects", CASES["several_subjects"][0], 2),
        ("opening_in_doubt", CASES["opening_in_doubt"][0], 30**2 / 60**2),
        ("large_unknown_area", CASES["large_unknown_area"][0], 0.45),
        ("existing_alpha_conflict", CASES["existing_alpha_conflict"][0], 0.5),
        ("solver_limited", CASES["solver_limited"][0], 0.1),
        ("tiny_subject", CASES["tiny_subject"][0], np.pi * 64 / SIDE**2),
        ("low_contrast_edge", CASES["low_contrast_edge"][0], 1),
        ("touches_border", CASES["touches_border"][0], 100 / (4 * SIDE)),
    ],
)
def test_the_number_of_a_reason_is_the_documented_measure(code, scene, value):
    assert scene.reasons()[code] == pytest.approx(value, rel=0.1)


def test_matting_that_had_nothing_to_do_and_pymatting_are_not_limited():
    for facts in ({"method": "off"}, {"unknown_share": 0.0, "solved": []}, {"unknown_share": 0.1, "solved": []}):
        assert "solver_limited" not in Scene(disc(), facts=facts).reasons()


def test_matting_at_full_size_is_not_limited():
    facts = solved(40)
    facts["solved"] = [*facts["solved"], *solved(400)["solved"]]
    assert "solver_limited" not in Scene(disc(), facts=facts).reasons()


def test_a_picture_without_a_subject_is_judged_too():
    told = nothing().described()
    assert (told["confidence"], told["needs_review"]) == (0.0, True)
    assert [reason["code"] for reason in told["reasons"]] == ["no_subject", "uncertain_subject"]


def test_the_documentation_lists_all_reasons_with_their_limits():
    text = (Path(__file__).parents[3] / "docs" / "report.md").read_text().partition("### Reasons")[2]
    rows = re.findall(r"^\| `(\w+)` \| (?:above|below) ([\d.]+) \|", text, re.MULTILINE)
    known = {rule.code: rule.limit for rule in RULES}
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(known)
    assert {code: float(limit) for code, limit in rows} == {code: known[code] for code, _ in rows}
    assert len(rows) == len(RULES) - 1  # no_subject is given at 0


@pytest.mark.parametrize("said", [{"roi": [0, 0, 90, 90]}, {"scribbled_share": 0.01}, {"origin": "user"}])
def test_the_background_gives_no_reasons_if_the_user_marked_the_subject(said):
    facts = {**backdrop(left_out=0.6, pockets=2), **said}
    scene = CASES["opening_in_doubt"][0]._replace(trimap_facts=facts)
    assert not {"part_left_out", "hole_in_doubt", "opening_in_doubt"} & scene.reasons().keys()

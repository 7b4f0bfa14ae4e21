"""The API keeps to its own description; `python -m bench.fuzz` asks 2,000 times, here it is a few."""

from bench.fuzz import fuzz


def test_no_answer_is_a_fault_or_undescribed(site):
    status, told = fuzz(site.url, site.key, 30)
    assert status == 0, told
    assert "Fuzzing" in told

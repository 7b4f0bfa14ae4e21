"""Counts how the images of a run ended."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.cli.image import Line
from pipeline.cli.text import counted, one_line


@dataclass(slots=True)
class Summary:
    """failures: why images failed, by their names in the folders of their results."""

    ends: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    failures: dict[Path, str] = field(default_factory=dict)
    breaking: int = 0

    def add(self, line: Line) -> None:
        """Count one image."""
        self.ends[line.status] += 1
        self.breaking += line.breaks
        if line.status == "rejected":
            self.rejections[line.reason] += 1
        elif line.status == "failed":
            self.failures[line.picture] = line.reason

    @property
    def good(self) -> bool:
        """Whether each image has a cutout, and no listing image breaks rules."""
        return not (self.ends["rejected"] or self.ends["failed"] or self.breaking)

    def lines(self, left_out: Counter[str]) -> list[str]:
        """ "12 cut, 2 rejected (2 no_subject), 1 failed", and what was left out."""
        parts = [f"{self.ends[end]} {end}" for end in ("cut", "done before") if self.ends[end]]
        if self.rejections:
            parts.append(f"{self.ends['rejected']} rejected ({_numbers(self.rejections)})")
        if self.failures:
            parts.append(f"{self.ends['failed']} failed")
        if self.breaking:
            parts.append(f"{self.breaking} with a listing image that breaks its marketplace's rules")
        lines = [", ".join(parts)] if parts else []
        if total := left_out.total():
            kinds = ", ".join(f"{kind} ({number})" for kind, number in sorted(left_out.items()) if number)
            lines.append(f"{counted(total, 'file')} left out: {one_line(kinds)}")
        return lines


def _numbers(reasons: Counter[str]) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in reasons.most_common())

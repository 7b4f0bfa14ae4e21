"""What a person changed on one image and decided about it, so that cutting again uses it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pipeline import strokes
from pipeline.errors import BadOptions, unknown_name
from pipeline.options import Options
from pipeline.strokes import Stroke

DECISIONS = ("approved", "rejected", None)
EDITABLE = ("roi", "holes", "shift", "feather")
"""The options that a person sets for one image, besides the strokes."""


@dataclass(frozen=True, slots=True)
class Edits:
    """revision: how often this was changed. decision: of DECISIONS. options: of EDITABLE, as JSON gives them.

    A change names the revision that its author saw. It may replace the stored edits only if they still have that one.
    """

    revision: int = 0
    decision: str | None = None
    strokes: tuple[Stroke, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, read: object) -> Self:
        """What JSON gave. Raises BadOptions, which names the field."""
        if not isinstance(read, dict):
            raise BadOptions(f"edits is a {type(read).__name__}, but must be an object.")
        revision, decision, options = read.get("revision", 0), read.get("decision"), read.get("options", {})
        if type(revision) is not int or revision < 0:
            raise BadOptions(f"revision is {revision!r}, but must be a whole number of at least 0.")
        if decision not in DECISIONS:
            raise BadOptions(f"decision is {decision!r}, but must be approved, rejected or null.")
        if not isinstance(options, dict):
            raise BadOptions(f"options is a {type(options).__name__}, but must be an object.")
        for name in options:
            if name not in EDITABLE:
                raise BadOptions(unknown_name("option", str(name), EDITABLE))
        edits = cls(revision, decision, strokes.parse(read.get("strokes", [])), options)
        edits.applied(Options())
        return edits

    @classmethod
    def parse_change(cls, read: object) -> Self:
        """What JSON gave, of a person who changes an image. Raises BadOptions, also if the revision is missing."""
        edits = cls.parse(read)
        if isinstance(read, dict) and "revision" not in read:
            raise BadOptions("revision is missing, but must be the one of the image that you changed.")
        return edits

    @classmethod
    def from_bytes(cls, data: bytes, where: str) -> Self:
        """The inverse of `to_bytes`. where: the file's or object's name for the reader. Raises BadOptions."""
        try:
            return cls.parse(json.loads(data))
        except (ValueError, RecursionError, BadOptions) as error:
            raise BadOptions(f"{where} cannot be used: {error} Correct the file or delete it.") from error

    def to_bytes(self) -> bytes:
        """The edits as a JSON file."""
        return (json.dumps(self.described()) + "\n").encode()

    def applied(self, options: Options) -> Options:
        """These options, with the edits in place of those that they name. Raises BadOptions."""
        return options.overridden_by({"strokes": self.strokes, **self.options} if self.strokes else self.options)

    def edited(self, given: Self) -> Self:
        """The next revision, with the strokes and options of `given`. A decision on the old cutout ends with it."""
        next_revision = given.revision + 1
        return replace(self, revision=next_revision, decision=None, strokes=given.strokes, options=given.options)

    def decided(self, given: Self) -> Self:
        """The next revision, with the decision of `given`. Strokes and options stay."""
        return replace(self, revision=given.revision + 1, decision=given.decision)

    def described(self) -> dict[str, Any]:
        """The edits as JSON values, which `parse` takes back."""
        return {
            "revision": self.revision,
            "decision": self.decision,
            "strokes": [stroke.described() for stroke in self.strokes],
            "options": dict(self.options),
        }

    def digest(self) -> str | None:
        """sha256 hex of what changes the cutout: no revision and no decision. None where nothing does."""
        if not self.strokes and not self.options:
            return None
        described = self.described()
        shaping = {name: described[name] for name in ("strokes", "options")}
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()

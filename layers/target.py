"""The Python version and architecture that a layer is built for."""

from dataclasses import dataclass

PYTHONS = ("3.13", "3.12")
"""Lambda's runtimes on Amazon Linux 2023; template.yaml uses the first. The C library of older ones is too old for
current wheels. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's name of an architecture, and the name that compilers, wheels and Linux use."""
_C_LIBRARY = "manylinux_2_34"
"""Amazon Linux 2023 has glibc 2.34."""


@dataclass(frozen=True, slots=True)
class Target:
    """python: one of PYTHONS. architecture: a key of MACHINES."""

    python: str = PYTHONS[0]
    architecture: str = "x86_64"

    def __str__(self) -> str:
        return f"python{self.python}-{self.architecture}"

    @property
    def machine(self) -> str:
        """The architecture as `platform.machine()` returns it."""
        return MACHINES[self.architecture]

    @property
    def platform(self) -> str:
        """The value of uv's option --python-platform."""
        return f"{self.machine}-{_C_LIBRARY}"

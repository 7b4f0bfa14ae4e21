"""For which Lambda a layer is made, and how long that Lambda's files may be."""

from dataclasses import dataclass

PYTHONS = ("3.13", "3.12")
"""Lambda's runtimes on Amazon Linux 2023, the first of them template.yaml's. Older ones have too old a C library for
today's wheels. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
"""
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's word for an architecture, and the one that compilers, wheels and the kernel use."""
_C_LIBRARY = "manylinux_2_34"
"""Amazon Linux 2023 has glibc 2.34."""


@dataclass(frozen=True, slots=True)
class Target:
    """python: of PYTHONS. architecture: of MACHINES."""

    python: str = PYTHONS[0]
    architecture: str = "x86_64"

    def __str__(self) -> str:
        return f"python{self.python}-{self.architecture}"

    @property
    def machine(self) -> str:
        """The architecture as `platform.machine()` has it."""
        return MACHINES[self.architecture]

    @property
    def platform(self) -> str:
        """What uv calls it."""
        return f"{self.machine}-{_C_LIBRARY}"

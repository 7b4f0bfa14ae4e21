"""Hairline's library: the bytes of a picture in, a cutout with a true alpha matte out.

    from pathlib import Path
    from pipeline.models import DEFAULT_FOLDER, named
    from pipeline.run import cut_out
    from pipeline.segment import OnnxSegmenter

    result = cut_out(Path("shoe.jpg").read_bytes(), OnnxSegmenter(named("u2netp"), DEFAULT_FOLDER))
    Path("shoe.png").write_bytes(result.output.data)

It knows no AWS, no network and no environment.
"""

__version__ = "0.1.0"

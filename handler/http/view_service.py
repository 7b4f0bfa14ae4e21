"""ViewService: views, previews of edits and downloads of an API key's images.

A function's response holds 6 MB. So stored files are returned as links to S3, and so are larger files that are made
here.
"""

import functools
import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import PurePosixPath
from typing import Any

from handler import keys
from handler.aws import object_options, reports
from handler.aws.bucket import ObjectHead, S3Store
from handler.errors import SourceMissing
from handler.http import cutting
from handler.http.api_errors import ApiError
from handler.http.config import ApiConfig
from handler.http.image_list import ImageList
from handler.http.job_service import LINK_S
from handler.jobs import ObjectRef
from pipeline import views
from pipeline.edits import Edits
from pipeline.options import PLANES, Options
from pipeline.report import StoredCutReport
from pipeline.review import VIEWS
from pipeline.run import Analysis
from pipeline.segment import Segmenter
from pipeline.sniff import sniff
from pipeline.types import Encoded

SHOWN_BY_BROWSERS = ("jpeg", "png", "webp", "avif", "gif", "bmp")
"""Formats in which the view `original` is the file itself."""
APPLYING_S_PER_MP = 0.3
"""Seconds for each megapixel of a download; a high estimate."""
ZIP_S, ZIP_BYTES = 12.0, 100_000_000
"""A ZIP ends after this time or with this size, and the next one continues."""
_OUTPUT_GROUPS = ("Output", "Marketplace")
"""Groups of options that a preview leaves out."""
_FRAME = ("channels", "background", "crop", "margin", "scale", "position", "canvas", "shadow")
"""With one of these options, the output does not have the source's pixels one for one."""

Link = str
"""A URL that anybody can download a file from, for an hour."""


@dataclass(frozen=True, slots=True)
class ViewService:
    """segmenter: the model, opened when it is needed."""

    store: S3Store
    images: ImageList
    config: ApiConfig
    segmenter: Callable[[], Segmenter]

    def view(self, tenant: str, id_: str, view: str) -> Encoded | Link:
        """One of VIEWS. Raises ApiError, InputError, StoreUnavailable."""
        key, report = keys.upload(tenant, id_), self._report(tenant, id_)
        if view in PLANES:
            if report is None or (name := f"{view}.png") not in report["files"]:
                raise ApiError("not_found", f"This image has no {view}. The option stages decides which are stored.")
            return self._link(key, name)
        if view == "original":
            if report is not None and report["source"]["format"] in SHOWN_BY_BROWSERS:
                return self._source_link(key)
            data = self._source(key)
            return self._source_link(key) if sniff(data) in SHOWN_BY_BROWSERS else views.original(data, self._options)
        if view == "thumbnail":
            data = self._source(key) if report is None else self._file(key, _cutout(report))
            return views.thumbnail(data, self._options)
        if view != "cutout":
            raise ApiError("not_found", f"There is no such view. Known: {', '.join(VIEWS)}.")
        if report is None:
            raise ApiError("not_found", "This image has no cutout yet.")
        return self._link(key, _cutout(report)) if _is_whole(report) else self._made(key, report, self._options)

    def preview(self, tenant: str, id_: str, body: object) -> tuple[bytes, float]:
        """The cutout with these edits, as a small PNG, and its confidence. Stores nothing.

        Raises BadOptions, ApiError, HairlineError.
        """
        edits, source = Edits.parse(body), self._head(keys.upload(tenant, id_))
        options = edits.applied(object_options.own(source, self.config.options))
        plain = {name: row.default for name, row in Options.table().items() if row.group in _OUTPUT_GROUPS}
        analysed = functools.partial(_analysed, self.store, self.segmenter, source.ref, source.etag)
        return views.preview(analysed, replace(options, **plain))

    def download(self, tenant: str, id_: str, form: Mapping[str, str]) -> Encoded | Link:
        """A cutout as a file. Raises ApiError, HairlineError."""
        key, options, report = keys.upload(tenant, id_), views.form(form, self._options), self._done(tenant, id_)
        if self._is_stored(report, options):
            return self._link(key, _cutout(report))
        return self._made(key, report, options)

    def compliance(self, tenant: str, id_: str, marketplace: str) -> dict[str, Any]:
        """How the listing image meets its marketplace's rules. Raises ApiError, HairlineError."""
        options = views.form({"marketplace": marketplace}, self._options)
        _, found = self._made_and_checked(keys.upload(tenant, id_), self._done(tenant, id_), options)
        return views.rules(found[marketplace])

    def approved(self, tenant: str, form: Mapping[str, str], after: str) -> tuple[bytes, str | None]:
        """A ZIP of approved images, and the id of its last one, if there are more. after: that of the ZIP before.

        Raises ApiError if there is none, HairlineError.
        """
        options, (images, _) = views.form(form, self._options), self.images.all(tenant)
        found = sorted((image for image in images if "approved" in image.filters), key=attrgetter("id"))
        left = [image for image in found if image.id > after]
        if not left:
            raise ApiError("not_cut", "No image is approved yet.")
        end, file, packed = time.monotonic() + ZIP_S, io.BytesIO(), set[str]()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for image in left:
                made = self._packed(tenant, image.id, options)
                stem = "".join(filter(str.isprintable, PurePosixPath(image.name.replace("\\", "/")).stem)) or image.id
                if stem.casefold() in packed:  # a file system may not tell upper from lower case
                    stem = f"{stem}-{image.id[:8]}"
                archive.writestr(f"{stem}.{made.extension}", made.data)
                packed.add(stem.casefold())
                if time.monotonic() > end or file.tell() > ZIP_BYTES:
                    break
        return file.getvalue(), image.id if image is not left[-1] else None

    def _packed(self, tenant: str, id_: str, options: Options) -> Encoded:
        key, report = keys.upload(tenant, id_), self._done(tenant, id_)
        if self._is_stored(report, options):
            return Encoded(self._file(key, _cutout(report)), "image/png", "png")
        return self._made(key, report, options)

    def _is_stored(self, report: StoredCutReport, options: Options) -> bool:
        """Whether the stored cutout is what a download with these options would be."""
        return options == self._options and _is_whole(report) and report["output"]["content_type"] == "image/png"

    def _made(self, key: str, report: StoredCutReport, options: Options) -> Encoded:
        return self._made_and_checked(key, report, options)[0]

    def _made_and_checked(
        self, key: str, report: StoredCutReport, options: Options
    ) -> tuple[Encoded, Mapping[str, Any]]:
        source, matte = report["source"], "alpha.png"
        name = report["object"].get("name", key.rpartition("/")[2])
        if matte not in report["files"]:
            raise ApiError("not_found", f"{name} has no matte, because its option matte is off.")
        if source["width"] * source["height"] / 1e6 * APPLYING_S_PER_MP > cutting.MAX_SECONDS:
            raise ApiError("takes_too_long", f"{name} is too large to be made again here. Download it as a PNG.")
        return views.download(self._source(key), self._file(key, matte), options)

    @property
    def _options(self) -> Options:
        return Options(**self.config.options.limits(), threads=self.config.options.threads)

    def _report(self, tenant: str, id_: str) -> StoredCutReport | None:
        """The report of an image that was cut out. Raises ApiError if there is no such image."""
        key = keys.upload(tenant, id_)
        try:
            report = reports.stored(self.store, self.config.output_bucket, key)
        except (SourceMissing, ValueError):
            self._head(key)
            return None
        return report if report["status"] == "done" else None

    def _done(self, tenant: str, id_: str) -> StoredCutReport:
        report = self._report(tenant, id_)
        if report is None:
            raise ApiError("not_cut", "Wait until it is cut out.")
        return report

    def _head(self, key: str) -> ObjectHead:
        with _found():
            return self.store.head(ObjectRef(self.config.input_bucket, key))

    def _source(self, key: str) -> bytes:
        with _found():
            return self.store.get(ObjectRef(self.config.input_bucket, key)).data

    def _file(self, key: str, name: str) -> bytes:
        try:
            return self.store.get(ObjectRef(self.config.output_bucket, keys.output(key, name))).data
        except SourceMissing as error:
            raise ApiError("not_cut", "It is being cut again.") from error

    def _link(self, key: str, name: str) -> Link:
        return self.store.link(ObjectRef(self.config.output_bucket, keys.output(key, name)), LINK_S)

    def _source_link(self, key: str) -> Link:
        return self.store.link(ObjectRef(self.config.input_bucket, key), LINK_S)


@contextmanager
def _found() -> Iterator[None]:
    """Raise ApiError where the image itself is missing."""
    try:
        yield
    except SourceMissing as error:
        raise ApiError("not_found", "There is no image with this id for your API key.") from error


@functools.lru_cache(maxsize=3)
def _analysed(
    store: S3Store, segmenter: Callable[[], Segmenter], ref: ObjectRef, etag: str, options: Options
) -> Analysis:
    """What the model sees in the image: no stroke changes it."""
    return views.analyse(store.get(ref, etag).data, segmenter(), options)


def _cutout(report: StoredCutReport) -> str:
    return next(name for name in report["files"] if name.partition(".")[0] == keys.CUTOUT)


def _is_whole(report: StoredCutReport) -> bool:
    """Whether the stored cutout is transparent and has the source's pixels, one for one."""
    rows, given, source, output = Options.table(), report["options"], report["source"], report["output"]
    return (
        all(given[name] == rows[name].described(rows[name].default) for name in _FRAME)
        and (source["width"], source["height"]) == (output["width"], output["height"])
        and output["content_type"] in ("image/png", "image/webp")
    )

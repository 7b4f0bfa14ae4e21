"""ImageService: what a person changes on an API key's images."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from handler import keys
from handler.aws import edits
from handler.aws.queue import Queue
from handler.errors import SourceChanged
from handler.events import eventbridge
from handler.http.api_errors import ApiError
from handler.http.image_list import ImageList
from handler.jobs import ObjectRef
from pipeline.edits import Edits


@dataclass(frozen=True, slots=True)
class ImageService:
    """queue: of API jobs."""

    images: ImageList
    queue: Queue

    def record(self, tenant: str, id_: str) -> dict[str, Any]:
        """All of one image. Raises ApiError, StoreUnavailable."""
        return self.images.one(tenant, id_)[0].record()

    def edit(self, tenant: str, id_: str, body: object) -> dict[str, Any]:
        """Store edits, and have the image cut again. Raises BadOptions, ApiError, StoreUnavailable."""
        return self._change(tenant, id_, Edits.parse_change(body), Edits.edited, again=True)

    def decide(self, tenant: str, id_: str, body: object) -> dict[str, Any]:
        """Store a decision. Raises BadOptions, ApiError, StoreUnavailable."""
        return self._change(tenant, id_, Edits.parse_change(body), Edits.decided, again=False)

    def _change(
        self, tenant: str, id_: str, given: Edits, change: Callable[[Edits, Edits], Edits], *, again: bool
    ) -> dict[str, Any]:
        image, before = self.images.one(tenant, id_)
        if image.report is None and before.etag is None:
            # CutoutFunction looks for edits only where it has written a report.
            raise ApiError("not_cut", "Wait until its state is no longer waiting.")
        stored = before.edits()
        changed = change(stored, given)
        if changed != stored:  # else this request comes again, as its response was lost or the queue did not answer
            if stored.revision != given.revision:
                raise self._conflict(tenant, id_)
            try:
                edits.replace(self.images.store, before, changed)
            except SourceChanged as error:
                raise self._conflict(tenant, id_) from error
        source = ObjectRef(self.images.config.input_bucket, keys.upload(tenant, id_))
        if again:
            self.queue.send(json.dumps(eventbridge.created(source)))
        try:
            return self.record(tenant, id_)
        except ApiError:  # the job was deleted meanwhile
            self.images.store.erase(ObjectRef(self.images.config.output_bucket, source.key))
            raise

    def _conflict(self, tenant: str, id_: str) -> ApiError:
        return ApiError("edited_meanwhile", "Look at it again.", more={"current": self.record(tenant, id_)})

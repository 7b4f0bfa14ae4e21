"""S3, watched and disturbed: the order of the calls, and what happens between two of them."""

from handler.aws.bucket import S3Store


class WatchedStore(S3Store):
    """Keeps a list of its calls, and can do something before each of them."""

    def __init__(self, client, before=lambda _task, _ref: None):
        super().__init__(client)
        self.calls, self.before = [], before

    def _note(self, task, ref):
        self.calls.append((task, ref.bucket, ref.key))
        self.before(task, ref)

    def head(self, ref):
        self._note("head", ref)
        return super().head(ref)

    def get(self, ref, if_match=None):
        self._note("get", ref)
        return super().get(ref, if_match)

    def children(self, folder):
        self._note("list", folder)
        return super().children(folder)

    def put(self, ref, data, content_type, **conditions):
        self._note("put", ref)
        return super().put(ref, data, content_type, **conditions)

    def delete(self, ref):
        self._note("delete", ref)
        super().delete(ref)

    def erase(self, ref):
        self._note("erase", ref)
        super().erase(ref)

    def written(self):
        return [(task, key) for task, _, key in self.calls if task in ("put", "delete")]


def once(task_wanted, bucket_wanted, act):
    """A `before` of WatchedStore that acts on the first such task only."""
    left = [act]

    def before(task, ref):
        if left and (task, ref.bucket) == (task_wanted, bucket_wanted):
            left.pop()()

    return before

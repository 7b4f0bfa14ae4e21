"""A usage plan's limit for an API key."""

import threading
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """A key's tokens: `burst` at most, `rate` new ones a second."""

    rate: float
    burst: float
    _tokens: float = field(init=False)
    _at: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._tokens, self._at = self.burst, time.monotonic()

    def take(self) -> bool:
        """Take a token; False if there is none."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

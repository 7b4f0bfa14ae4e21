"""The table of response headers: how OpenAPI describes each, and which of them a web page may read."""

import math
from typing import NamedTuple

from handler.http.config import UsagePlan


class Header(NamedTuple):
    """kind: of JSON Schema. meaning: a sentence."""

    kind: str
    meaning: str


SIZES = {
    "X-Width": Header("integer", "Width of the image in this response, in pixels."),
    "X-Height": Header("integer", "Height of that image, in pixels."),
    "X-Max-Width": Header("integer", "Width that the same request has at its full resolution, in pixels."),
    "X-Max-Height": Header("integer", "Height that the same request has at its full resolution, in pixels."),
    "X-Foreground-Top": Header("integer", "Distance of the subject from the top of the image, in pixels."),
    "X-Foreground-Left": Header("integer", "Distance of the subject from the left of the image, in pixels."),
    "X-Foreground-Width": Header("integer", "Width of the subject's visible part, in pixels; 0 if nothing is visible."),
    "X-Foreground-Height": Header("integer", "Height of the subject's visible part, in pixels."),
}
CREDITS = {"X-Credits-Charged": Header("integer", "Always 0: credits are not counted.")}
JUDGEMENT = {
    "X-Hairline-Confidence": Header("number", "Probability that the outline is right, 0 to 1."),
    "X-Hairline-Needs-Review": Header("boolean", "Whether a person should check the image."),
    "X-Hairline-Reasons": Header("string", "Codes of reasons for doubt, separated by commas; often empty."),
    "X-Hairline-Model": Header("string", "Model that found the subject."),
}
LOCATION = {"Location": Header("string", "Where the job or the result is.")}
EVERY = {
    "X-Request-Id": Header("string", "Names this request in the logs."),
    "X-RateLimit-Limit": Header("integer", "Requests that this API key may send in one burst."),
    "X-RateLimit-Reset": Header(
        "integer", "When a whole burst is possible again if you send nothing until then, in seconds since 1970."
    ),
}
RETRY = {"Retry-After": Header("integer", "Seconds to wait before the next request.")}
ALLOW = {"Allow": Header("string", "Methods that this path has.")}


def rate_limit(plan: UsagePlan, now: float) -> dict[str, str]:
    """X-RateLimit-*, without the remaining requests, which only API Gateway knows. now: in seconds since 1970."""
    return {"X-RateLimit-Limit": str(plan.burst), "X-RateLimit-Reset": str(math.ceil(now + plan.burst / plan.rate))}


EXPOSED = ", ".join(SIZES | CREDITS | JUDGEMENT | LOCATION | EVERY | RETRY | ALLOW)
"""The value of Access-Control-Expose-Headers."""

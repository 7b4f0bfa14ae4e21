"""Every error that the code raises on purpose has a disposition of its own."""

import importlib

import pytest

from handler import dispositions, errors
from handler.dispositions import ALARM, REJECT, RETRY, RULES
from pipeline import errors as pipeline_errors
from pipeline.errors import HairlineError, InputError

importlib.import_module("handler.cutouts.app")  # so that every class there is has been made


def subclasses(cls):
    return {cls} | {each for child in cls.__subclasses__() for each in subclasses(child)}


CONCRETE = sorted((each for each in subclasses(HairlineError) if not each.__subclasses__()), key=lambda c: c.__name__)


def test_errors_of_both_packages_are_tested():
    assert {errors.BadEvent, pipeline_errors.NotAnImage, pipeline_errors.MattingFailed} <= set(CONCRETE)


@pytest.mark.parametrize("cls", CONCRETE)
def test_every_error_or_a_base_class_has_a_rule(cls):
    assert dispositions.of(cls("words")) is not RULES[Exception]


@pytest.mark.parametrize("cls", CONCRETE)
def test_only_faults_of_the_input_are_reported(cls):
    assert dispositions.of(cls("words")).reported == issubclass(cls, InputError)


@pytest.mark.parametrize(
    ("error", "disposition", "http"),
    [
        (pipeline_errors.NotAnImage, REJECT, 415),
        (pipeline_errors.TruncatedImage, REJECT, 422),
        (pipeline_errors.ImageTooLarge, REJECT, 413),
        (pipeline_errors.BadOptions, REJECT, 400),
        (pipeline_errors.NoSubject, REJECT, 422),
        (errors.SourceMissing, REJECT, 404),
        (errors.SourceChanged, REJECT, 409),
        (errors.StoreUnavailable, RETRY, 503),
        (errors.BadSignature, REJECT, 401),
        (errors.PayloadTooLarge, REJECT, 413),
        (errors.FetchRefused, REJECT, 400),
        (errors.FetchFailed, RETRY, 400),
        (pipeline_errors.OutOfTime, RETRY, 503),
        (pipeline_errors.OutOfMemory, RETRY, 503),
        (pipeline_errors.MattingFailed, ALARM, 500),
        (errors.CallbackFailed, ALARM, 500),
        (errors.BadEvent, ALARM, 400),
        (ZeroDivisionError, RETRY, 500),
    ],
)
def test_each_error_has_its_disposition_and_status(error, disposition, http):
    assert dispositions.of(error("words"))[:2] == (disposition, http)


def test_codes_are_unique_words():
    # A code told apart would tell a stranger which addresses of our network answer.
    assert errors.FetchRefused.code == errors.FetchFailed.code
    codes = [cls.code for cls in CONCRETE if cls is not errors.FetchFailed]
    assert len(set(codes)) == len(codes)
    assert all(code.isidentifier() and code == code.lower() for code in codes)

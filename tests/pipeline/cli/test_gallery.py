"""A page is well-formed, ordered and self-contained, and does not depend on colours."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

from pipeline.cli.gallery import Entry, page

OUT = Path("out")
VOID = {"meta", "img", "br", "link", "hr"}


class _Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def _cut(name, confidence, *reasons):
    quality = {
        "version": 1,
        "confidence": confidence,
        "needs_review": confidence < 0.5,
        "reasons": [{"code": code, "value": 0.25, "advice": f"Mind {code}."} for code in reasons],
    }
    stem = OUT / Path(name).with_suffix("")
    files = {kind: stem.with_name(stem.name + f".{end}") for kind, end in
             (("sheet", "sheet.jpg"), ("output", "png"), ("report", "report.json"))}  # fmt: skip
    return Entry(OUT / name, quality, **files)


def _names(text):
    return re.findall(r"<h2[^>]*>(.*?)</h2>", text)


def test_failed_images_come_first_then_the_least_confident():
    entries = [_cut("sure.jpg", 0.9), _cut("b.jpg", 0.2, "halo_risk"), _cut("a.jpg", 0.2)]
    entries.append(
        Entry(OUT / "none.jpg", message="no_subject: No subject was found.", report=OUT / "none.report.json")
    )
    text = page(entries, OUT)
    assert _names(text) == ["none.jpg", "a.jpg", "b.jpg", "sure.jpg"]
    words = "".join(_Reader(text).words)
    assert "4 images, 3 of which need review" in words
    assert "No cutout. no_subject: No subject was found." in words
    assert "halo_risk 0.25: Mind halo_risk." in words


def test_a_page_loads_nothing_from_elsewhere():
    reader = _Reader(page([_cut("sub/a b#1?.jpg", 0.2)], OUT))
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    references = [a[key] for _, a in reader.tags for key in ("src", "href") if key in a]
    assert {unquote(reference) for reference in references} == {
        f"./sub/a b#1?.{ending}" for ending in ("sheet.jpg", "png", "report.json")
    }
    assert not any(set(reference) & set(" #?:") for reference in references)


def test_a_name_is_text_and_never_markup():
    text = page([_cut('<img src=x onerror="alert(1)">&amp;.jpg', 0.2), _cut("b\udcff.jpg", 0.9)], OUT)
    reader = _Reader(text)
    assert all("onerror" not in attributes for _, attributes in reader.tags)
    assert reader.words.count('<img src=x onerror="alert(1)">&amp;.jpg') == 1
    assert "./b%FF.png" in text


def test_a_page_works_with_a_screen_reader():
    reader = _Reader(page([_cut("a.jpg", 0.2), _cut("b.jpg", 0.9)], OUT))
    assert reader.all("html") == [{"lang": "en"}]
    assert [tag for tag, _ in reader.tags if tag in ("h1", "h2", "main", "title")] == [
        "title",
        "h1",
        "main",
        "h2",
        "h2",
    ]
    assert all("cutout on black" in image["alt"] for image in reader.all("img"))
    ids = [heading["id"] for heading in reader.all("h2")]
    assert [article["aria-labelledby"] for article in reader.all("article")] == ids
    assert len(set(ids)) == 2
    words = "".join(reader.words)
    assert "needs review" in words  # not by the border's colour alone
    assert "cutout of a.jpg" in words
    assert "cutout of b.jpg" in words

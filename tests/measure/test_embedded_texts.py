"""Embeddings of texts are made once a tower and process."""

from __future__ import annotations

import numpy as np
import pytest

from robustcheck.measure import embedded_texts
from robustcheck.measure.embedded_texts import EmbeddedTexts


class Encoder:
    """Embeds a text as its length and its first letter; notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: list[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)


def test_a_tower_is_asked_for_each_text_once() -> None:
    book, encode = EmbeddedTexts(), Encoder()
    first = book.embed("tower", ["cat", "dog", "cat"], encode)
    again = book.embed("tower", ["dog", "horse"], encode)
    assert encode.asked == ["cat", "dog", "horse"]
    assert first.tolist() == [[3, 99], [3, 100], [3, 99]]
    assert again.tolist() == [[3, 100], [5, 104]]


def test_another_tower_is_asked_anew() -> None:
    book, encode = EmbeddedTexts(), Encoder()
    book.embed("one", ["cat"], encode)
    book.embed("other", ["cat"], encode)
    assert encode.asked == ["cat", "cat"]


def test_what_was_asked_longest_ago_is_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_texts, "KEPT_BYTES", 3 * 8)
    book, encode = EmbeddedTexts(), Encoder()
    for tower, texts in (("one", ["a", "b"]), ("two", ["c", "d"]), ("two", ["c"]), ("one", ["a"])):
        assert book.embed(tower, texts, encode).shape == (len(texts), 2)
    assert encode.asked == ["a", "b", "c", "d", "a"]


def test_more_than_is_kept_is_still_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_texts, "KEPT_BYTES", 0)
    assert EmbeddedTexts().embed("one", ["a", "b"], Encoder()).shape == (2, 2)

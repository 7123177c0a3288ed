from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from robustcheck.datasets import digits, open_dataset
from robustcheck.errors import DataError


def test_the_held_out_rows_are_scikit_learns() -> None:
    dataset = open_dataset("digits", ())
    expected = load_digits()
    assert len(dataset) == 797
    assert (dataset.ids[0], dataset.ids[-1]) == ("digits-1000", "digits-1796")
    np.testing.assert_array_equal(dataset.labels, expected.target[1000:])
    for index in (0, 400, 796):
        assert dataset.image(index).tobytes() == digits.render_digit(expected.images[1000 + index]).tobytes()


def test_training_rows_do_not_meet_the_held_out_ones() -> None:
    images, labels = digits.digits_training()
    assert len(images) == 1000
    np.testing.assert_array_equal(labels, load_digits().target[:1000])
    assert len({image.tobytes() for image in images} & {open_dataset("digits", ()).image(0).tobytes()}) == 0


def test_strokes_are_white_on_black() -> None:
    blank, full = (np.asarray(digits.render_digit(np.full((8, 8), ink))) for ink in (0, 16))
    assert blank.shape == (32, 32, 3)
    assert (blank.max(), full.min()) == (0, 255)


def test_a_stroke_stays_where_it_was() -> None:
    ink = np.zeros((8, 8))
    ink[2, 5] = 16
    grey = np.asarray(digits.render_digit(ink))[:, :, 0]
    assert np.unravel_index(grey.argmax(), grey.shape)[0] // 4 == 2
    assert np.unravel_index(grey.argmax(), grey.shape)[1] // 4 == 5


def test_the_fingerprint_holds_content_and_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_dataset("digits", ()).fingerprint
    assert before == open_dataset("digits", ()).fingerprint
    monkeypatch.setattr(digits, "SCHEMA", digits.SCHEMA + 1)
    assert open_dataset("digits", ()).fingerprint != before


def test_class_names_and_templates_are_its_own() -> None:
    dataset = open_dataset("digits", ())
    assert dataset.class_names[3] == "three"
    assert len(dataset.templates) == 4
    assert all("{c}" in template for template in dataset.templates)


def test_opening_imports_neither_torch_nor_scikit_learn_nor_pillow() -> None:
    code = (
        "import sys; from robustcheck.datasets import open_dataset; open_dataset('digits', ());"
        "print(sorted({'torch', 'sklearn', 'PIL', 'scipy', 'timm', 'open_clip'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_damaged_table_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    digits.read_digits.cache_clear()
    monkeypatch.setattr(digits, "ROWS", 1798)
    with pytest.raises(DataError, match="116805 numbers"):
        digits.read_digits()

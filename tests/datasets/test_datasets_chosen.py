"""Some samples of a data set, as a data set."""

from __future__ import annotations

import numpy as np

from robustcheck.datasets import choose_samples, open_dataset


def test_chosen_samples_are_those_of_the_set_in_the_order_asked_for() -> None:
    whole = open_dataset("digits", ())
    chosen = choose_samples(whole, (5, 3, 700))
    assert len(chosen) == 3
    assert chosen.ids.tolist() == [whole.ids[row] for row in (5, 3, 700)]
    assert chosen.labels.tolist() == [whole.labels[row] for row in (5, 3, 700)]
    for place, row in enumerate((5, 3, 700)):
        np.testing.assert_array_equal(np.asarray(chosen.image(place)), np.asarray(whole.image(row)))
    assert (chosen.class_names, chosen.fingerprint, chosen.name) == (whole.class_names, whole.fingerprint, whole.name)

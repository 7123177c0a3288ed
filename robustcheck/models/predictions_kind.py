"""Outputs that were saved elsewhere, as a kind of model: it scores classes, and nothing of it can be run."""

from __future__ import annotations

from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models.kind import KeyFacts, ModelKind, Reference, always, safe_id
from robustcheck.models.prediction_files import prediction_files, read_about
from robustcheck.values import ModelRef


def _parse(reference: Reference) -> ModelRef:
    path = reference.path(reference.rest)
    if not prediction_files(path):
        found = "holds no CSV or NPZ file" if path.exists() else "does not exist"
        raise ModelError(
            f"{path} {found}",
            where=reference.text,
            expected="a directory of saved outputs, DATASET.csv or DATASET.npz, or one such file",
            fix=did_you_mean(path.name, [other.name for other in path.parent.glob("*")]),
        )
    about = read_about(path)
    architecture, facets = about.facets.get("architecture", ""), tuple(sorted(about.facets.items()))
    return ModelRef(safe_id(about.name), reference.text, "predictions", architecture, str(path), facets)


KIND = ModelKind(
    name="predictions",
    schemes=("predictions",),
    example="predictions:DIR",
    parse=_parse,
    files=lambda ref: prediction_files(Path(ref.weights or "")),
    key=lambda ref: KeyFacts("predictions", ref.architecture, "", ()),
    capabilities=always("scores classes"),
    load=None,
    needs_hub=False,
    holds=lambda path: bool(prediction_files(path)),
)

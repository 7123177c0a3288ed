"""Make the two catalogues of models again, from open_clip's and timm's own lists and the reviewed rules.

    python scripts/model_catalogues.py           # says which of them are stale
    python scripts/model_catalogues.py --write   # writes them

After a new release of open_clip or timm: first say in robustcheck/models/openclip_sources.csv or timm_sources.csv
what a tag that is new was trained on, then run this. A number of parameters that a catalogue holds is kept; only
those of new models are counted, on torch's device meta, which needs no weights.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from robustcheck.models.catalogue import entry, openclip_entries
from robustcheck.models.kinship import network_of
from robustcheck.models.openclip_rules import openclip_facets
from robustcheck.models.openclip_tables import pretrained_source
from robustcheck.models.timm_rules import CLASSIFIERS, timm_rule_facets
from robustcheck.populations import load_population

PACKAGE = Path(__file__).resolve().parents[1] / "robustcheck"
OPENCLIP_COLUMNS = (
    "model", "family", "source", "subset", "samples", "samples_seen", "curation", "architecture", "backbone",
    "resolution", "params", "finetuned", "task", "recipe", "loss", "language", "network", "twin",
)  # fmt: skip
TIMM_COLUMNS = ("model", "family", "source", "finetuning", "architecture", "resolution", "params")
# timm's modules by kind; a module that is not listed is a CNN.
TIMM_KINDS = {
    "vit": "beit cait crossvit davit deit gcvit hiera mvitv2 naflexvit nest pit pvt_v2 swin_transformer "
    "swin_transformer_v2 swin_transformer_v2_cr tnt twins vision_transformer vision_transformer_relpos volo xcit",
    "eva": "eva",
    "mlp": "mlp_mixer",
    "hybrid": "byoanet coat convit cpubone csatv2 edgenext efficientformer efficientformer_v2 efficientvim "
    "efficientvit_mit efficientvit_msra fastvit iformer levit lowformer maxxvit mobilevit nextvit sequencer shvit "
    "swiftformer tiny_vit vision_transformer_hybrid visformer",
}
HYBRIDS_OF_CNN_MODULES = ("caformer", "mobilenetv4_hybrid", "bat_resnext")
IMAGENET_CLASSES = 1000

Row = dict[str, str]


def openclip_catalogue() -> Iterator[Row]:
    """Yield the facets of every checkpoint that open_clip lists: by the rules, then exact size and parameters."""
    import open_clip

    pairs = [f"{architecture}/{tag}" for architecture, tag in open_clip.list_pretrained()]
    counting = counting_names(pairs)
    for pair in pairs:
        architecture, tag = pair.split("/")
        facets = openclip_facets(architecture, tag)
        # The name's own number counts: the configuration of ViTamin-XL-384 has that of another.
        is_named = facets.get("resolution", "none") in architecture
        size = open_clip.get_model_config(architecture)["vision_cfg"]["image_size"]
        exact = {"params": params_of(pair) or openclip_params(architecture)}
        exact["resolution"] = facets["resolution"] if is_named else str(size)
        yield {"model": pair, **facets, **exact, **twin_facets(pair, counting[pair])}


def counting_names(pairs: Sequence[str]) -> dict[str, str]:
    """Return for each name the one that counts among the names of its weights.

    It is the one with published figures; of several the one under the activation that the weights were trained with.
    """
    published = load_population("openclip").facets
    named: dict[tuple[str, str], list[str]] = {}
    for pair in pairs:
        source = pretrained_source(*pair.split("/"))
        assert source is not None, pair
        named.setdefault((source.hub, source.url), []).append(pair)
    best = {key: max(names, key=lambda name: (name in published, "-quickgelu" in name)) for key, names in named.items()}
    return {name: best[key] for key, names in named.items() for name in names}


def twin_facets(pair: str, counts: str) -> Row:
    """Return what is said of a name whose weights stand under another name too, where that one counts."""
    network = network_of(counts, {})
    told = {} if network_of(pair, {}) == network else {"network": network}
    return told if pair == counts else {**told, "twin": "yes"}


def timm_catalogue() -> Iterator[Row]:
    """Yield the facets of every classifier of ImageNet-1k that timm lists with weights."""
    import timm
    from timm.models import get_pretrained_cfg

    for name in timm.list_models(pretrained=True):
        facets = timm_rule_facets(name)
        config = get_pretrained_cfg(name)
        # Some self-supervised weights are listed with a head of 1,000 outputs that nobody trained.
        if config.num_classes == IMAGENET_CLASSES and facets.get("family") in CLASSIFIERS:
            exact = {"resolution": str(config.input_size[-1]), "params": params_of(name) or timm_params(name)}
            yield {"model": name, **facets, "architecture": timm_kind(name), **exact}


def timm_kind(name: str) -> str:
    """Return the architecture family of a timm name, by the module that defines it."""
    from timm.models._registry import _model_to_module

    if name.startswith(("eva_", "eva02_")):
        return "eva"
    if name.startswith(HYBRIDS_OF_CNN_MODULES):
        return "hybrid"
    module = _model_to_module[name.partition(".")[0]]
    return next((kind for kind, modules in TIMM_KINDS.items() if module in modules.split()), "cnn")


def params_of(model: str) -> str:
    """Return the number of parameters that the catalogue holds, or an empty text."""
    known = entry(model)
    return "" if known is None else known.facets.get("params", "")


def openclip_params(architecture: str) -> str:
    """Return the parameters of an architecture of open_clip, counted unless held, rounded as its tables: to 10,000."""
    import open_clip
    import torch

    # Tags of one architecture, and its variant under the other activation, are of one size.
    stem = architecture.removesuffix("-quickgelu")
    alike = (model for model in openclip_entries() if model.id.partition("/")[0].removesuffix("-quickgelu") == stem)
    held = next((model.facets["params"] for model in alike if "params" in model.facets), "")
    config = open_clip.get_model_config(architecture)
    if held or "hf_model_name" in config["text_cfg"]:  # Building such a text tower needs the hub.
        return held
    parts = {name: config[name] for name in ("embed_dim", "vision_cfg", "text_cfg", "quick_gelu") if name in config}
    build = open_clip.CustomTextCLIP if "custom_text" in config else open_clip.CLIP
    with torch.device("meta"):
        return counted(build(**parts))


def timm_params(name: str) -> str:
    """Count the parameters of a timm model, rounded as its tables are: to 10,000."""
    import timm
    import torch

    with torch.device("meta"):
        return counted(timm.create_model(name))


def counted(model: object) -> str:
    """Return the number of parameters of a model as the catalogues hold it."""
    number = sum(parameter.numel() for parameter in model.parameters())  # type: ignore[attr-defined]
    return str(round(number, -4))


CATALOGUES = {
    "openclip.csv": (OPENCLIP_COLUMNS, openclip_catalogue),
    "timm.csv": (TIMM_COLUMNS, timm_catalogue),
}


def text_of(columns: Sequence[str], table: Iterable[Mapping[str, str]]) -> str:
    """Return a catalogue as the text of its file, sorted by name."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(sorted(table, key=lambda row: row["model"]))
    return text.getvalue()


def main(arguments: Sequence[str]) -> int:
    """Write the catalogues, or say which of them are stale."""
    stale = 0
    for name, (columns, make) in CATALOGUES.items():
        path, text = PACKAGE / "models" / name, text_of(columns, make())
        if path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--write" in arguments:
            path.write_text(text, encoding="utf-8", newline="")
        print(f"{'written' if '--write' in arguments else 'stale'}: {name}, {text.count(chr(10)) - 1} models")
    return 1 if stale and "--write" not in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Write the project's own tidy tables from the published result files of OpenCLIP and timm.

    python scripts/build_tables.py DIRECTORY_OF_PUBLISHED_FILES

Only figures are carried over. Writes the two populations and the two model catalogues in place; running
it twice gives the same bytes. Needs open_clip and timm for image sizes and architecture families.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from robustcheck.models.openclip_rules import openclip_facets
from robustcheck.models.timm_rules import timm_rule_facets

PACKAGE = Path(__file__).resolve().parents[1] / "robustcheck"
FIGURE_COLUMNS = ("model", "dataset", "metric", "value", "n", "class_set")
OPENCLIP_COLUMNS = (
    "model", "family", "source", "subset", "samples", "samples_seen", "curation", "architecture", "backbone",
    "resolution", "params", "finetuned", "task", "loss", "language",
)  # fmt: skip
TIMM_COLUMNS = ("model", "family", "source", "finetuning", "architecture", "resolution", "params")

# ImageNet-O is left out: it is an out-of-distribution set, and its column here is an accuracy.
OPENCLIP_SETS = {
    "ImageNet 1k": ("imagenet-val", 50_000, "imagenet"),
    "ImageNet v2": ("imagenet-v2", 10_000, "imagenet"),
    "ImageNet-A": ("imagenet-a", 7_500, "imagenet-a"),
    "ImageNet-R": ("imagenet-r", 30_000, "imagenet-r"),
    "ImageNet Sketch": ("imagenet-sketch", 50_889, "imagenet"),
    "ObjectNet": ("objectnet", 18_574, "objectnet"),
}
# Image retrieval has a trial per caption, text retrieval one per image.
RETRIEVAL_SETS = {
    ("Flickr", "image"): ("flickr30k", 5_000),
    ("Flickr", "text"): ("flickr30k", 1_000),
    ("MSCOCO", "image"): ("mscoco", 25_000),
    ("MSCOCO", "text"): ("mscoco", 5_000),
}
TIMM_FILES = {
    "timm_results-imagenet.csv": ("imagenet-val", 50_000, "imagenet"),
    "timm_results-imagenet-a-clean.csv": ("imagenet-val", 10_000, "imagenet-a"),
    "timm_results-imagenet-r-clean.csv": ("imagenet-val", 10_000, "imagenet-r"),
    "timm_results-imagenetv2-matched-frequency.csv": ("imagenet-v2", 10_000, "imagenet"),
    "timm_results-imagenet-a.csv": ("imagenet-a", 7_500, "imagenet-a"),
    "timm_results-imagenet-r.csv": ("imagenet-r", 30_000, "imagenet-r"),
    "timm_results-sketch.csv": ("imagenet-sketch", 50_889, "imagenet"),
}
# timm's modules by kind; a module that is not listed is a CNN.
TIMM_KINDS = {
    "vit": "beit cait crossvit davit deit gcvit hiera mvitv2 naflexvit nest pit pvt_v2 swin_transformer "
    "swin_transformer_v2 swin_transformer_v2_cr tnt twins vision_transformer vision_transformer_relpos volo xcit",
    "eva": "eva",
    "mlp": "mlp_mixer",
    "hybrid": "byoanet coat convit edgenext efficientformer efficientformer_v2 efficientvit_mit efficientvit_msra "
    "fastvit levit maxxvit mobilevit nextvit sequencer shvit swiftformer tiny_vit vision_transformer_hybrid visformer",
}
HYBRIDS_OF_CNN_MODULES = ("caformer", "mobilenetv4_hybrid", "bat_resnext")

Row = dict[str, str]


def main(arguments: Sequence[str]) -> int:
    """Read the published files of the directory given and write the four tables."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    published = Path(arguments[0])
    write(PACKAGE / "populations/openclip.csv", FIGURE_COLUMNS, openclip_figures(published))
    write(PACKAGE / "populations/timm.csv", FIGURE_COLUMNS, timm_figures(published))
    write(PACKAGE / "models/openclip.csv", OPENCLIP_COLUMNS, openclip_catalogue(published))
    write(PACKAGE / "models/timm.csv", TIMM_COLUMNS, timm_catalogue(published))
    return 0


def openclip_figures(published: Path) -> Iterator[Row]:
    """Yield the accuracies and the retrieval recalls of the OpenCLIP checkpoints."""
    for row in rows(published / "openclip_classification_results.csv"):
        for column, (dataset, n, class_set) in OPENCLIP_SETS.items():
            yield figure(openclip_id(row), dataset, "top1", Decimal(row[column]), n, class_set)
    for row in rows(published / "openclip_retrieval_results.csv"):
        for (title, direction), (dataset, n) in RETRIEVAL_SETS.items():
            for k in (1, 5, 10):
                value = Decimal(row[f"{title} {direction} retr. R@{k}"])
                yield figure(openclip_id(row), dataset, f"{direction}_retrieval_recall@{k}", value, n, "")


def timm_figures(published: Path) -> Iterator[Row]:
    """Yield the top-1 accuracies of timm's classifiers, of those that have a figure on ImageNet-val."""
    default = default_sizes(published)
    for name, (dataset, n, class_set) in TIMM_FILES.items():
        for row in rows(published / name):
            if row["model"] in default:
                yield figure(timm_id(row, default), dataset, "top1", Decimal(row["top1"]) / 100, n, class_set)


def openclip_catalogue(published: Path) -> Iterator[Row]:
    """Yield the facets of the published OpenCLIP checkpoints: by the rules, then exact size and parameters."""
    import open_clip

    for row in rows(published / "openclip_classification_results.csv"):
        size = open_clip.get_model_config(row["name"])["vision_cfg"]["image_size"]
        params = str(round(Decimal(row["params (M)"]) * 1_000_000))
        facets = openclip_facets(row["name"], row["pretrained"])
        yield {"model": openclip_id(row), **facets, "resolution": str(size), "params": params}


def timm_catalogue(published: Path) -> Iterator[Row]:
    """Yield the facets of timm's classifiers, each name once."""
    default = default_sizes(published)
    for row in rows(published / "timm_results-imagenet.csv"):
        if row["img_size"] == default[row["model"]]:
            params = str(round(Decimal(row["param_count"].replace(",", "")) * 1_000_000))
            facets = timm_rule_facets(row["model"])
            kind = timm_kind(row["model"])
            size = row["img_size"]
            yield {"model": row["model"], **facets, "architecture": kind, "resolution": size, "params": params}


def timm_kind(name: str) -> str:
    """Return the architecture family of a timm name, by the module that defines it."""
    from timm.models._registry import _model_to_module

    if name.startswith(("eva_", "eva02_")):
        return "eva"
    if name.startswith(HYBRIDS_OF_CNN_MODULES):
        return "hybrid"
    module = _model_to_module[name.partition(".")[0]]
    return next((kind for kind, modules in TIMM_KINDS.items() if module in modules.split()), "cnn")


def default_sizes(published: Path) -> dict[str, str]:
    """Return each timm name's default image size: the smaller one where timm lists two.

    That is the size a model is created with (timm's ``input_size``), hence the one measured live; the
    larger is its ``test_input_size`` and is kept under the name ``NAME/SIZE``.
    """
    sizes: dict[str, str] = {}
    for row in rows(published / "timm_results-imagenet.csv"):
        sizes[row["model"]] = min(row["img_size"], sizes.get(row["model"], row["img_size"]), key=int)
    return sizes


def timm_id(row: Row, default: dict[str, str]) -> str:
    """Return a timm row's key in the population."""
    is_default = row["img_size"] == default[row["model"]]
    return row["model"] if is_default else f"{row['model']}/{row['img_size']}"


def openclip_id(row: Row) -> str:
    """Return an OpenCLIP row's key: open_clip's own two identifiers."""
    return f"{row['name']}/{row['pretrained']}"


def figure(model: str, dataset: str, metric: str, value: Decimal, n: int, class_set: str) -> Row:
    """Return one row of a population."""
    fraction = f"{value.normalize():f}"
    values = (model, dataset, metric, fraction, str(n), class_set)
    return dict(zip(FIGURE_COLUMNS, values, strict=True))


def rows(path: Path) -> list[Row]:
    """Return the rows of a published file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: Sequence[str], table: Iterable[Row]) -> None:
    """Write a table, sorted by its first columns, with plain line ends."""
    ordered = sorted(table, key=lambda row: tuple(row[column] for column in columns[:3] if column in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(ordered)
    print(f"{path.relative_to(PACKAGE.parent)}: {len(ordered)} rows, {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

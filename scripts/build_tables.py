"""Write the project's own tidy tables from the published result files of OpenCLIP, timm and a paper.

    python scripts/build_tables.py DIRECTORY_OF_PUBLISHED_FILES
    python scripts/build_tables.py DIRECTORY_OF_PUBLISHED_FILES --holistic

Only figures are carried over. Writes the populations in place; running it twice gives the same bytes. With
--holistic it writes only the tables of "Toward a Holistic Evaluation of Robustness in CLIP Models".
The catalogues of models are made by scripts/model_catalogues.py.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "robustcheck"
FIGURE_COLUMNS = ("model", "dataset", "metric", "value", "n", "class_set")
OPENCLIP_COLUMNS = (*FIGURE_COLUMNS, "options")
# ImageNet-O is left out: it is an out-of-distribution set, and its column here is an accuracy.
OPENCLIP_SETS = {
    "ImageNet 1k": ("imagenet-val", 50_000, "imagenet"),
    "ImageNet v2": ("imagenet-v2", 10_000, "imagenet"),
    "ImageNet-A": ("imagenet-a", 7_500, "imagenet-a"),
    "ImageNet-R": ("imagenet-r", 30_000, "imagenet-r"),
    "ImageNet Sketch": ("imagenet-sketch", 50_889, "imagenet"),
    "ObjectNet": ("objectnet", 18_574, "objectnet"),
}
# Shifts outside ImageNet, each scored as its makers do. The worst group is not named in the source, so n is that of
# the smallest one that counts.
FURTHER_SETS = {
    "iWildCam": ("iwildcam", "macro_f1", 42_791, ""),
    "Camelyon17": ("camelyon17", "top1", 85_054, ""),
    "FMoW": ("fmow", "worst_group_accuracy", 666, "group=region"),
    "Dollar Street": ("dollar-street", "worst_group_accuracy", 856, "group=income;k=5"),
    "GeoDE": ("geode", "worst_group_accuracy", 1_757, "group=region"),
}
# FMoW's sixth region, "Other", is of four images; where it is the worst one the figure says nothing of the model.
OF_FOUR_IMAGES = (Decimal("0"), Decimal("0.25"))
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
# timm's results-imagenet-real.csv is not among the published files; its figures are tabulated beside this script. Right
# is a class among the reassessed labels of an image; 3,163 of the 50,000 images have none and do not count.
REAL_FIGURES = Path(__file__).with_name("timm_imagenet_real.csv")
REAL_SET = ("imagenet-real", 46_837, "imagenet")
# The paper does not say over how many samples most of its figures are; one sample makes nothing certain.
UNKNOWN_N = 1
TUNINGS = {
    "zero-shot": ("zero-shot", "none"),
    "cross-entropy ImageNet-1K": ("cross-entropy", "full"),
    "contrastive (FLYP)": ("flyp", "contrastive"),
    "CoOp": ("coop", "parameter-efficient"),
    "Tip-Adapter": ("tip-adapter", "parameter-efficient"),
}
RESOLUTION_FIGURES = {
    "shape_bias": ("cue-conflict", "shape_bias", UNKNOWN_N),
    "imagenet_val": ("imagenet-val", "top1", 50_000),
    "stylized_imagenet": ("stylized-imagenet", "top1", 50_000),
}
ENCODERS = {
    "ResNet-50": "resnet-50",
    "CLIP ViT-L/14-336 (WIT)": "clip-vit-l-14-336",
    "SigLIP-SO-14 (WebLI)": "siglip-so-14",
}
# Which rows of Table IV were drawn from the same pool of images.
POOLS = {"LAION-400M": "400m", "MetaCLIP-400M": "400m", "LAION-2B": "2b", "DFN-2B": "2b"}
CURATION_FIGURES = {
    "classification_accuracy": ("holistic-shifts-average", "top1", ""),
    "ood_auroc": ("holistic-ood-average", "auroc", ""),
    "ood_fpr95": ("holistic-ood-average", "fpr95", ""),
    "ece_before": ("holistic-shifts-average", "ece", ""),
    "larger": ("imagenet-x", "top1", "factor=larger"),
    "shape": ("imagenet-x", "top1", "factor=shape"),
    "color": ("imagenet-x", "top1", "factor=color"),
    "retrieval_recall5": ("holistic-retrieval-average", "retrieval_recall@5", ""),
    "robustness_3d": ("imagenet-3dcc", "top1", "severity=5"),
}
HOLISTIC_COLUMNS = ("model", "dataset", "metric", "value", "n", "where")
HOLISTIC_FACETS = {
    "holistic-tuning": ("backbone", "tuning", "kind"),
    "holistic-resolution": ("backbone", "architecture", "training_source", "resolution"),
    "holistic-llava": ("kind", "encoder", "llm", "selector", "split", "list"),
    "holistic-curation": ("backbone", "data", "pool", "curated", "temperature"),
}

Row = dict[str, str]


def main(arguments: Sequence[str]) -> int:
    """Read the published files of the directory given and write the tables."""
    directories = [argument for argument in arguments if argument != "--holistic"]
    if len(directories) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    published = Path(directories[0])
    write_holistic(published)
    if "--holistic" in arguments:
        return 0
    write(PACKAGE / "populations/openclip.csv", OPENCLIP_COLUMNS, openclip_figures(published))
    write(PACKAGE / "populations/timm.csv", FIGURE_COLUMNS, timm_figures(published))
    return 0


def write_holistic(published: Path) -> None:
    """Write Tables I to IV of the paper, a population each."""
    tables = (tuning_figures, resolution_figures, llava_figures, curation_figures)
    for (name, facets), figures in zip(HOLISTIC_FACETS.items(), tables, strict=True):
        columns = (*HOLISTIC_COLUMNS, *facets)
        table = ({column: row.get(column, "") for column in columns} for row in figures(published))
        write(PACKAGE / f"populations/{name}.csv", columns, table)


def tuning_figures(published: Path) -> Iterator[Row]:
    """Yield Table I: the shape bias of two backbones, tuned in five ways."""
    for row in rows(published / "paper_table1_shape_bias_finetuning.csv"):
        tuning, kind = TUNINGS[row["fine_tuning"]]
        backbone = dashed(row["backbone"])
        facets = {"backbone": backbone, "tuning": tuning, "kind": kind}
        value = Decimal(row["shape_bias"])
        yield figure(f"{tuning}/{backbone}", "cue-conflict", "shape_bias", value, UNKNOWN_N, "") | facets


def resolution_figures(published: Path) -> Iterator[Row]:
    """Yield Table II: CLIP towers fine-tuned on ImageNet at two resolutions."""
    for row in rows(published / "paper_table2_resolution_shape_bias.csv"):
        backbone, source = dashed(row["backbone"]), row["source"].lower()
        kind = "cnn" if backbone.startswith("ConvNeXt") else "vit"
        facets = {"backbone": backbone, "architecture": kind, "training_source": source}
        facets["resolution"] = row["resolution"]
        for column, (dataset, metric, n) in RESOLUTION_FIGURES.items():
            model = f"{source}/{backbone}/{row['resolution']}"
            yield figure(model, dataset, metric, Decimal(row[column]), n, "") | facets


def llava_figures(published: Path) -> Iterator[Row]:
    """Yield Table III: one member for each line and split, as lists and splits are what is compared.

    A list of names is hard where CLIP itself is right less than half of the time.
    """
    table = rows(published / "paper_table3_llava_imagenet_d.csv")
    lists = {(row["category_selector"], row["visual_encoder"]): row for row in table if row["type"] == "CLIP"}
    for row in table:
        encoder, selector = ENCODERS[row["visual_encoder"]], ENCODERS[row["category_selector"]]
        llm = row["llm"].lower()
        facets = {"kind": row["type"].lower(), "encoder": encoder, "llm": llm, "selector": selector}
        for split in ("background", "material", "texture"):
            is_hard = Decimal(lists[row["category_selector"], row["visual_encoder"]][split]) < Decimal("0.5")
            model = f"{encoder}/{llm or 'clip'}/on-{selector}/{split}"
            own = {"split": split, "list": "hard" if is_hard else "easy"}
            told = figure(model, "imagenet-d", "multiple_choice_accuracy", Decimal(row[split]), UNKNOWN_N, "")
            yield told | facets | own


def curation_figures(published: Path) -> Iterator[Row]:
    """Yield Table IV: CLIP models of raw and of curated data; the calibrated ones are members of their own."""
    for row in rows(published / "paper_table4_data_curation.csv"):
        backbone, data = dashed(row["backbone"]), row["pretraining"].lower()
        facets = {"backbone": backbone, "data": data, "curated": row["filtered"], "temperature": "none"}
        facets["pool"] = POOLS.get(row["pretraining"], "commonpool")
        for column, (dataset, metric, where) in CURATION_FIGURES.items():
            own = figure(f"{data}/{backbone}", dataset, metric, Decimal(row[column]), UNKNOWN_N, "")
            yield own | facets | {"where": where}
        scaled, value = f"{data}/{backbone}/scaled", Decimal(row["ece_after"])
        own = figure(scaled, "holistic-shifts-average", "ece", value, UNKNOWN_N, "")
        yield own | facets | {"temperature": "fitted"}


def dashed(backbone: str) -> str:
    """Return a backbone's name as it stands in model names: ViT-B-32."""
    return backbone.replace("/", "-")


def openclip_figures(published: Path) -> Iterator[Row]:
    """Yield the accuracies and the retrieval recalls of the OpenCLIP checkpoints."""
    for row in rows(published / "openclip_classification_results.csv"):
        for column, (dataset, n, class_set) in OPENCLIP_SETS.items():
            yield figure(openclip_id(row), dataset, "top1", Decimal(row[column]), n, class_set)
        for column, (dataset, metric, n, options) in FURTHER_SETS.items():
            value = Decimal(row[column])
            if dataset != "fmow" or value not in OF_FOUR_IMAGES:
                yield figure(openclip_id(row), dataset, metric, value, n, dataset) | {"options": options}
    for row in rows(published / "openclip_retrieval_results.csv"):
        for (title, direction), (dataset, n) in RETRIEVAL_SETS.items():
            for k in (1, 5, 10):
                value = Decimal(row[f"{title} {direction} retr. R@{k}"])
                yield figure(openclip_id(row), dataset, f"{direction}_retrieval_recall@{k}", value, n, "")


def timm_figures(published: Path) -> Iterator[Row]:
    """Yield the top-1 accuracies of timm's classifiers, of those that have a figure on ImageNet-val."""
    default = default_sizes(published)
    files = {published / name: what for name, what in TIMM_FILES.items()} | {REAL_FIGURES: REAL_SET}
    for path, (dataset, n, class_set) in files.items():
        for row in rows(path):
            if row["model"] in default:
                yield figure(timm_id(row, default), dataset, "top1", Decimal(row["top1"]) / 100, n, class_set)


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

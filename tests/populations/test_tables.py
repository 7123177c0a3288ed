"""The shipped tables against the published files they were made from."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from robustcheck.models.catalogue import openclip_entries, timm_entries
from robustcheck.populations import Population, load_population
from robustcheck.stats.trend import TrendPoint, fit_trend
from robustcheck.values import Quantity

ROOT = Path(__file__).parents[2]
PUBLISHED = Path(__file__).parents[3] / "shared" / "published"
needs_published = pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="the published result files are not beside this checkout"
)
HOLISTIC = {
    name: f"populations/{name}.csv"
    for name in ("holistic-tuning", "holistic-resolution", "holistic-llava", "holistic-curation")
}
INCOME = (("group", "income"), ("k", "5"))
TABLES = (
    "populations/openclip.csv",
    "populations/timm.csv",
    *HOLISTIC.values(),
)


@pytest.fixture
def build_tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_tables", ROOT / "scripts/build_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def published(name: str) -> list[dict[str, str]]:
    with (PUBLISHED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_hold_what_they_say() -> None:
    openclip, timm = load_population("openclip"), load_population("timm")
    assert len(openclip.facets) == 121
    assert set(openclip.facets) <= {model.id for model in openclip_entries()}
    # On FMoW, 33 figures are those of four images.
    assert len(openclip.figures) == 121 * (6 + 12 + 5) - 33
    assert len(timm.facets) == 1556
    assert {model.partition("/")[0] for model in timm.facets} <= {model.id for model in timm_entries()}
    assert len(timm.figures) == 1556 * 7 - 1 + 1002


def test_the_tables_stay_small() -> None:
    assert sum((ROOT / "robustcheck" / name).stat().st_size for name in TABLES) < 2 * 1024 * 1024


def test_each_population_names_source_licence_and_date() -> None:
    for name in ("openclip", "timm", "scaling-laws", "makers", "contrastive", *HOLISTIC):
        population = load_population(name)
        assert all((population.source, population.licence, population.date, population.homepage, population.notes))
        assert all(figure.source and figure.licence and figure.date for figure in population.figures)
        if name not in ("makers", "contrastive"):
            assert {figure.source for figure in population.figures} == {population.source}


# --- figures that were tabulated by hand ---------------------------------------------------------


# What the source itself gives as the mean over ImageNet-V2, -A, -R, -Sketch and ObjectNet.
ROBUSTNESS = {
    "ViT-H-14/laion2b_s32b_b79k": 0.71129, "ViT-g-14/laion2b_s12b_b42k": 0.69610,
    "ViT-L-14/laion80m_s3b": 0.48263, "ViT-L-14/laion80m_s13b": 0.52229, "ViT-L-14/laion80m_s34b": 0.54230,
    "ViT-L-14/laion400m_s3b": 0.57530, "ViT-L-14/laion400m_s13b": 0.63839, "ViT-L-14/laion400m_s34b": 0.65247,
    "ViT-L-14/laion2b_s3b": 0.57557, "ViT-L-14/laion2b_s13b": 0.64608, "ViT-L-14/laion2b_s32b_b82k": 0.67551,
    "ViT-B-16/laion80m_s3b": 0.43481, "ViT-B-16/laion80m_s13b": 0.47286, "ViT-B-16/laion80m_s34b": 0.49294,
    "ViT-B-16/laion400m_s3b": 0.47821, "ViT-B-16/laion400m_e32": 0.54892, "ViT-B-16/laion400m_s34b": 0.57137,
    "ViT-B-16/laion2b_s3b": 0.48065, "ViT-B-16/laion2b_s13b": 0.55890, "ViT-B-16/laion2b_s34b_b88k": 0.58648,
    "ViT-B-32/laion80m_s3b": 0.37949, "ViT-B-32/laion80m_s13b": 0.42232, "ViT-B-32/laion80m_s34b": 0.43010,
    "ViT-B-32/laion400m_s3b": 0.41604, "ViT-B-32/laion400m_s13b": 0.48966, "ViT-B-32/laion400m_s34b": 0.50122,
    "ViT-B-32/laion2b_s3b": 0.42439, "ViT-B-32/laion2b_s13b": 0.48832, "ViT-B-32/laion2b_s34b_b79k": 0.52512,
}  # fmt: skip
SHIFTS = ("imagenet-v2", "imagenet-a", "imagenet-r", "imagenet-sketch", "objectnet")


def value_of(population: Population, model: str, metric: str, dataset: str) -> float:
    figure = population.figure(model, Quantity(metric, dataset))
    assert figure is not None, (model, metric, dataset)
    return figure.value


def test_the_scaling_study_has_the_means_that_its_source_gives() -> None:
    population = load_population("scaling-laws")
    assert set(population.facets) == set(ROBUSTNESS)
    for model, mean in ROBUSTNESS.items():
        found = sum(value_of(population, model, "top1", dataset) for dataset in SHIFTS) / len(SHIFTS)
        assert found == pytest.approx(mean, abs=2e-5), model
    sizes = [facets["subset"] for facets in population.facets.values()]
    assert {size: sizes.count(size) for size in sizes} == {"laion80m": 9, "laion400m": 9, "laion2b": 11}
    assert population.facets["ViT-B-16/laion80m_s13b"]["samples"] == "8e7"


def test_two_evaluations_of_the_same_weights_agree() -> None:
    study, ours = load_population("scaling-laws"), load_population("openclip")
    both = sorted(set(study.facets) & set(ours.facets))
    assert len(both) == 6
    for model in both:
        for dataset in ("imagenet-val", "imagenet-v2", "imagenet-r", "imagenet-sketch"):
            pair = [value_of(population, model, "top1", dataset) for population in (study, ours)]
            assert pair[0] == pytest.approx(pair[1], abs=0.0015), (model, dataset)


def test_the_contrastive_models_have_their_makers_figures() -> None:
    """Read again from the makers' tables, apart from the transcription."""
    population = load_population("contrastive")
    makers = {
        "dino/vit_base_patch8+linear": 0.801, "dino/vit_base_patch8+knn": 0.774, "dino/resnet50+linear": 0.753,
        "dinov2/vit_giant_patch14+linear": 0.865, "dinov2/vit_giant_patch14+knn": 0.835,
        "moco/resnet50-v2-800ep+linear": 0.711, "swav/resnet50-800ep+linear": 0.753,
        "swav/resnet50w5-400ep+linear": 0.785, "moco/resnet50-v3-1000ep+linear": 0.746,
        "moco/vit_base_patch16-v3-300ep+linear": 0.767, "simclr/resnet50w4+linear": 0.766,
    }  # fmt: skip
    for model, value in makers.items():
        assert value_of(population, model, "top1", "imagenet-val") == value
    assert {facets["family"] for facets in population.facets.values()} == {"contrastive"}
    assert not population.stands_in


def test_a_linear_probe_beats_nearest_neighbours_on_each_contrastive_network() -> None:
    population = load_population("contrastive")
    both = [model.removesuffix("+knn") for model in population.facets if model.endswith("+knn")]
    assert len(both) == 5 + 8
    for network in both:
        gain = value_of(population, f"{network}+linear", "top1", "imagenet-val")
        gain -= value_of(population, f"{network}+knn", "top1", "imagenet-val")
        assert 0.01 < gain < 0.08, network
        assert {population.facets[f"{network}+{probe}"]["network"] for probe in ("knn", "linear")} == {network}


def test_the_makers_figures_are_shares_of_whole_images() -> None:
    """Five decimals tell the count on sets of up to 50,000 images, so a wrong digit shows."""
    population = load_population("makers")
    told = [figure for figure in population.figures if "mobileclip" in figure.source and figure.metric == "top1"]
    assert len(told) == 10 * 7
    for figure in told:
        hits = round(figure.value * figure.n)
        assert round(hits / figure.n, 5) == pytest.approx(figure.value, abs=1e-9), figure


def test_the_makers_models_are_those_of_the_catalogue() -> None:
    population = load_population("makers")
    recipes = [facets["recipe"] for facets in population.facets.values()]
    assert {recipe: recipes.count(recipe) for recipe in recipes} == {
        "siglip2": 15, "pe-core": 5, "mobileclip": 4, "mobileclip2": 6, "vitamin": 13, "clip": 2,
    }  # fmt: skip
    assert set(population.facets) <= {model.id for model in openclip_entries()}
    # No figure of another evaluation comes before OpenCLIP's own.
    assert not set(population.facets) & set(load_population("openclip").facets)
    # The headline figures of the makers.
    assert value_of(population, "ViT-gopt-16-SigLIP2-384/webli", "top1", "imagenet-val") == 0.85
    assert value_of(population, "PE-Core-bigG-14-448/meta", "top1", "imagenet-a") == 0.926
    assert value_of(population, "MobileCLIP2-S4/dfndr2b", "top1", "imagenet-val") == 0.81854
    assert value_of(population, "ViTamin-XL-336/datacomp1b", "top1", "imagenet-val") == 0.827
    assert value_of(population, "ViT-bigG-14-quickgelu/metaclip_fullcc", "top1", "imagenet-val") == 0.821


@needs_published
@pytest.mark.parametrize(
    ("column", "dataset", "n"),
    [
        ("ImageNet 1k", "imagenet-val", 50_000),
        ("ImageNet v2", "imagenet-v2", 10_000),
        ("ImageNet-A", "imagenet-a", 7_500),
        ("ImageNet-R", "imagenet-r", 30_000),
        ("ImageNet Sketch", "imagenet-sketch", 50_889),
        ("ObjectNet", "objectnet", 18_574),
    ],
)
def test_openclip_accuracies_equal_the_published_file(column: str, dataset: str, n: int) -> None:
    population = load_population("openclip")
    for row in published("openclip_classification_results.csv"):
        figure = population.figure(f"{row['name']}/{row['pretrained']}", Quantity("top1", dataset))
        assert figure is not None
        assert (figure.value, figure.n) == (float(row[column]), n)


@needs_published
@pytest.mark.parametrize(
    ("column", "quantity", "n"),
    [
        ("iWildCam", Quantity("macro_f1", "iwildcam"), 42_791),
        ("Camelyon17", Quantity("top1", "camelyon17"), 85_054),
        ("FMoW", Quantity("worst_group_accuracy", "fmow", options=(("group", "region"),)), 666),
        ("Dollar Street", Quantity("worst_group_accuracy", "dollar-street", options=INCOME), 856),
        ("GeoDE", Quantity("worst_group_accuracy", "geode", options=(("group", "region"),)), 1_757),
    ],
)
def test_shifts_outside_imagenet_equal_the_published_file(column: str, quantity: Quantity, n: int) -> None:
    population = load_population("openclip")
    left_out = []
    for row in published("openclip_classification_results.csv"):
        figure = population.figure(f"{row['name']}/{row['pretrained']}", quantity)
        if figure is None:
            left_out.append(float(row[column]))
            continue
        assert (figure.value, figure.n, figure.class_set) == (float(row[column]), n, quantity.dataset)
    assert {*left_out} <= {0, 0.25}
    assert len(left_out) == (33 if column == "FMoW" else 0)


@pytest.mark.parametrize(
    ("quantity", "r2"),
    [
        (Quantity("worst_group_accuracy", "geode", options=(("group", "region"),)), 0.96),
        (Quantity("macro_f1", "iwildcam"), 0.95),
        (Quantity("worst_group_accuracy", "dollar-street", options=INCOME), 0.90),
        (Quantity("worst_group_accuracy", "fmow", options=(("group", "region"),)), 0.79),
        (Quantity("top1", "camelyon17"), 0.04),
    ],
)
def test_the_page_says_how_much_imagenet_explains(quantity: Quantity, r2: float) -> None:
    points = load_population("openclip").points(Quantity("top1", "imagenet-val"), quantity, {"task": "zero-shot"})
    assert fit_trend([TrendPoint(*point) for point in points]).r2 == pytest.approx(r2, abs=0.005)
    page = (ROOT / "docs/protocols/natural-shifts.md").read_text(encoding="utf-8")
    assert f"{r2:.2f}" in page


@needs_published
def test_openclip_retrieval_equals_the_published_file() -> None:
    population = load_population("openclip")
    sets = {("Flickr", "flickr30k"): (5_000, 1_000), ("MSCOCO", "mscoco"): (25_000, 5_000)}
    for row in published("openclip_retrieval_results.csv"):
        for (title, dataset), counts in sets.items():
            for direction, n in zip(("image", "text"), counts, strict=True):
                for k in (1, 5, 10):
                    quantity = Quantity(f"{direction}_retrieval_recall@{k}", dataset)
                    figure = population.figure(f"{row['name']}/{row['pretrained']}", quantity)
                    assert figure is not None
                    assert (figure.value, figure.n) == (float(row[f"{title} {direction} retr. R@{k}"]), n)


@needs_published
@pytest.mark.parametrize(
    ("name", "dataset", "classes"),
    [
        ("timm_results-imagenet.csv", "imagenet-val", None),
        ("timm_results-imagenet-a-clean.csv", "imagenet-val", "imagenet-a"),
        ("timm_results-imagenet-r-clean.csv", "imagenet-val", "imagenet-r"),
        ("timm_results-imagenetv2-matched-frequency.csv", "imagenet-v2", None),
        ("timm_results-imagenet-a.csv", "imagenet-a", None),
        ("timm_results-imagenet-r.csv", "imagenet-r", None),
        ("timm_results-sketch.csv", "imagenet-sketch", None),
    ],
)
def test_timm_accuracies_equal_the_published_file(name: str, dataset: str, classes: str | None) -> None:
    population = load_population("timm")
    quantity = Quantity("top1", dataset, (("classes", classes),) if classes else ())
    rows = [row for row in published(name) if row["model"] != "resmlp_24_224.fb_dino"]
    assert len(rows) in (1555, 1556)
    for row in rows:
        sized = population.figure(f"{row['model']}/{row['img_size']}", quantity)
        figure = sized or population.figure(row["model"], quantity)
        assert figure is not None
        assert figure.value == pytest.approx(float(row["top1"]) / 100, abs=1e-12)
        assert classes is None or figure.n == 10_000


def test_the_figures_on_imagenet_real_follow_those_on_imagenet() -> None:
    """Reassessed labels are kinder, and three decimals of a percentage give the count of images: a typo shows."""
    population = load_population("timm")
    points = population.points(Quantity("top1", "imagenet-val"), Quantity("top1", "imagenet-real"))
    assert len(points) == 1002
    assert all(0.0 < y - x < 0.09 for _, x, y, _ in points)
    assert fit_trend([TrendPoint(*point) for point in points]).r2 > 0.97
    for figure in (figure for figure in population.figures if figure.dataset == "imagenet-real"):
        assert figure.n == 46_837
        assert round(figure.value * figure.n) / figure.n == pytest.approx(figure.value, abs=1.1e-5), figure.model
    # DeiT's paper gives 86.7 (Touvron et al. 2021, Table 5).
    assert value_of(population, "deit_base_patch16_224.fb_in1k", "top1", "imagenet-real") == pytest.approx(
        0.867, abs=2e-3
    )


@needs_published
def test_two_sizes_of_one_classifier_are_two_members() -> None:
    sizes = {
        int(row["img_size"]) for row in published("timm_results-imagenet.csv") if row["model"] == "resnet50.a1_in1k"
    }
    assert sizes == {224, 288}
    facets = load_population("timm").facets
    assert facets["resnet50.a1_in1k"]["resolution"] == "224"
    assert facets["resnet50.a1_in1k/288"]["resolution"] == "288"
    assert facets["resnet50.a1_in1k/288"]["size"] == "test"
    assert sum("/" in model for model in facets) == 290


@needs_published
def test_the_script_makes_the_shipped_tables_again(
    build_tables: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "populations").mkdir()
    monkeypatch.setattr(build_tables, "PACKAGE", tmp_path)
    assert build_tables.main([str(PUBLISHED)]) == 0
    for name in TABLES:
        assert (tmp_path / name).read_bytes() == (ROOT / "robustcheck" / name).read_bytes(), name


@needs_published
def test_the_papers_tables_alone_need_no_other_file(
    build_tables: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "populations").mkdir()
    monkeypatch.setattr(build_tables, "PACKAGE", tmp_path)
    assert build_tables.main([str(PUBLISHED), "--holistic"]) == 0
    written = {f"populations/{path.name}" for path in (tmp_path / "populations").iterdir()}
    assert written == set(HOLISTIC.values())


def test_the_papers_tables_hold_what_they_say() -> None:
    sizes = {name: (len(load_population(name).figures), len(load_population(name).facets)) for name in HOLISTIC}
    assert sizes == {
        "holistic-tuning": (10, 10),
        "holistic-resolution": (7 * 2 * 3, 7 * 2),
        "holistic-llava": (24 * 3, 24 * 3),
        "holistic-curation": (12 * 10, 12 * 2),
    }


def test_no_figure_of_the_paper_stands_in_for_a_measurement() -> None:
    for name in HOLISTIC:
        population = load_population(name)
        assert not population.stands_in
        assert population.licence == "figures from Tu et al., arXiv 2410.01534"
        # Where the number of samples is not known, one makes nothing certain.
        assert {figure.n for figure in population.figures} <= {1, 50_000}


@needs_published
def test_each_figure_of_the_paper_is_that_of_its_table() -> None:
    def value(name: str, model: str, metric: str, dataset: str, **where: str) -> float:
        figure = load_population(name).figure(model, Quantity(metric, dataset, tuple(where.items())))
        assert figure is not None, (name, model)
        return figure.value

    tunings = {"cross-entropy ImageNet-1K": "cross-entropy", "contrastive (FLYP)": "flyp"}
    for row in published("paper_table1_shape_bias_finetuning.csv"):
        tuning = tunings.get(row["fine_tuning"], row["fine_tuning"].lower())
        model = f"{tuning}/{row['backbone'].replace('/', '-')}"
        assert value("holistic-tuning", model, "shape_bias", "cue-conflict") == float(row["shape_bias"])
    for row in published("paper_table2_resolution_shape_bias.csv"):
        model = f"{row['source'].lower()}/{row['backbone'].replace('/', '-')}/{row['resolution']}"
        assert value("holistic-resolution", model, "shape_bias", "cue-conflict") == float(row["shape_bias"])
        assert value("holistic-resolution", model, "top1", "imagenet-val") == float(row["imagenet_val"])
        assert value("holistic-resolution", model, "top1", "stylized-imagenet") == float(row["stylized_imagenet"])
    for row in published("paper_table4_data_curation.csv"):
        model = f"{row['pretraining'].lower()}/{row['backbone'].replace('/', '-')}"
        shifts, ood = "holistic-shifts-average", "holistic-ood-average"
        assert value("holistic-curation", model, "ece", shifts) == float(row["ece_before"])
        assert value("holistic-curation", f"{model}/scaled", "ece", shifts) == float(row["ece_after"])
        assert value("holistic-curation", model, "fpr95", ood) == float(row["ood_fpr95"])
        assert value("holistic-curation", model, "top1", "imagenet-x", factor="shape") == float(row["shape"])
        assert value("holistic-curation", model, "top1", "imagenet-3dcc", severity="5") == float(row["robustness_3d"])


def test_the_rows_of_llava_are_those_of_the_paper() -> None:
    population = load_population("holistic-llava")
    quantity = Quantity("multiple_choice_accuracy", "imagenet-d")
    clip = {model: facets for model, facets in population.facets.items() if facets["kind"] == "clip"}
    hard = {model for model, facets in clip.items() if facets["list"] == "hard"}
    found = {model: population.figure(model, quantity) for model in clip}
    assert {model for model, figure in found.items() if figure and figure.value < 0.5} == hard
    assert len(hard) == 6
    vicuna = population.figure("siglip-so-14/vicuna-v2-7b/on-clip-vit-l-14-336/material", quantity)
    assert vicuna is not None
    assert vicuna.value == 0.52


def test_the_script_without_a_directory_says_how_to_call_it(
    build_tables: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build_tables.main([]) == 2
    assert "DIRECTORY_OF_PUBLISHED_FILES" in capsys.readouterr().err


@needs_published
def test_nothing_is_supervised_whose_metadata_says_more_data() -> None:
    by_stem: dict[str, list[str]] = {}
    for model in timm_entries():
        by_stem.setdefault(model.id.partition(".")[0], []).append(model.facets["family"])
    metadata = {row["model"]: row["pretrain"] for row in published("timm_model_metadata-in1k.csv")}
    # The metadata's names have no tag, so only a name with a single tag can be compared.
    single = {name: by_stem[name][0] for name in metadata if len(by_stem.get(name, [])) == 1}
    wrong = {name for name, family in single.items() if (family == "supervised") != metadata[name].startswith("in1k")}
    assert len(single) > 200
    # The metadata calls it in1k; its tag, goog_in21k_ft_in1k, is what the weights are.
    assert wrong == {"mixer_l16_224"}


def test_the_catalogue_is_read_without_torch() -> None:
    code = (
        "import sys; from robustcheck.models.model_sets import resolve_models;"
        "from robustcheck.populations import Population, load_population;"
        "resolve_models(['laion']); load_population('timm');"
        "sys.exit(any(name in sys.modules for name in ('torch', 'open_clip', 'timm', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

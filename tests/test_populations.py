"""Populations: finding figures, drawing points, and a user's own table."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.errors import RecordError
from robustcheck.populations import known_populations, load_population, published_figure
from robustcheck.records import Quantity

VAL = Quantity("top1", "imagenet-val")
OWN = "model,dataset,metric,value,n,class_set,transform,lab\n"


def own(path: Path, *rows: str, header: str = OWN) -> str:
    table = path / "mine.csv"
    table.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return str(table)


def restricted(classes: str) -> Quantity:
    return Quantity("top1", "imagenet-val", (("classes", classes),))


# --- figures -------------------------------------------------------------------------------------


def test_a_figure_has_its_source() -> None:
    figure = published_figure("ViT-B-32/openai", Quantity("top1", "imagenet-v2"))
    assert figure is not None
    assert (figure.value, figure.n, figure.class_set) == (0.5592, 10_000, "imagenet")
    assert "OpenCLIP" in figure.source
    assert figure.licence == "MIT"


def test_figures_of_every_shipped_population_are_found() -> None:
    assert {"openclip", "timm"} <= known_populations()
    figure = published_figure("resnet50.tv_in1k", VAL)
    assert figure is not None
    assert figure.value == pytest.approx(0.7613, abs=2e-3)
    assert published_figure("resnet50.tv_in1k", Quantity("top1", "imagenet-a")) is None
    assert published_figure("nobody/nothing", VAL) is None


def test_the_class_set_is_the_data_sets_own_unless_asked() -> None:
    timm = load_population("timm")
    whole = timm.figure("resnet50.a1_in1k", VAL)
    on_a = timm.figure("resnet50.a1_in1k", restricted("imagenet-a"))
    assert whole is not None
    assert on_a is not None
    assert (whole.class_set, whole.n) == ("imagenet", 50_000)
    assert (on_a.class_set, on_a.n) == ("imagenet-a", 10_000)
    assert timm.figure("resnet50.a1_in1k", restricted("imagenet")) == whole
    own_set = Quantity("top1", "imagenet-a", (("classes", "imagenet-a"),))
    assert timm.figure("resnet50.a1_in1k", own_set) == timm.figure("resnet50.a1_in1k", Quantity("top1", "imagenet-a"))


@pytest.mark.parametrize(
    "quantity",
    [
        Quantity("top1", "imagenet-val", (("factor", "pose"),)),
        Quantity("top1", "imagenet-val", (("classes", "imagenet-a"), ("factor", "pose"))),
        Quantity("top1", "imagenet-val", (("classes", "imagenet-o"),)),
        Quantity("top1", "imagenet-val", prompts="one"),
        Quantity("top1", "imagenet-val", transform="gaussian_noise:3"),
        Quantity("top5", "imagenet-val"),
        Quantity("top1", "imagenet-o"),
    ],
)
def test_what_was_not_published_has_no_figure(quantity: Quantity) -> None:
    assert load_population("openclip").figure("ViT-B-32/openai", quantity) is None


# --- points --------------------------------------------------------------------------------------


def test_points_are_grouped_by_source() -> None:
    points = load_population("openclip").points(VAL, Quantity("top1", "imagenet-r"))
    assert len(points) == 121
    assert ("ViT-B-32/openai", 0.6332, 0.6933, "wit") in points
    assert {group for *_, group in points} >= {"laion", "wit", "datacomp", "commonpool", "webli", "mixed"}


def test_timm_points_are_grouped_by_family_or_clip_source() -> None:
    points = load_population("timm").points(restricted("imagenet-a"), Quantity("top1", "imagenet-a"))
    assert len(points) == 1555
    assert {group for *_, group in points} == {"supervised", "more-data", "laion", "wit", "webli"}


def test_points_are_narrowed_by_facets() -> None:
    openclip, y = load_population("openclip"), Quantity("top1", "objectnet")
    laion = openclip.points(VAL, y, {"source": ["laion", "datacomp"], "task": "zero-shot"})
    assert len(laion) == 39 + 13
    assert {group for *_, group in openclip.points(VAL, y, {"samples": ">=1e9", "architecture": "cnn"})} == {"laion"}
    timm = load_population("timm").points(VAL, Quantity("top1", "imagenet-v2"), {"size": "!=test"})
    assert len(timm) == 1266


@pytest.mark.parametrize(
    ("y", "among", "found", "hint"),
    [
        (
            Quantity("top1", "imagenet-v3"),
            {},
            "no figure for top1 on imagenet-v3",
            "did you mean 'top1 on imagenet-v2'",
        ),
        (Quantity("top1", "imagenet-v2"), {"sorce": "wit"}, "unknown facet 'sorce'", "did you mean 'source'?"),
        (Quantity("top1", "imagenet-v2"), {"source": "lion"}, "no model has source 'lion'", "did you mean 'laion'?"),
        (Quantity("top1", "imagenet-v2"), {"source": "wit", "architecture": "eva"}, "no member with both", "facets"),
    ],
)
def test_no_points_is_an_error(y: Quantity, among: dict[str, str | list[str]], found: str, hint: str) -> None:
    with pytest.raises(RecordError) as caught:
        load_population("openclip").points(VAL, y, among)
    assert found in str(caught.value)
    assert hint in str(caught.value)


# --- a user's own table ----------------------------------------------------------------------------


def test_an_own_table_with_facets_and_transforms(tmp_path: Path) -> None:
    name = own(
        tmp_path,
        "run-1,digits,top1,0.9,500,,,a",
        "run-1,digits,top1,0.5,500,,gaussian_noise:3,a",
        "run-2,digits,top1,0.8,500,,,b",
        "run-2,digits,top1,0.4,500,,gaussian_noise:3,b",
    )
    population = load_population(name)
    clean, noisy = Quantity("top1", "digits"), Quantity("top1", "digits", transform="gaussian_noise:3")
    assert population.name == "mine"
    assert population.points(clean, noisy) == (("run-1", 0.9, 0.5, "other"), ("run-2", 0.8, 0.4, "other"))
    assert population.points(clean, noisy, {"lab": "b"}) == (("run-2", 0.8, 0.4, "other"),)
    assert population.figure("run-1", Quantity("top1", "digits", transform="gaussian_noise:4")) is None


def test_an_own_table_gets_the_facets_of_known_models(tmp_path: Path) -> None:
    name = own(tmp_path, "ViT-B-32/openai,x,top1,0.5,10,,,a", "ViT-B-16/openai,x,top1,0.6,10,,,a")
    assert [group for *_, group in load_population(name).points(Quantity("top1", "x"), Quantity("top1", "x"))] == [
        "wit"
    ] * 2


def test_an_own_table_may_use_one_class_set_of_its_own(tmp_path: Path) -> None:
    name = own(tmp_path, "a,mine,top1,0.5,10,birds,,x", "b,mine,top1,0.5,10,birds,,x")
    assert load_population(name).figure("a", Quantity("top1", "mine")) is not None


def test_two_class_sets_are_not_guessed_between(tmp_path: Path) -> None:
    name = own(tmp_path, "a,mine,top1,0.5,10,birds,,x", "a,mine,top1,0.6,10,fish,,x")
    population = load_population(name)
    assert population.figure("a", Quantity("top1", "mine")) is None
    fish = population.figure("a", Quantity("top1", "mine", (("classes", "fish"),)))
    assert fish is not None
    assert fish.value == 0.6


def test_a_table_that_changed_is_read_again(tmp_path: Path) -> None:
    import os

    first = load_population(own(tmp_path, "a,x,top1,0.5,10,,,k"))
    path = Path(own(tmp_path, "a,x,top1,0.75,10,,,k"))
    os.utime(path, ns=(1, 1))
    second = load_population(str(path))
    assert [population.figures[0].value for population in (first, second)] == [0.5, 0.75]


@pytest.mark.parametrize(
    ("row", "found", "expected"),
    [
        ("a,x,top1,63.4,10,,,k", "top1 63.4", "a fraction from 0 to 1, such as 0.634 for 63.4%"),
        ("a,x,top1,high,10,,,k", "value 'high'", "a number"),
        ("a,x,top1,nan,10,,,k", "value 'nan'", "a number"),
        ("a,x,top1,,10,,,k", "no value", "a value in every row"),
        (",x,top1,0.5,10,,,k", "no model", "a model in every row"),
        ("a,x,top1,0.5,0,,,k", "n '0'", "a whole number above 0"),
        ("a,x,top1,0.5,1e3,,,k", "n '1e3'", "a whole number above 0"),
        ("a,x,top1,0.5,10", "5 cells", "8 cells, as in the header"),
        ("z,x,top1,0.5,10,,,k", "a second figure for top1 on x of z; the first is in line 2", "one figure"),
        ("z,y,top1,0.5,10,,,other", "lab 'other'", "lab 'k', as in an earlier row of z"),
        ('a,x,top1,0.5,10,,,"k', "not CSV", "comma-separated"),
    ],
)
def test_a_wrong_row_says_file_and_line(tmp_path: Path, row: str, found: str, expected: str) -> None:
    name = own(tmp_path, "z,x,top1,0.5,10,,,k", row)
    with pytest.raises(RecordError) as caught:
        load_population(name)
    assert f"{name}:3: {found}" in str(caught.value)
    assert expected in str(caught.value)


def test_every_wrong_row_is_reported_at_once(tmp_path: Path) -> None:
    name = own(tmp_path, *(f"m{number},x,top1,7,10,,,k" for number in range(14)))
    with pytest.raises(RecordError) as caught:
        load_population(name)
    assert f"{name}:2:" in str(caught.value)
    assert f"{name}:11:" in str(caught.value)
    assert "and 4 more" in str(caught.value)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("model,dataset,metric,valu,n\n", "no column 'value' among model, dataset, metric, valu, n"),
        ("model,dataset,metric,value,n,n\n", "the column 'n' twice"),
        ("", "no column 'model' among none"),
        (OWN, "a header and no figures"),
    ],
)
def test_a_wrong_header_is_an_error(tmp_path: Path, header: str, found: str) -> None:
    name = own(tmp_path, header=header)
    with pytest.raises(RecordError) as caught:
        load_population(name)
    assert f"{name}:1: {found}" in str(caught.value)


def test_unknown_populations_and_files(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="did you mean 'openclip'"):
        load_population("opencip")
    with pytest.raises(RecordError, match="there is no file"):
        load_population(str(tmp_path / "none.csv"))
    (tmp_path / "latin.csv").write_bytes(b"model\xff")
    with pytest.raises(RecordError, match="cannot be read"):
        load_population(str(tmp_path / "latin.csv"))


def test_a_sidecar_describes_an_own_table(tmp_path: Path) -> None:
    name = own(tmp_path, "a,x,top1,0.5,10,,,k")
    Path(name).with_suffix(".yaml").write_text("{source: our lab, licence: CC0, date: '2025-01-01'}", encoding="utf-8")
    population = load_population(name)
    assert (population.source, population.licence, population.date) == ("our lab", "CC0", "2025-01-01")
    assert population.figures[0].source == "our lab"

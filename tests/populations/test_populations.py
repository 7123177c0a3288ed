"""Populations: finding figures, drawing points, and a user's own table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from population_makers import POSE, runs_of, score
from run_makers import make_result, make_run

from robustcheck.errors import RecordError
from robustcheck.measure import known_metrics
from robustcheck.populations import (
    OwnFigures,
    Population,
    from_run,
    from_scores,
    joined,
    known_populations,
    load_population,
    published_figure,
    write_csv,
)
from robustcheck.run.known_names import known_names
from robustcheck.stats.trend import fit_trend
from robustcheck.values import ModelRef, Quantity, TrendPoint

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


def test_the_figures_of_a_quantity_are_those_that_its_own_class_set_names_before_those_without(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    rows = ["a,imagenet-val,top1,0.5,100,", "a,imagenet-val,top1,0.6,100,imagenet", "b,imagenet-val,top1,0.7,100,"]
    table.write_text("\n".join(["model,dataset,metric,value,n,class_set", *rows]), encoding="utf-8")
    population, quantity = load_population(str(table)), Quantity("top1", "imagenet-val")
    assert {model: figure.value for model, figure in population.figures_of(quantity).items()} == {"a": 0.6, "b": 0.7}
    assert not population.figures_of(replace(quantity, prompts="a photo of a {c}"))
    assert population.figure("c", quantity) is None


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
        (
            Quantity("top1", "geode"),
            {},
            "no figure for top1 on geode",
            "of geode there is worst_group_accuracy (group region)",
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
    with pytest.raises(RecordError, match=r"latin\.csv:1:\d+: the file is not UTF-8 text"):
        load_population(str(tmp_path / "latin.csv"))


def test_a_sidecar_describes_an_own_table(tmp_path: Path) -> None:
    name = own(tmp_path, "a,x,top1,0.5,10,,,k")
    Path(name).with_suffix(".yaml").write_text("{source: our lab, licence: CC0, date: '2025-01-01'}", encoding="utf-8")
    population = load_population(name)
    assert (population.source, population.licence, population.date) == ("our lab", "CC0", "2025-01-01")
    assert population.figures[0].source == "our lab"


# --- slices, and what a table cannot say ------------------------------------------------------------

SLICES = "model,dataset,metric,value,n,class_set,transform,where\n"
FOG = Quantity("top1", "x", (("corruption", "fog"), ("severity", "3")))


def test_a_slice_has_a_figure_of_its_own(tmp_path: Path) -> None:
    name = own(
        tmp_path,
        "a,x,top1,0.9,500,,,",
        "a,x,top1,0.7,50,,,factor=pose",
        "a,x,top1,0.5,50,,,severity=3; corruption=fog",
        "a,x,top1,0.6,50,birds,,factor=pose",
        header=SLICES,
    )
    population = load_population(name)

    def value(quantity: Quantity) -> float | None:
        figure = population.figure("a", quantity)
        return figure.value if figure else None

    assert value(Quantity("top1", "x")) == 0.9
    assert (value(POSE), value(FOG)) == (0.7, 0.5)
    assert value(Quantity("top1", "x", (("classes", "birds"), ("factor", "pose")))) == 0.6
    assert value(Quantity("top1", "x", (("factor", "style"),))) is None
    assert value(Quantity("top1", "x", (("corruption", "fog"),))) is None
    assert population.has(FOG)


@pytest.mark.parametrize("cell", ["factor", "factor=", "=pose", "factor=a;factor=b", "factor=a;", "classes=birds"])
def test_a_wrong_slice_says_file_and_line(tmp_path: Path, cell: str) -> None:
    name = own(tmp_path, f"a,x,top1,0.5,10,,,{cell}", header=SLICES)
    with pytest.raises(RecordError) as caught:
        load_population(name)
    assert f"{name}:2: where {cell!r}" in str(caught.value)


def test_other_options_and_prompts_have_no_figures_and_the_error_says_so(tmp_path: Path) -> None:
    rows = [f"m{number},x,auroc,0.{number},10,,," for number in range(1, 7)]
    population = load_population(own(tmp_path, *rows, header=SLICES))
    plain = Quantity("auroc", "x")
    assert population.has(plain)
    assert population.has(replace(plain, options=(("score", "auto"),)))
    for quantity, said in (
        (Quantity("auroc", "x", options=(("score", "msp"),)), r"no figure for auroc \(score msp\) on x"),
        (Quantity("auroc", "x", prompts="1"), "leave out prompts"),
    ):
        assert not population.has(quantity)
        with pytest.raises(RecordError, match=said):
            population.points(plain, quantity)


def test_a_column_of_options_tells_figures_apart(tmp_path: Path) -> None:
    header = "model,dataset,metric,value,n,options\n"
    rows = ["m,fmow,worst_group_accuracy,0.2,4,", "m,fmow,worst_group_accuracy,0.3,666,group=region"]
    population = load_population(own(tmp_path, *rows, header=header))
    values = {group: population.figure("m", of_group(group)) for group in ("class", "region", "year")}
    assert {group: figure and figure.value for group, figure in values.items()} == {
        "class": 0.2, "region": 0.3, "year": None,
    }  # fmt: skip
    # The key of a figure without options is the one that earlier versions wrote.
    assert [len(figure.key) for figure in population.figures] == [6, 7]


def of_group(group: str) -> Quantity:
    return Quantity("worst_group_accuracy", "fmow", options=(("group", group),))


@pytest.mark.parametrize(
    ("cell", "said"),
    [("group", "options 'group'"), ("groop=region", "has no option 'groop'"), ("k=0", "cannot be '0'")],
)
def test_wrong_options_are_said_with_their_line(tmp_path: Path, cell: str, said: str) -> None:
    name = own(tmp_path, f"m,x,worst_group_accuracy,0.2,4,{cell}", header="model,dataset,metric,value,n,options\n")
    with pytest.raises(RecordError) as caught:
        load_population(name)
    assert said in str(caught.value)
    assert f"{name}:2" in str(caught.value)


@pytest.mark.parametrize("dataset", ["flickr30k", "mscoco"])
@pytest.mark.parametrize("side", ["image", "text"])
@pytest.mark.parametrize("k", [1, 5, 10])
def test_retrieval_figures_are_found_by_the_names_of_the_metrics(dataset: str, side: str, k: int) -> None:
    quantity = Quantity(f"{side}_retrieval_recall@{k}", dataset)
    assert quantity.metric in known_metrics()
    assert len(load_population("openclip").points(VAL, quantity)) == 121


@pytest.mark.parametrize("metric", known_metrics())
def test_a_percentage_is_refused_where_a_metric_is_a_fraction(metric: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(f"model,dataset,metric,value,n\nm,d,{metric},63.4,100\n", encoding="utf-8")
    if metric in known_names(Path()).value_ranges:
        assert load_population(str(tmp_path / "own.csv")).figures
        return
    with pytest.raises(RecordError, match=r"a fraction from 0 to 1, such as 0\.634"):
        load_population(str(tmp_path / "own.csv"))


# --- one's own runs ---------------------------------------------------------------------------------


def read_back(path: Path, figures: OwnFigures) -> Population:
    (path / "runs.csv").write_text(write_csv(figures.table), encoding="utf-8")
    return load_population(str(path / "runs.csv"))


def test_ones_own_runs_draw_a_trend(tmp_path: Path) -> None:
    population = read_back(tmp_path, from_run(runs_of(8)))
    x = Quantity("top1", "val", (("classes", "birds"),))
    points = [TrendPoint(*point) for point in population.points(x, POSE, {"lab": "us"})]
    assert [(point.model, point.x, point.y) for point in points[:2]] == [
        ("run-0", 0.5, 0.4),
        ("run-1", 0.55, pytest.approx(0.45)),
    ]
    fit = fit_trend(points, "linear")
    assert (fit.n, fit.slope, fit.intercept) == (8, pytest.approx(1), pytest.approx(-0.1))
    figure = population.figure("run-3", Quantity("top1", "x", transform="contrast:3"))
    assert figure is not None
    assert (figure.source, figure.date, figure.n) == ("run 20261122-100000", "2026-11-22", 1_000)


def test_values_survive_the_table_to_the_last_bit(tmp_path: Path) -> None:
    model = ModelRef("a, b", "x", "openclip", "RN50")
    quantity = Quantity("nll", "/data/my, set", (("factor", "pose"),))
    population = read_back(tmp_path, from_scores([score(model, quantity, 1 / 3 + 1)]))
    figure = population.figure("a, b", quantity)
    assert figure is not None
    assert figure.value == 1 / 3 + 1


def test_options_survive_the_table_and_defaults_are_not_written(tmp_path: Path) -> None:
    model = ModelRef("a", "x", "openclip", "RN50")
    asked = [Quantity("auroc", "x", options=(("score", kind),)) for kind in ("msp", "auto")]
    population = read_back(tmp_path, from_scores([score(model, quantity, 0.5) for quantity in asked]))
    assert [figure.options for figure in population.figures] == [(), (("score", "msp"),)]
    assert all(population.figure("a", quantity) for quantity in asked)


def test_what_a_table_cannot_say_is_left_out_and_named() -> None:
    model = ModelRef("a", "a", "openclip", "RN50")
    figures = from_scores(
        [
            score(model, Quantity("top1", "x", prompts="1"), 0.9),
            score(model, Quantity("top1", "x", (("factor", "a;b"),)), 0.9),
            score(model, Quantity("top1", "x"), float("nan")),
        ]
    )
    assert figures.table.figures == ()
    assert [text.partition(": ")[2] for text in figures.left_out] == [
        "a table has no column for prompts",
        "a ';' in the slice or an option, which separates them in a table",
        "value nan, n 1000",
    ]


def test_a_baselines_score_is_not_the_models_own_and_measured_beats_published() -> None:
    model = ModelRef("a", "a", "openclip", "RN50")
    then, now, figure = (score(model, POSE, value) for value in (0.1, 0.5, 0.9))
    published = score(model, POSE, 0.9, "published")
    run = make_run(make_result(score=now, x=then), make_result(score=published), make_result(score=now, x=figure))
    assert [found.value for found in from_run(run).table.figures] == [0.5]


def test_two_seeds_are_not_guessed_between() -> None:
    model = ModelRef("a", "a", "openclip", "RN50")
    seeds = [score(model, Quantity("top1", "x", transform="fog:3", seed=seed), 0.5 + seed / 10) for seed in (1, 2)]
    with pytest.raises(RecordError, match=r"two values for top1 on x under fog:3 of a: 0.6 and 0.7 \(seeds 1 and 2\)"):
        from_scores(seeds)


def test_a_later_run_replaces_an_earlier_one() -> None:
    model = ModelRef("a", "a", "openclip", "RN50")
    early, late = (from_scores([score(model, POSE, value)], source=str(value)) for value in (0.1, 0.2))
    assert [(found.value, found.source) for found in joined([early, late]).table.figures] == [(0.2, "0.2")]


def test_facets_of_the_catalogue_and_columns_of_the_table_are_not_written_again() -> None:
    facets = (("architecture", "vit"), ("lab", "us"), ("source", "wit"))
    model = ModelRef("ViT-B-32/openai", "openclip:ViT-B-32/openai", "openclip", "ViT-B-32", facets=facets)
    table = from_scores([score(model, POSE, 0.5)]).table
    assert table.facets == {"ViT-B-32/openai": {"lab": "us"}}

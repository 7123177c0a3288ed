"""A package of its own adds one of everything without touching robustcheck; this proves docs/extending.md."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from example_package import EXAMPLE, install_example, run_python, write_shop_digits

from robustcheck.report import load_run
from robustcheck.values import Result, RunRecord


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_example(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def record(target: Path, tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    """The record of the package's suite, on data in the package's layout."""
    directory = tmp_path_factory.mktemp("project")
    write_shop_digits(directory / "data")
    (directory / "pytest.ini").write_text("[pytest]\nrobust_data = data\nrobust_evidence = live\n")
    shutil.copytree(EXAMPLE / "suites", directory / "suites")
    ended = run_python(target, directory, "pytest", "-p", "no:cacheprovider")
    return load_run(next(directory.glob("reports/*/run.json"), Path(ended.stdout)))


@pytest.fixture(scope="module")
def results(record: RunRecord) -> dict[str, Result]:
    return {result.check_key.partition("/")[0]: result for result in record.results}


def test_every_check_of_the_suites_passes(results: dict[str, Result]) -> None:
    texts = [path.read_text() for path in (EXAMPLE / "suites").glob("*.robust.yaml")]
    assert set(results) == {key for text in texts for key in re.findall(r"- id: (\S+)", text)}
    assert not [each.verdict.reason for each in results.values() if each.verdict.status != "pass"]


def test_the_package_reads_the_images_that_were_written(results: dict[str, Result]) -> None:
    score = results["a-data-set-in-a-layout"].score
    assert score is not None
    assert (score.n, score.evidence) == (797, "live")


def test_the_record_names_the_package(record: RunRecord) -> None:
    assert ("robustcheck-extra", "0.1.0") in record.environment


def test_a_transform_of_the_package_changes_the_images(results: dict[str, Result]) -> None:
    plain, mirrored = (results[key].score for key in ("a-data-set-in-a-layout", "a-transform"))
    assert plain is not None
    assert mirrored is not None
    assert mirrored.value < plain.value - 0.3
    assert ("transform", "mirror:upside-down, in memory, seed 0") in mirrored.provenance


def test_a_metric_of_the_package_reads_its_option(results: dict[str, Result]) -> None:
    score = results["a-metric"].score
    assert score is not None
    assert dict(score.cell.quantity.options) == {"confidence": "0.8"}
    assert results["a-metric"].sentence.startswith("confident error rate (confidence 0.8) on shop-digits")


def test_a_reading_of_the_package_takes_other_rows_off_the_model(results: dict[str, Result]) -> None:
    plain, both = (results[key].score for key in ("a-data-set-in-a-layout", "a-metric-with-a-reading"))
    assert plain is not None
    assert both is not None
    # A mirrored digit is often another digit, or none.
    assert both.value < plain.value
    assert both.key != plain.key


def test_a_kind_of_model_of_the_package_is_keyed_by_its_version(results: dict[str, Result]) -> None:
    result = results["a-kind-of-model"]
    assert (result.model.id, result.model.kind) == ("centroid-digits", "centroid")
    assert result.score is not None
    assert ("robustcheck-extra", "0.1.0") in result.score.provenance


def test_an_adapter_of_the_package_makes_another_model(results: dict[str, Result]) -> None:
    result = results["an-adapter"]
    assert result.model.id == "vit-plain-1000+mirror-mix_share=0.1"
    assert result.model.facet("adapter") == "mirror-mix"
    plain = results["a-data-set-in-a-layout"].score
    assert plain is not None
    assert result.score is not None
    assert result.score.key != plain.key


def test_a_population_of_the_package_draws_a_trend(results: dict[str, Result]) -> None:
    facts = dict(results["a-population"].verdict.facts)
    assert any("shop-models" in text for text in facts.values())


def test_the_commands_know_the_package(target: Path, tmp_path: Path) -> None:
    listed = json.loads(run_python(target, tmp_path, "robustcheck", "datasets", "--json").stdout)
    assert "shop-digits" in {entry["name"] for entry in listed}
    said = run_python(target, tmp_path, "robustcheck", "doctor", "shop-digits")
    assert "shop-digits" in said.stdout + said.stderr


def test_the_suite_is_unknown_without_the_package(tmp_path: Path) -> None:
    ended = run_python(tmp_path, tmp_path, "robustcheck", "validate", str(EXAMPLE / "suites"))
    assert ended.returncode == 1
    for name in ("shop-digits", "handwriting", "mirror", "shop-models"):
        assert name in ended.stdout + ended.stderr

"""robustcheck in other people's pytest: their filters, fixtures, options, rootdir and dry runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_makers import GREEN, run, write

from robustcheck.report import load_run

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestExperimentalApiWarning")

NOISY = """\
import warnings
import pytest
from robustcheck.run.session import RobustSession

gather = RobustSession.gather

def noisy(self, item):
    warnings.warn("a library beneath is deprecated", DeprecationWarning)
    return gather(self, item)

RobustSession.gather = noisy
"""


def test_warnings_of_libraries_are_shown_and_not_raised(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN)
    suite.makeconftest(NOISY)
    suite.makeini("[pytest]\nfilterwarnings = error")
    result = run(suite)
    result.assert_outcomes(passed=2, warnings=2)
    result.stdout.fnmatch_lines(["*a library beneath is deprecated*"])


def test_a_fixture_that_reads_the_module_finds_one(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN)
    suite.makeconftest(
        """
        import pytest

        @pytest.fixture(autouse=True, scope="module")
        def named(request):
            assert request.module.__name__ == "a"
            assert request.module.__file__.endswith("a.robust.yaml")
            assert request.module.__doc__
            assert not hasattr(request.module, "anything")
        """
    )
    run(suite).assert_outcomes(passed=2)


OWN_OPTIONS = """
def pytest_addoption(parser):
    parser.addoption("--models", action="store_true", help="their own")
    parser.addoption("--arch", type=int)

def pytest_configure(config):
    print("THEIRS", config.getoption("--models"), config.getoption("--arch"))
"""


def test_options_of_a_project_keep_their_names(suite: pytest.Pytester) -> None:
    suite.makeconftest(OWN_OPTIONS)
    result = run(suite, "-s", "--models", "--arch", "3", "--robust-models", "RN50/openai", "-k", "good")
    result.stdout.fnmatch_lines(["THEIRS True 3"])
    result.assert_outcomes(passed=1)


def test_options_of_a_plugin_keep_their_names_whichever_comes_first(suite: pytest.Pytester) -> None:
    suite.makepyfile(theirs=OWN_OPTIONS)
    for words in (["-p", "theirs"], []):
        if not words:
            suite.makeconftest("pytest_plugins = ['theirs']")
        result = run(suite, "-s", *words, "--models", "--robust-models=RN50/openai", "-k", "good")
        result.stdout.fnmatch_lines(["THEIRS True None"])
        result.assert_outcomes(passed=1)


def test_a_model_file_in_two_words_is_no_place_of_tests(suite: pytest.Pytester) -> None:
    (suite.path / "runs").mkdir()
    (suite.path / "runs" / "conftest.py").write_text("raise AssertionError('a conftest beside a checkpoint')")
    write(suite, "runs/models.yaml", "[openclip:RN50/openai]")
    run(suite, "a.robust.yaml", "--models", "runs/models.yaml", "-k", "good").assert_outcomes(passed=1)


@pytest.mark.parametrize("word", ["--setup-plan", "--setup-only", "--fixtures-per-test", "--fixtures"])
def test_a_dry_run_measures_nothing_and_leaves_no_report(suite: pytest.Pytester, word: str) -> None:
    suite.makeconftest(
        """
        from robustcheck.run.session import RobustSession

        def gather(self, item):
            raise AssertionError("measured")

        RobustSession.gather = gather
        """
    )
    result = run(suite, word)
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    assert "measured" not in result.stdout.str()
    assert not (suite.path / "reports").exists()
    assert not (suite.path / ".robustcheck").exists()


# --- everything of ours is relative to where pytest was started -----------------------------------


@pytest.fixture
def elsewhere(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a directory of its own, and data sets beside it: --robust-data DIR moves pytest's rootdir."""
    project = suite.path / "project"
    (project / "suites").mkdir(parents=True)
    (suite.path / "sets").mkdir()
    (suite.path / "a.robust.yaml").rename(project / "suites" / "a.robust.yaml")
    monkeypatch.chdir(project)
    return project


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_a_moved_rootdir_moves_nothing_of_ours(suite: pytest.Pytester, elsewhere: Path, workers: list[str]) -> None:
    result = run(suite, "suites", "--robust-data", "../sets", *workers, "-k", "bad and ViT-B-32")
    result.stdout.fnmatch_lines(
        [
            "suites/a.robust.yaml:13:5",
            'pytest "suites/a.robust.yaml::v2-bad[[]ViT-B-32/openai[]]" --robust-data="../sets"',
            "report: reports/*/index.html",
        ]
    )
    assert not {"reports", ".robustcheck"} & {path.name for path in suite.path.iterdir()}
    [record] = (elsewhere / "reports").glob("*/run.json")
    found = load_run(record)
    assert found.root == str(elsewhere)
    words = found.results[0].rerun.removeprefix("pytest ").replace('"', "").split()
    again = run(suite, *words)
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*0 changed since *(of 1 in both)*"])


def test_a_rerun_has_every_option_that_the_verdict_hangs_on(suite: pytest.Pytester) -> None:
    (suite.path / "my sets").mkdir()
    result = run(
        suite,
        *("--robust-data", "my sets", "--robust-store=kept", "--robust-evidence=published", "--robust-strict"),
        *("--robust-device=cpu", "--robust-precision=bf16", "--robust-report=out"),
        *("--models", "RN50/openai", "-k", "bad"),
    )
    result.stdout.fnmatch_lines(
        [
            'pytest "a.robust.yaml::v2-bad[[]RN50/openai[]]" --models "openclip:RN50/openai" --robust-data="my sets"'
            ' --robust-evidence="published" --robust-device="cpu" --robust-precision="bf16" --robust-store="kept"'
            " --robust-strict"
        ]
    )


# --- models that a suite is not meant for ------------------------------------------------------------


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "xdist"])
def test_a_suite_that_no_model_is_meant_for_is_said_and_counted(suite: pytest.Pytester, workers: list[str]) -> None:
    for_cnns = GREEN.replace("    tags: [easy]\n", "    applies_to: {architecture: cnn}\n")
    write(suite, "b.robust.yaml", for_cnns)
    result = run(suite, *workers, "--models", "ViT-B-32/openai", "-k", "good")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 passed, 1 not meant for these models", "b.robust.yaml is meant for none of these*"])
    record = load_run(next((suite.path / "reports").glob("*/run.json")))
    assert {info.path: info.deselected for info in record.suites} == {"a.robust.yaml": 0, "b.robust.yaml": 1}


def test_a_run_that_is_meant_for_nobody_says_so(suite: pytest.Pytester) -> None:
    write(suite, "a.robust.yaml", GREEN.replace("    tags: [easy]\n", "    applies_to: {architecture: cnn}\n"))
    result = run(suite, "--models", "ViT-B-32/openai")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines(["a.robust.yaml is meant for none of these models"])

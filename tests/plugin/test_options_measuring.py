"""The options of measuring, on the command line and in the configuration file."""

from __future__ import annotations

import pytest
from plugin_makers import resolved, run

from robustcheck.errors import SetupError
from robustcheck.measure import usable_cores


def test_the_defaults(pytester: pytest.Pytester) -> None:
    settings = resolved(pytester)
    assert (settings.evidence, settings.measure.device, settings.measure.precision) == ("auto", "auto", "fp32")


@pytest.mark.parametrize(
    ("name", "value", "other"),
    [
        ("evidence", "live", "published"),
        ("device", "cpu", "cuda:1"),
        ("precision", "bf16", "fp16"),
        ("decode", "draft", "exact"),
    ],
)
def test_each_from_either_and_the_command_line_wins(
    pytester: pytest.Pytester, name: str, value: str, other: str
) -> None:
    def found(*arguments: str, **ini: str) -> str:
        settings = resolved(pytester, *arguments, **ini)
        return str(settings.evidence if name == "evidence" else getattr(settings.measure, name))

    assert found(f"--robust-{name}", value) == value
    assert found(**{f"robust_{name}": other}) == other
    assert found(f"--robust-{name}", value, **{f"robust_{name}": other}) == value


@pytest.mark.parametrize(("key", "value"), [("robust_evidence", "lives"), ("robust_precision", "fp31")])
def test_a_wrong_value_in_the_file_names_its_key(pytester: pytest.Pytester, key: str, value: str) -> None:
    with pytest.raises(SetupError, match=rf"{key} is '{value}'\n(?s:.)*did you mean"):
        resolved(pytester, **{key: value})


def test_a_wrong_value_in_the_file_is_a_collection_error_in_words(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nrobust_evidence = lives")
    result = run(suite)
    result.stdout.fnmatch_lines(["*robust_evidence is 'lives'*", "*did you mean 'live'?*"])
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "Traceback" not in result.stdout.str()


def test_a_wrong_value_on_the_command_line_is_pytests_to_say(suite: pytest.Pytester) -> None:
    result = run(suite, "--robust-evidence", "lives")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--robust-evidence: invalid choice: 'lives'*"])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("batch", "7", 7),
        ("workers", "3", 3),
        ("memory", "12GB", 12_000_000_000),
        ("memory", "1.5GiB", 1_610_612_736),
        ("memory", "900m", 900_000_000),
    ],
)
def test_how_much_is_done_at_once(pytester: pytest.Pytester, name: str, text: str, value: int) -> None:
    def found(*arguments: str, **ini: str) -> int:
        measure = resolved(pytester, *arguments, **ini).measure
        return {"batch": measure.batch_size, "workers": measure.workers, "memory": measure.memory_budget}[name]

    assert found(f"--robust-{name}", text) == value
    assert found(**{f"robust_{name}": text}) == value
    assert found(f"--robust-{name}", "auto", **{f"robust_{name}": text}) == found()


@pytest.mark.parametrize(
    ("text", "workers", "decoding"),
    [
        ("3", 3, "auto"),
        ("threads:3", 3, "threads"),
        ("processes:3", 3, "processes"),
        ("processes", usable_cores(), "processes"),
        ("threads:auto", usable_cores(), "threads"),
    ],
)
def test_who_decodes(pytester: pytest.Pytester, text: str, workers: int, decoding: str) -> None:
    measure = resolved(pytester, "--robust-workers", text).measure
    assert (measure.workers, measure.decoding) == (workers, decoding)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("workers", "threads:0"),
        ("workers", "fibres:2"),
        ("batch", "0"),
        ("batch", "many"),
        ("workers", "-1"),
        ("memory", "12"),
        ("memory", "0GB"),
    ],
)
def test_what_is_no_number_or_size_says_what_is(pytester: pytest.Pytester, name: str, text: str) -> None:
    with pytest.raises(SetupError, match=rf"--robust-{name} is '{text}'\n(?s:.)*or auto"):
        resolved(pytester, f"--robust-{name}={text}")

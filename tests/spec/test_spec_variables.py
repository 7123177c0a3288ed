from __future__ import annotations

from pathlib import Path

import pytest
from spec_suites import HEAD, load, pointed_at, problem, problems

from robustcheck.values import Amount
from robustcheck.values.expectations import AtLeast


def cases(for_each: str, *lines: str, measure: str = '{metric: top1, dataset: "${d}"}') -> str:
    """Return a suite of one check with these cases."""
    body = "".join(f"    {line}\n" for line in (lines or ("expect: {at_least: 4%}",)))
    return f"{HEAD}  - id: a\n    for_each: {for_each}\n    measure: {measure}\n{body}"


def test_several_variables_make_their_product_in_written_order(tmp_path: Path) -> None:
    measure = '{metric: "${m}", dataset: "${d}"}'
    suite = load(tmp_path, cases("{m: [top5, top1], d: [digits, imagenet-r]}", measure=measure))
    assert [check.key for check in suite.checks] == [
        "a[top5,digits]",
        "a[top5,imagenet-r]",
        "a[top1,digits]",
        "a[top1,imagenet-r]",
    ]
    assert [(check.quantity.metric, check.quantity.dataset) for check in suite.checks] == [
        ("top5", "digits"),
        ("top5", "imagenet-r"),
        ("top1", "digits"),
        ("top1", "imagenet-r"),
    ]
    assert suite.checks[0].case == (("m", "top5"), ("d", "digits"))


def test_a_whole_value_keeps_its_type_and_a_part_becomes_text(tmp_path: Path) -> None:
    lines = ('expect: {at_least: "${low}"}', 'seed: "${s}"', 'title: "Severity ${s} above ${low}"')
    measure = '{metric: ece, dataset: digits, transform: "contrast:${s}"}'
    checks = load(tmp_path, cases("{s: [2, 5], low: [1e-3]}", *lines, measure=measure)).checks
    assert [check.seed for check in checks] == [2, 5]
    assert [check.quantity.transform for check in checks] == ["contrast:2", "contrast:5"]
    assert checks[0].expect == AtLeast(limit=Amount(0.001, ""))
    assert checks[1].title == "Severity 5 above 0.001"
    assert checks[1].key == "a[5,0.001]"


def test_a_value_with_a_dollar_or_a_variable_in_it_is_not_resolved_twice(tmp_path: Path) -> None:
    suite = load(tmp_path, cases("{d: [digits]}", "expect: {at_least: 4%}", 'why: "${d} costs $5 {d}"'))
    assert suite.checks[0].why == "digits costs $5 {d}"
    found = problems(tmp_path, cases('{d: ["${e}"], e: [digits]}'))
    assert [each.summary for each in found] == ["'${e}' cannot be a case", "variable 'e' is never used"]


def test_an_unknown_variable_is_reported_once_with_a_suggestion(tmp_path: Path) -> None:
    text = cases("{dataset: [digits, imagenet-r]}", measure='{metric: top1, dataset: "${dataste}"}')
    found = problem(tmp_path, text)
    assert found.summary == "unknown variable 'dataste'"
    assert pointed_at(found) == '"${dataste}"'
    assert found.text.endswith("expected: ${dataset}\n  did you mean 'dataset'?")


@pytest.mark.parametrize("text", ['"${d}"', '"x ${d} y"'])
def test_a_variable_without_for_each_is_a_problem(tmp_path: Path, text: str) -> None:
    suite = f"{HEAD}  - id: a\n    measure: {{metric: top1, dataset: digits}}\n    expect: {{at_least: 4%}}\n"
    found = problem(tmp_path, f"{suite}    why: {text}\n")
    assert "unknown variable 'd'" in found.summary
    assert "a variable of the check's for_each" in found.text
    assert "unknown variable 'd'" in problem(tmp_path, f"title: {text}\n{suite}").summary


@pytest.mark.parametrize("line", ['warn: "${limit}"', 'wyh: "${limit}"'])
def test_an_unknown_variable_is_one_problem_whatever_it_stands_for(tmp_path: Path, line: str) -> None:
    found = problem(tmp_path, cases("{d: [digits]}", "expect: {at_least: 4%}", line))
    assert (found.summary, pointed_at(found)) == ("unknown variable 'limit'", '"${limit}"')


def test_an_unclosed_variable_is_a_problem(tmp_path: Path) -> None:
    found = problem(tmp_path, cases("{d: [digits]}", "expect: {at_least: 4%}", 'why: "${d"'))
    assert found.summary == "a '${' without its '}'"


def test_a_wrong_value_is_shown_in_the_list_of_for_each(tmp_path: Path) -> None:
    found = problem(tmp_path, cases("{d: [digits, imagenet-v3]}"))
    assert (found.position.line, pointed_at(found)) == (4, "imagenet-v3")


def test_a_wrong_text_with_variables_in_it_is_shown_once(tmp_path: Path) -> None:
    measure = '{metric: top1, dataset: digits, transform: "contrats:${s}"}'
    found = problem(tmp_path, cases("{s: [1, 2, 3]}", measure=measure))
    assert pointed_at(found) == '"contrats:${s}"'


def test_a_mistake_beside_the_variables_is_shown_once(tmp_path: Path) -> None:
    found = problems(tmp_path, cases("{d: [digits, imagenet-r]}", "expect: {at_leest: 4%}", "seed: -1"))
    assert [each.summary for each in found] == ["unknown expectation 'at_leest'", "'seed' cannot be -1"]


@pytest.mark.parametrize(
    ("for_each", "target", "words"),
    [
        ("{}", "for_each", "for_each names no variable"),
        ("[digits]", "for_each", "for_each is"),
        ("{d: []}", "[", "would never run"),
        ("{d: digits}", "digits", "a list: [digits]"),
        ("{d: [digits, digits]}", "digits", "stands in the list twice"),
        ('{d: ["digits|x"]}', '"digits|x"', "cannot be a case"),
        ('{d: ["x::y"]}', '"x::y"', "cannot be a case"),
        ('{d: ["x[1]"]}', '"x[1]"', "cannot be a case"),
        ('{d: [""]}', '""', "cannot be a case"),
        ("{d: [true]}", "true", "cannot be a case"),
        ("{d: [~]}", "~", "cannot be a case"),
        ("{d: [digits], e: [1, 2]}", "e", "variable 'e' is never used"),
        ("{Data-Set: [digits]}", "Data-Set", "small letters, digits and _, starting with a letter"),
        ("{d: [digits, off]}", "off", "can be read as a word or as false"),
    ],
)
def test_wrong_cases(tmp_path: Path, for_each: str, target: str, words: str) -> None:
    found = problems(tmp_path, cases(for_each))[0]
    assert words in found.text
    assert pointed_at(found) == target


def test_a_variable_used_in_words_only_makes_no_new_check(tmp_path: Path) -> None:
    found = problem(tmp_path, cases("{d: [digits], e: [1, 2]}", "expect: {at_least: 4%}", 'why: "x ${e}"'))
    assert found.summary == "variable 'e' is never used"


def test_two_cases_of_one_name_are_a_problem(tmp_path: Path) -> None:
    measure = '{metric: top1, dataset: digits, where: {a: "${a}", b: "${b}"}}'
    found = problem(tmp_path, cases('{a: ["1", "1,2"], b: ["2,3", "3"]}', measure=measure))
    assert found.summary == "two cases have the same name '1,2,3'"


def test_too_many_cases_are_refused_before_they_are_made(tmp_path: Path) -> None:
    values = ", ".join(map(str, range(101)))
    text = cases(f"{{a: [{values}], b: [{values}], c: [{values}]}}", measure="{metric: top1, dataset: digits}")
    assert problem(tmp_path, text).summary == "for_each stands for 1030301 cases"

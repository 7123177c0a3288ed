"""The language of checks about groups: what is read, the sentence, and what is said of mistakes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import spec_suites
from spec_suites import load_check, one_check, pointed_at, problem

from robustcheck.spec import load_suite
from robustcheck.values import Amount
from robustcheck.values.expectations import Correlates, GroupAbove, GroupExpectation, Improves, SameTrend, Steeper

AGAINST = "against: {metric: top1, dataset: imagenet-val}"
THAN = "than: {metric: top1, dataset: imagenet-r}"
GROUPS = "higher: {source: laion}, lower: {source: wit}"


def expectation(directory: Path, written: str) -> GroupExpectation:
    expect = load_check(directory, f"expect: {written}").expect
    assert isinstance(expect, GroupExpectation)
    return expect


def test_group_above_is_read(tmp_path: Path) -> None:
    expect = expectation(
        tmp_path,
        f"{{group_above: {{{GROUPS}, by: residual, {AGAINST}, population: [openclip, timm], margin: 1pp, "
        'among: {architecture: [vit, cnn], samples: ">=1e9"}, x_range: [50%, 90%], axis: logit}}',
    )
    assert isinstance(expect, GroupAbove)
    assert expect.queries == ({"source": "laion"}, {"source": "wit"})
    assert expect.populations == ("openclip", "timm")
    assert expect.margin == Amount(0.01, "pp")
    assert expect.among == {"architecture": ["vit", "cnn"], "samples": ">=1e9"}
    assert expect.needs.other is not None
    assert expect.needs.other.dataset == "imagenet-val"


def test_the_others_are_read(tmp_path: Path) -> None:
    val = "{metric: top1, dataset: imagenet-val}"
    correlates = expectation(tmp_path, f"{{correlates: {{with: {val}, at_least: 0.8}}}}")
    assert isinstance(correlates, Correlates)
    assert (correlates.method, correlates.queries, correlates.words) == ("spearman", (), "all models")
    steeper = expectation(
        tmp_path, f"{{steeper: {{steeper: {{architecture: cnn}}, than: {{architecture: vit}}, {AGAINST}}}}}"
    )
    assert isinstance(steeper, Steeper)
    assert steeper.axis == "linear"
    same = expectation(
        tmp_path, f"{{same_trend: {{groups: [{{source: laion}}, {{source: wit}}], {AGAINST}, within: 2pp}}}}"
    )
    assert isinstance(same, SameTrend)
    assert same.names == ("source laion", "source wit")
    improves = expectation(tmp_path, "{improves: {before: {source: wit}, after: {source: laion}, match: [backbone]}}")
    assert isinstance(improves, Improves)
    assert improves.populations == ()
    prompts = expectation(tmp_path, '{improves: {than: {metric: top1, dataset: digits, prompts: "1"}, margin: 1pp}}')
    assert isinstance(prompts, Improves)
    assert prompts.queries == ()
    assert prompts.needs.before is prompts.than
    against = expectation(tmp_path, f"{{improves: {{{THAN}, by: residual, {AGAINST}, keeps: 1pp}}}}")
    assert isinstance(against, Improves)
    assert against.keeps == Amount(0.01, "pp")
    assert against.needs.before_x is against.needs.other is against.against
    wider = expectation(
        tmp_path,
        f"{{steeper: {{steeper: {{architecture: cnn}}, than: {{architecture: vit}}, {AGAINST}, by: tan_delta, "
        "more_than: {metric: top1, dataset: imagenet-v2}}}",
    )
    assert isinstance(wider, Steeper)
    assert wider.needs.before is wider.more_than
    line = expectation(tmp_path, f"{{group_above: {{{GROUPS}, by: residual, {AGAINST}, line: higher}}}}")
    assert isinstance(line, GroupAbove)
    assert line.is_line_of_higher


def test_facets_may_be_numbers_and_truths(tmp_path: Path) -> None:
    expect = expectation(tmp_path, "{group_above: {higher: {samples: 5, zoo: true}, lower: {samples: [1, 2]}}}")
    assert expect.queries == ({"samples": "5", "zoo": "yes"}, {"samples": ["1", "2"]})


def test_claim_source_and_expected_finding_stand_on_any_check(tmp_path: Path) -> None:
    check = load_check(
        tmp_path, "expect: {at_least: 45%}", "claim: It reads.", 'source: "Tu 2024, Fig. 3"', "expect_finding: open"
    )
    assert (check.claim, check.source, check.expect_finding) == ("It reads.", "Tu 2024, Fig. 3", "open")
    assert load_check(tmp_path, "expect: {at_least: 45%}").expect_finding == ""


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            f"{{group_above: {{{GROUPS}}}}}",
            "mean top1 on digits of source laion is above that of source wit (over the models of the run).",
        ),
        (
            f"{{group_above: {{{GROUPS}, by: residual, {AGAINST}, margin: 1pp, population: openclip, "
            "among: {architecture: vit}, x_range: [50%, 90%]}}",
            "top1 on digits of source laion lies, in the mean, at least 1pp above the line of source wit against top1 "
            "on imagenet-val (in openclip, among architecture vit, where x lies between 50% and 90%).",
        ),
        (
            "{correlates: {with: {metric: top1, dataset: imagenet-val}, at_most: 0.2, method: pearson, "
            "population: [openclip, timm]}}",
            "Pearson's correlation of top1 on digits with top1 on imagenet-val over the models is at most 0.2 "
            "(in openclip and timm).",
        ),
        (
            f"{{steeper: {{steeper: {{architecture: cnn}}, than: {{architecture: vit}}, {AGAINST}, axis: probit}}}}",
            "top1 on digits rises more steeply with top1 on imagenet-val for architecture cnn than for architecture "
            "vit on probit axes (over the models of the run).",
        ),
        (
            f"{{steeper: {{steeper: {{architecture: cnn}}, than: {{architecture: vit}}, {AGAINST}, by: tan_delta, "
            "more_than: {metric: top1, dataset: imagenet-v2}}}",
            "top1 on digits rises more steeply with top1 on imagenet-val for architecture cnn than for architecture "
            "vit by tan(delta), by more than for top1 on imagenet-v2 (over the models of the run).",
        ),
        (
            f"{{group_above: {{{GROUPS}, keeps: 1pp}}}}",
            "mean top1 on digits of source laion is within 1pp of that of source wit (over the models of the run).",
        ),
        (
            f"{{group_above: {{{GROUPS}, more_than: {{metric: top1, dataset: imagenet-v2}}}}}}",
            "mean top1 on digits of source laion is above that of source wit, by more than for top1 on imagenet-v2 "
            "(over the models of the run).",
        ),
        (
            f"{{improves: {{{THAN}, keeps: 1pp, by: residual, {AGAINST}}}}}",
            "top1 on digits is within 1pp, in the mean, against the line of the models before, over top1 on "
            "imagenet-val, of top1 on imagenet-r of the same model (over the models of the run).",
        ),
        (
            "{improves: {before: {source: wit}, after: {source: laion}, match: [backbone], keeps: 1pp}}",
            "top1 on digits is within 1pp, in the mean, for source laion and for source wit, in pairs of equal "
            "backbone (over the models of the run).",
        ),
        (
            f"{{same_trend: {{groups: [{{source: laion}}, {{source: wit}}], {AGAINST}, within: 2pp}}}}",
            "the lines of top1 on digits against top1 on imagenet-val of source laion and of source wit lie nowhere "
            "more than 2pp apart (over the models of the run).",
        ),
        (
            "{improves: {before: {source: wit}, after: {source: laion}, match: [backbone, architecture]}}",
            "top1 on digits is better for source laion than for source wit, in pairs of equal backbone and "
            "architecture (over the models of the run).",
        ),
        (
            '{improves: {than: {metric: top1, dataset: digits, prompts: "1"}, margin: 1pp, among: {source: wit}}}',
            "top1 on digits is at least 1pp better, in the mean, than top1 on digits with prompts 1 of the same model "
            "(over the models of the run, among source wit).",
        ),
        (
            f"{{group_above: {{{GROUPS}, by: residual, {AGAINST}, line: higher}}}}",
            "top1 on digits of source wit lies, in the mean, below the line of source laion against top1 on "
            "imagenet-val (over the models of the run).",
        ),
    ],
)
def test_the_sentence_of_each_kind(tmp_path: Path, written: str, sentence: str) -> None:
    assert load_check(tmp_path, f"expect: {written}").sentence == sentence


def test_lower_is_better_says_below(tmp_path: Path) -> None:
    text = one_check(f"expect: {{group_above: {{{GROUPS}}}}}", "warn: {margin: 0.01}").replace("top1", "ece")
    check = spec_suites.load(tmp_path, text).checks[0]
    assert check.sentence.startswith("mean ECE on digits of source laion is below that of source wit")
    assert check.sentence.endswith("It warns at 0.01.")


@pytest.mark.parametrize(
    ("written", "target", "words"),
    [
        ("{group_above: {higher: {source: laion}}}", "group_above", "missing key 'lower' in 'group_above'"),
        (f"{{group_above: {{{GROUPS}, by: residual}}}}", "group_above", "by: residual needs 'against'"),
        (f"{{group_above: {{{GROUPS}, {AGAINST}}}}}", "group_above", "'against' is for by: residual"),
        (f"{{group_above: {{{GROUPS}, x_range: [50%, 90%]}}}}", "group_above", "x_range needs an x axis"),
        ("{group_above: {higher: {sorce: laion}, lower: {source: wit}}}", "sorce", "did you mean 'source'?"),
        ("{group_above: {higher: {source: lion}, lower: {source: wit}}}", "lion", "did you mean 'laion'?"),
        ("{group_above: {higher: {}, lower: {source: wit}}}", "higher", "the query has no condition"),
        ("{group_above: {higher: laion, lower: {source: wit}}}", "laion", "'higher' cannot be 'laion'"),
        (f"{{group_above: {{{GROUPS}, by: residuals}}}}", "residuals", "did you mean 'residual'?"),
        (f"{{group_above: {{{GROUPS}, margin: 1%}}}}", "1%", "did you mean '1pp'?"),
        (f"{{group_above: {{{GROUPS}, population: opnclip}}}}", "opnclip", "did you mean 'openclip'?"),
        (f"{{group_above: {{{GROUPS}, population: [openclip, tim]}}}}", "tim", "did you mean 'timm'?"),
        (f"{{group_above: {{{GROUPS}, hiher: {{}}}}}}", "hiher", "did you mean 'higher'?"),
        ("{correlates: {at_least: 0.8}}", "correlates", "missing key 'with'"),
        ("{correlates: {with: {metric: top1, dataset: digts}, at_least: 0.8}}", "digts", "did you mean 'digits'?"),
        ("{correlates: {with: {metric: top5, dataset: digits}}}", "correlates", "exactly one of at_least"),
        ("{correlates: {with: {metric: top5, dataset: digits}, at_least: 80%}}", "80%", "did you mean '0.8'?"),
        ("{correlates: {with: {metric: top5, dataset: digits}, at_least: 1.2}}", "1.2", "a number from -1 to 1"),
        (
            "{correlates: {with: {metric: top5, dataset: digits}, at_least: 0.8, method: sperman}}",
            "sperman",
            "did you mean 'spearman'?",
        ),
        (
            f"{{steeper: {{steeper: {{architecture: cn}}, than: {{architecture: vit}}, {AGAINST}}}}}",
            "cn",
            "did you mean 'cnn'?",
        ),
        (
            f"{{steeper: {{steeper: {{architecture: cnn}}, than: {{architecture: vit}}, {AGAINST}, margin: -1}}}}",
            "-1",
            "a margin of 0 or more",
        ),
        (f"{{same_trend: {{groups: [{{source: laion}}], {AGAINST}, within: 2pp}}}}", "[", "2 values"),
        (
            f"{{same_trend: {{groups: [{{source: laion}}, {{source: wi}}], {AGAINST}, within: 2pp}}}}",
            "wi",
            "did you mean 'wit'?",
        ),
        ("{improves: {before: {source: wit}, after: {source: laion}}}", "improves", "give before, after and match"),
        (
            "{improves: {before: {source: wit}, after: {source: laion}, match: [bakbone]}}",
            "bakbone",
            "did you mean 'backbone'?",
        ),
        ("{improves: {pairs: pairs.csv, match: [backbone]}}", "improves", "stands alone"),
        ("{improves: {pairs: missing.csv}}", "missing.csv", "does not exist"),
        (f"{{improves: {{{THAN}, match: [backbone]}}}}", "improves", "than pairs each model with itself"),
        (f"{{improves: {{{THAN}, pairs: pairs.csv}}}}", "improves", "than pairs each model with itself"),
        (f"{{improves: {{{THAN}, x_range: [1%, 2%]}}}}", "improves", "x_range needs an x axis"),
        (
            f"{{improves: {{{THAN}, by: residual, {AGAINST}, x_range: [1%, 2%]}}}}",
            "improves",
            "than compares a model with itself, whatever its x: leave out x_range",
        ),
        (
            f"{{improves: {{{THAN}, by: residual, {AGAINST}, line_of: {{source: wit}}}}}}",
            "improves",
            "leave out line_of",
        ),
        (
            f"{{improves: {{{THAN}, than_against: {{metric: top1, dataset: digits}}}}}}",
            "improves",
            "than_against is the x of than, for by: residual",
        ),
        (f"{{improves: {{{THAN}, keeps: 1pp, every: true}}}}", "improves", "leave out every and share"),
        (f"{{improves: {{{THAN}, every: true, share: 50%}}}}", "improves", "two claims: give one of them"),
        (f"{{improves: {{{THAN}, by: residual, {AGAINST}, share: 50%}}}}", "improves", "leave out by: residual"),
        (f"{{improves: {{{THAN}, by: local, {AGAINST}}}}}", "improves", "by: local is for group_above"),
        (
            "{improves: {before: {source: wit}, after: {source: laion}, match: [backbone], line_of: {source: wit}}}",
            "improves",
            "line_of is for by: residual",
        ),
        ("{improves: {than: {metric: top11, dataset: digits}}}", "top11", "did you mean 'top1'?"),
        (f"{{group_above: {{{GROUPS}, reach: 2pp}}}}", "group_above", "'reach' is for by: local"),
        ("{group_above: {higher: {source: {a: b}}, lower: {source: wit}}}", "{", "'source' cannot be a block"),
        ("{group_above: {higher: {source: [laion, [b]]}, lower: {source: wit}}}", "[", "cannot be a list of 1"),
        (
            "{correlates: {population: [openclip, 3], with: {metric: top1, dataset: imagenet-val}, at_least: 0.5}}",
            "3",
            'did you mean "3"',
        ),
        (
            "{correlates: {population: 3, with: {metric: top1, dataset: imagenet-val}, at_least: 0.5}}",
            "3",
            'did you mean "3"',
        ),
        (f"{{improves: {{{THAN}, keeps: 1pp, margin: 1pp}}}}", "improves", "margin and keeps are two claims"),
        (f"{{improves: {{{THAN}, keeps: 0pp}}}}", "0pp", "a distance above 0, such as 1.0pp"),
        (f"{{group_above: {{{GROUPS}, keeps: 1%}}}}", "1%", "did you mean '1pp'?"),
        (f"{{group_above: {{{GROUPS}, keeps: 100pp}}}}", "100pp", "a limit of 100pp cannot be broken"),
        (
            f"{{group_above: {{{GROUPS}, more_than: {{metric: top1, dataset: digits}}}}}}",
            "more_than",
            "'more_than' is what 'measure' is",
        ),
        (
            f"{{group_above: {{{GROUPS}, more_than: {{metric: auroc, dataset: ninco}}}}}}",
            "auroc",
            "auroc (without a unit, higher is better) cannot be compared with top1",
        ),
        (
            f"{{steeper: {{steeper: {{architecture: cnn}}, than: {{architecture: vit}}, {AGAINST}, by: tan}}}}",
            "tan",
            "'by' cannot be 'tan'",
        ),
        ("{improves: {than: {metric: top1, dataset: digts}}}", "digts", "did you mean 'digits'?"),
        ("{improves: {than: {metric: top1, dataset: digits, options: {bins: 9}}}}", "options", "has no options"),
        (
            "{improves: {than: {metric: auroc, dataset: ninco}}}",
            "auroc",
            "auroc (without a unit, higher is better) cannot be compared with top1",
        ),
        ("{improves: {than: {metric: mce, dataset: digits}}}", "mce", "top1: in %, higher is better"),
        ("{improves: {than: {metric: top1, dataset: digits}}}", "than", "'than' is what 'measure' is"),
        (f"{{group_above: {{{GROUPS}, line: higher}}}}", "group_above", "'line' is for by: residual"),
    ],
)
def test_what_is_said_of_mistakes(tmp_path: Path, written: str, target: str, words: str) -> None:
    (tmp_path / "pairs.csv").write_text("before,after\n")
    found = problem(tmp_path, one_check(f"expect: {written}"))
    assert words in found.text
    assert pointed_at(found).startswith(target)


def test_a_curved_axis_is_refused_where_values_leave_0_to_1(tmp_path: Path) -> None:
    written = "{improves: {before: {source: wit}, after: {source: laion}, match: [backbone], by: residual, against: "
    found = problem(tmp_path, one_check(f"expect: {written}{{metric: nll, dataset: digits}}}}}}"))
    assert "axis: linear" in found.text
    steeper = "{steeper: {steeper: {source: wit}, than: {source: laion}, against: {metric: nll, dataset: digits}}}"
    load_check(tmp_path, f"expect: {steeper}")


def test_an_unknown_finding_is_refused(tmp_path: Path) -> None:
    found = problem(tmp_path, one_check("expect: {at_least: 45%}", "expect_finding: hold"))
    assert "did you mean 'holds'?" in found.text


def test_the_facets_are_those_of_the_populations(tmp_path: Path) -> None:
    names = replace(spec_suites.NAMES, population_facets=lambda name: {"tuning": frozenset({"none", name})})
    path = spec_suites.write(
        tmp_path,
        one_check(
            "expect: {improves: {before: {tuning: none}, after: {tuning: timm}, match: [tuning], population: timm}}"
        ),
    )
    assert load_suite(path, names).checks[0].is_about_groups


def test_an_own_table_knows_its_facets_itself_and_lies_beside_the_suite(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("model,dataset,metric,value,n\n")
    (tmp_path / "pairs.csv").write_text("before,after\n")
    expect = expectation(
        tmp_path, "{group_above: {higher: {tuning: a}, lower: {tuning: b}, population: [own.csv, openclip]}}"
    )
    assert expect.populations == (str(tmp_path / "own.csv"), "openclip")
    found = problem(tmp_path, one_check("expect: {group_above: {higher: {}, lower: {tuning: b}, population: own.csv}}"))
    assert "the query has no condition" in found.text
    improves = expectation(tmp_path, "{improves: {pairs: pairs.csv, population: own.csv}}")
    assert isinstance(improves, Improves)
    assert improves.pairs == str(tmp_path / "pairs.csv")

"""Hold the papers' findings against the evidence and write docs/findings.md.

    python scripts/findings_table.py            # writes docs/findings.md

Runs the suites of suites/findings but the zoo's on the figures that ship: no data, no torch, seeded, so the
page is the same on every machine. Exits with 1 when a finding is not what its suite records.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from robustcheck.errors import DataMissing
from robustcheck.measure import MeasureSettings
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import RunSettings
from robustcheck.values import Result, Verdict
from robustcheck.values.checks import Check, PlannedCheck

ROOT = Path(__file__).resolve().parents[1]
DECIDED = ("published", "matched", "tables", "subsets")
LIVE = ("factors", "detection", "calibration", "3d", "prompts", "tuning", "zero_shot", "auto")
SUITES = (*DECIDED, *(f"live_{name}" for name in LIVE), "curation")
INTRODUCTION = """\
# Findings, held against the evidence

Two papers on the robustness of CLIP say what they found, mostly without intervals. Here each claim is a check about
groups of models (the suites of [`suites/findings`](../suites/findings)), and families of models are the sample: an
interval says how sure these models, and models like them, make it. This page is made by

```
python scripts/findings_table.py
```

from the figures that ship, without data and without torch. `pytest suites/findings` runs the same checks; each is green
when the evidence says what the suite records. It also runs `zoo.robust.yaml`, which measures such claims on the twelve
tiny models that ship, in about half a minute.

**holds**: the interval lies on the claim's side, at the level that the suite's many checks leave to each (Bonferroni;
95% at least). **fails**: the opposite is shown at that level. **open**: the models at hand do not decide; fewer than
five families in a group never do. A *family* is an architecture with a training source (in tables of cells, a
crossing of the units that cells share, of which fewer than five of either kind decide nothing), and a network that is
listed twice counts once. A claim that says "consistently" or "all" is about every pair: it holds if each is shown to
be better, and fails if one is shown to be worse.

- Tu et al. 2024: *Toward a Holistic Evaluation of Robustness in CLIP Models*, arXiv 2410.01534. Its Tables I to IV are
  the populations `holistic-...`.
- *Benchmarking Zero-Shot Robustness of Multimodal Foundation Models*, arXiv 2403.10499.
"""
EFFECTS = """\
The effect is that of what the check asserts: how far above the line or the other group, how far the mean pair moves
(down is better for `ece` and `fpr95`), how far apart, or the correlation; of a claim about every pair, the change of
the worst pair, and of one about most of them, the share of families. An effect that is extrapolated, since models of
one group lie beyond the x of the models that draw the line, says so beside its number. `n` counts networks, or pairs,
and *families* what was drawn again. *At the suite's level* is the interval that decides; ±100 pp says that nothing
tells how sure a pair's figures are.
"""
# The page before families counted: what it said, what is said now, and why; one row for checks that share a reason.
CHANGED = (
    (
        "laion-above-wit (R)",
        "holds",
        "open",
        "Families: 14 of LAION and 8 of WIT leave it open; 14 of 37 models lie beyond the x of WIT's.",
    ),
    (
        "laion-above-wit (Sketch), wit-above-laion-objectnet, laion-retrieves-above-wit-flickr (images)",
        "holds",
        "open",
        "Above 0 on the 95% interval; holds is now asked at the level of the suite's checks, as fails was.",
    ),
    ("laion-retrieves-above-wit-flickr (captions)", "holds", "open", "Families: the 95% interval reaches 0."),
    ("webli-above-laion", "holds", "open", "Families: WebLI's nine models are of three."),
    (
        "convnext-retrieves-above-images, convnext-retrieves-above-coco-captions",
        "holds",
        "open",
        "Families: the six ConvNeXt models are of two.",
    ),
    (
        "laion-subsets-share-v2, laion-subsets-retrieve-alike-text",
        "holds",
        "open",
        "Families: the LAION-400M models are of six, and the near twins no longer vouch for each other.",
    ),
    (
        "accuracy-predicts-image-retrieval, accuracy-predicts-retrieval-loosely",
        "holds",
        "open",
        "Level of the suite's checks. Above 70% accuracy the correlations are smaller: a check of their own.",
    ),
    (
        "in12k-first-gains-a",
        "holds",
        "open",
        "Intervals allow for few families that are skewed: above 0 at 95%, not at the level of the suite's checks.",
    ),
    (
        "curation-helps-factors (shape), curation-helps-3d",
        "holds",
        "open",
        "Pairs share towers and pools, and each of both moves its pairs together: intervals are clustered both ways, "
        "and the table has fewer than five of a kind. So have Tables III and IV, whose other checks stay open.",
    ),
    (
        "wit-above-laion-v2, accuracy-predicts-retrieval (captions of MSCOCO)",
        "holds",
        "holds",
        "They were open for a while. A line has the degrees of freedom of both groups, no longer those of the smaller "
        "one, and correlations rest on Fisher's interval, or on the draws where these are wider.",
    ),
    ("finetuned-clip-above-more-data-a", "fails", "open", "Families, at the level of the suite's checks."),
    ("in12k-first-gains-r", "fails", "open", "Families: twelve pairs are of eight."),
    (
        "finetuning-helps-elsewhere",
        "open",
        "fails",
        "The claim is about all towers, not their mean, and some are shown to lose.",
    ),
    (
        "zero-shot-above-finetuned",
        "holds (+50.3, +57.1, +32.4 pp)",
        "holds, as finetuning-costs-robustness",
        "The old numbers were extrapolated from three fine-tuned models. Now pairs on one tower against the line of "
        "supervised classifiers, and local matching within a point of accuracy, which has too few families to decide.",
    ),
    (
        "clip-above-supervised (R, A)",
        "holds",
        "holds, as clip-above-supervised-unmatched",
        "Said to be on unmatched classes: CLIP RN50 on R lies 41.2 points above with all classes on the x axis, and "
        "34.7 with the matching 200. Matched classes are asked of fine-tuned CLIP here (R holds, A fails), and of "
        "zero-shot CLIP where there are images.",
    ),
    (
        "mistral-underperforms, siglip-llava-best, curation-helps-accuracy, curation-helps-ood, "
        "curation-helps-retrieval",
        "holds",
        "open",
        "Consistently is about every cell, and the tables do not say over how many images a figure is.",
    ),
    ("vicuna-best", "holds", "open", "Generally is about most: Vicuna is better in half of the six units."),
    (
        "llava-helps-where-clip-struggles, llava-costs-where-clip-is-good",
        "holds",
        "open",
        "Units: the cells are of two and four crossings of encoder and list.",
    ),
    (
        "resolution-costs-stylized, resolution-gains-accuracy, curation-helps-some-factors, "
        "temperature-helps-calibration",
        "holds",
        "open",
        "Above 0 on the 95% interval, but not at the level of the suite's checks.",
    ),
)

# Every figure and table of the papers: what it shows, the checks that decide it, and what is missing where none does.
HOLISTIC, SECOND = "Tu et al. 2024", "arXiv 2403.10499"
SHOWN = (
    (
        *(HOLISTIC, "Fig. 1", "accuracy by visual factor"),
        (
            "clip-above-on-six-factors clip-below-on-pose clip-alike-on-background laion-above-wit-on-shape "
            "wit-above-laion-on-pose finetuned-above-more-data-on-factors finetuned-alike-elsewhere "
            "finetuned-above-zero-shot-on-factors finetuned-below-zero-shot-on-factors laion-subsets-share-factors"
        ),
        "LAION-80M, of which open_clip lists no models; contrastive models, which need a probe",
    ),
    (
        HOLISTIC,
        "Fig. 2",
        "shape bias by kind of training",
        "clip-more-shape-biased convolutional-clip-more-shape-biased finetuned-shape-like-more-data",
        "sizes within a group are not claimed",
    ),
    (
        HOLISTIC,
        "Table I",
        "shape bias after fine-tuning",
        "finetuning-costs-shape other-tuning-keeps-shape other-tuning-as-shape-biased",
        "",
    ),
    (
        *(HOLISTIC, "Table II", "resolution of fine-tuning"),
        *("resolution-costs-shape resolution-costs-stylized resolution-gains-accuracy", ""),
    ),
    (
        *(HOLISTIC, "Fig. 3", "detection of unknown classes on five sets"),
        (
            "accuracy-predicts-ood-detection accuracy-predicts-ood-fpr accuracy-predicts-detection-elsewhere "
            "wit-detects-above-laion laion-subsets-detect-alike finetuning-helps-detection in12k-detects-better"
        ),
        "",
    ),
    (
        *(HOLISTIC, "Fig. 4", "detection on NINCO"),
        ("accuracy-predicts-ood-detection accuracy-predicts-ood-fpr laion-subsets-detect-alike in12k-detects-better"),
        "",
    ),
    (
        *(HOLISTIC, "Fig. 5", "calibration before and after temperature scaling"),
        (
            "clip-better-calibrated clip-better-calibrated-after-scaling accuracy-predicts-likelihood "
            "finetuning-costs-calibration in12k-helps-calibration accuracy-costs-calibration-elsewhere "
            "calibration-transfers calibration-transfers-for-clip-alone finetuning-helps wit-better-calibrated"
        ),
        "LAION-80M, of which open_clip lists no models",
    ),
    (
        *(HOLISTIC, "Fig. 6", "retrieval"),
        (
            "accuracy-predicts-retrieval accuracy-predicts-retrieval-above-70 laion-retrieves-above-wit "
            "laion-subsets-retrieve-alike-text laion-amounts-retrieve-alike convnext-retrieves-above-images"
        ),
        "",
    ),
    (
        HOLISTIC,
        "Fig. 7",
        "correspondence between views",
        "cnn-matches-above-vit cnn-keypoints-above-vit cnn-matches-far-rooms cnn-matches-far-objects",
        "single supervised models and DINOv2",
    ),
    (
        *(HOLISTIC, "Fig. 8", "3D corruptions by severity"),
        *("cnn-steeper-under-3d gap-widens-with-severity gap-widens-under-the-hardest", ""),
    ),
    (
        *(HOLISTIC, "Table III", "CLIP and LLaVA on ImageNet-D"),
        (
            "llava-helps-where-clip-struggles llava-helps-by-twenty llava-costs-where-clip-is-good "
            "mistral-underperforms vicuna-best siglip-llava-best"
        ),
        "",
    ),
    (
        *(HOLISTIC, "Table IV", "curated training data"),
        (
            "curation-helps-accuracy curation-helps-ood curation-helps-factors curation-helps-retrieval "
            "curation-helps-3d curation-helps-calibration curation-keeps-calibration temperature-helps-calibration"
        ),
        "",
    ),
    (
        *(HOLISTIC, "Fig. 9", "test-time prompts"),
        (
            "fewer-prompts-cost-accuracy fewer-prompts-help-detection fewer-prompts-help-calibration "
            "generated-prompts-help-accuracy generated-prompts-help-detection generated-prompts-help-calibration "
            "prompts-leave-factors-alone"
        ),
        "the set of 30 prompts is not published",
    ),
    (
        HOLISTIC,
        "Fig. 10",
        "ways of fine-tuning",
        "coop-keeps-factors tip-adapter-helps-pattern tip-adapter-costs-larger tuning-helps-accuracy "
        "tuning-helps-detection tuning-keeps-calibration",
        "FLYP: its tuned models are not published, and the figure has no numbers",
    ),
    (
        SECOND,
        "natural shifts",
        "seven sets",
        "clip-above-supervised clip-above-supervised-unmatched finetuned-clip-above-supervised-matched-r "
        "finetuned-clip-above-supervised-matched-a",
        "",
    ),
    (
        *(SECOND, "synthetic shifts", "ImageNet-C, ImageNet-P, Stylized-ImageNet"),
        *("supervised-above-clip-on-corruptions clip-below-by-twelve supervised-flip-less", ""),
    ),
    (
        *(SECOND, "attacks", "white-box, by transfer, by scores"),
        *("supervised-withstand-attacks", "attacks by transfer need the paper's substitute"),
    ),
    (
        *(SECOND, "typographic attacks", "ImageNet-T, CIFAR-10-T"),
        *("typographic-drop supervised-withstand-typography", "its images are not published; these are made like them"),
    ),
    (
        *(SECOND, "data overlap", "test images among the training images", ""),
        "CLIP's training images are not published; `overlap_gap` measures it for a set that is",
    ),
    (
        *(SECOND, "CLIP-Auto", "prompts that were searched for"),
        (
            "searched-prompts-are-comparable searched-prompts-leave-robustness-alone "
            "searched-prompts-do-not-withstand-attacks"
        ),
        "its search is not released; its logs are a download: `prompts: FILE.log` ([prompts](protocols/prompts.md))",
    ),
)
ABOUT_SHOWN = """\
What each figure and table shows, and the checks that decide it (in the tables above, or below where they wait for
images). Of the second paper this project has read a summary and the published code, so its subjects are listed, not the
numbers of its figures.
"""

WAITING = """\
The suites `live_...` and [`curation`](../suites/findings/curation.robust.yaml) measure these, given the data; this
project has not. Each `live_` suite is about one section of a paper, and has a level of its own
([why](decisions/0016-one-suite-for-a-section.md)): the chance that anything in a suite is said wrongly is at most 5%,
and each of its checks about groups has an equal share of that.
"""

# What no suite holds against anything: the claim, its place, and why.
NOT_CHECKED = (
    (
        "FLYP helps Pattern and detection, and costs Larger and calibration.",
        "Tu et al. 2024, section X-C, Fig. 10",
        "The tuned models are not published; `+flyp-surrogate` is another thing, and does not stand in for them.",
    ),
    (
        "DINOv2 matches best, CNN-based CLIP as well as ConvNeXt, ViT-based CLIP less well than DeiT III's ViT-L-16.",
        "Tu et al. 2024, section VIII-A, Fig. 7",
        "Single models are not a group; `no_worse_than: {model: ...}` compares two.",
    ),
    (
        "Models trained on LAION-80M are less calibrated, and a larger one is less shape-biased.",
        "Tu et al. 2024, sections IV-B (1) and VI-A (1)",
        "open_clip lists none of them, and they are single ones.",
    ),
    (
        "CLIP's robustness to natural shifts is partly owed to images that it was trained on.",
        "Benchmarking Zero-Shot Robustness (arXiv 2403.10499), key results",
        "`overlap_gap` measures this for a set of training images; CLIP's own are not published.",
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one check; ``result`` is None where its data is not here."""

    suite: str
    item: PlannedCheck
    result: Result | None

    @property
    def check(self) -> Check:
        """The check itself."""
        return self.item.check


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites and write the page; say which findings are not as recorded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/findings.md", metavar="FILE", help="the page")
    options = parser.parse_args(arguments)
    found = run_findings()
    options.out.write_text("\n".join(page(found)) + "\n", encoding="utf-8")
    wrong = [each for each in found if each.result and each.result.finding != each.check.expect_finding]
    for each in wrong:
        print(f"{each.suite} {each.check.key}: {each.result and each.result.verdict.reason}", file=sys.stderr)
    return 1 if wrong else 0


def run_findings() -> list[Finding]:
    """Judge every check of the findings' suites on the figures that ship, in the order of the files."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        measure = MeasureSettings(store=place / "store", roots=())
        settings = RunSettings(measure=measure, baselines=place / "baselines", reports=place / "reports")
        session = RobustSession(settings, date.today())
        return [finding for name in SUITES for finding in _of_suite(session, name)]


def _of_suite(session: RobustSession, name: str) -> Iterator[Finding]:
    suite = session.load(ROOT / f"suites/findings/{name}.robust.yaml")
    items = session.plan(suite).items
    session.select(items)
    # A check of single models has an item for each; without data one says as much as all.
    for item in {item.check.key: item for item in items}.values():
        yield Finding(name, item, _judged(session, item))


def _judged(session: RobustSession, item: PlannedCheck) -> Result | None:
    try:
        return session.judge(session.gather(item), item.check.key, time.perf_counter())
    except DataMissing:
        return None


def page(found: Sequence[Finding]) -> Iterator[str]:
    """Yield the lines of the page."""
    decided = [each for each in found if each.result]
    yield INTRODUCTION
    yield "## At a glance\n"
    yield from _table(("claim", "where", "on the evidence"), _glance(decided))
    yield "\n## In numbers\n"
    yield EFFECTS
    columns = (
        "check",
        "asserts",
        "figures of",
        "finding",
        "effect",
        "95% interval",
        "n",
        "families",
        "range of x",
        "at level",
    )
    yield from _table(columns, map(_numbers, decided))
    yield "\n## What changed and why\n"
    yield "Against the page of 0.2.0, on which each row of a table was independent and `holds` was not corrected.\n"
    yield from _table(("check", "before", "now", "why"), CHANGED)
    yield "\n## Waiting for the images\n"
    yield WAITING
    waiting = [each for each in found if not each.result]
    yield from _table(("suite", "about", "checks about groups", "level of each"), _families(waiting))
    yield ""
    yield from _table(("claim", "where", "checks", "needs"), _waiting(waiting))
    yield "\n## Every figure and table\n"
    yield ABOUT_SHOWN
    yield from _table(("paper", "place", "shows", "decided by", "what is missing"), map(_shown, SHOWN))
    yield "\n## Not checked\n"
    yield from _table(("claim", "where", "why"), NOT_CHECKED)


def _glance(found: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    for (claim, source), members in _by_claim(found).items():
        counts = Counter(each.result.finding for each in members if each.result)
        words = [word if len(counts) == 1 == counts[word] else f"{word} in {counts[word]}" for word in counts]
        yield claim, source, f"{', '.join(words)}"


def _by_claim(found: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    claims: dict[tuple[str, str], list[Finding]] = {}
    for each in found:
        claims.setdefault((each.check.claim, each.check.source), []).append(each)
    return claims


def _numbers(found: Finding) -> tuple[str, ...]:
    assert found.result is not None
    check, verdict = found.check, found.result.verdict
    low, high = (_amount(check, verdict, value) for value in (verdict.low, verdict.high))
    evidence = ", ".join(getattr(check.expect, "populations", ()))
    key, effect = f"`{found.suite}` {check.key}", _amount(check, verdict, verdict.compared)
    facts = dict(verdict.facts)
    effect += " (extrapolated)" if "extrapolated for" in verdict.reason else ""
    corrected = facts.get("interval at the suite's level", f"{low} to {high}")
    return (
        *(key, check.title, evidence, found.result.finding, effect, f"{low} to {high}", f"{verdict.n:,}"),
        *(facts["families"], facts.get("range of x", "-"), corrected),
    )


def _amount(check: Check, verdict: Verdict, value: float | None) -> str:
    assert value is not None
    if check.expect.kind == "correlates":
        return f"{value:.2f}"
    return f"{100 * value:+.1f} pp" if verdict.unit == "%" else f"{value:+.3f}"


def _families(found: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    """Yield of each suite its title, its number of checks about groups, and the level of each of them."""
    for name in dict.fromkeys(each.suite for each in found):
        items = [each.item for each in found if each.suite == name and each.check.is_about_groups]
        link = f"[`{name}`](../suites/findings/{name}.robust.yaml)"
        yield link, items[0].suite.title, str(len(items)), f"{items[0].alpha:.4f}"


def _waiting(found: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    for (claim, source), members in _by_claim(found).items():
        datasets = ", ".join(dict.fromkeys(each.check.quantity.dataset for each in members))
        yield claim, source, str(len(members)), datasets


def _shown(row: tuple[str, str, str, str, str]) -> tuple[str, ...]:
    *place, checks, missing = row
    return (*place, ", ".join(f"`{each}`" for each in checks.split()) or "-", missing or "-")


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(columns)
    yield _line(["---"] * len(columns))
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


if __name__ == "__main__":
    raise SystemExit(main())

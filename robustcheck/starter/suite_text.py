"""The first suite of a user: its text, for the model and the images at hand."""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA_FILE = "robustcheck.schema.json"

_HEAD = """\
# yaml-language-server: $schema={schema}
# With the line above an editor completes names and marks mistakes; this command renews it with names that you added:
#   robustcheck schema > suites/{schema}
robustcheck: 1
title: {title}
about: What every new checkpoint must keep.

{models}

# Each check says what is measured, and what must be true of it. `robustcheck metrics` and `robustcheck datasets` list
# what there is; `robustcheck validate suites/` finds mistakes without running anything.
checks:
"""
_SHIPPED_MODELS = """\
# Whom to check: a tiny model that ships, so that this runs at once. Yours can be
#   models: openclip:ViT-B-32@../runs/42/epoch_12.pt     # a checkpoint of open_clip, from this file's directory
#   models: hf:openai/clip-vit-base-patch32              # a model of transformers, from the hub or a directory
# and for one run: pytest suites/ --models runs/42/epoch_12.pt --arch ViT-B-32
models: {model}
"""
_OWN_MODELS = """\
# Whom to check. For one run another: pytest suites/ --models runs/43/epoch_12.pt --arch ViT-B-32
models: {model}
"""
_CHECKS = """\
  - id: reads-images                  # permanent: the name of the check in reports and in history
    title: Reads the images well enough
    measure: {{metric: top1, dataset: {dataset}}}
    expect: {{at_least: {floor}}}           # {floor_note}
    {warn}
    why: Chance is {chance}. Well below what it was, something broke in loading or preprocessing.

{of_classes}
  - id: reads-pale-images
    title: Low contrast takes little
    measure: {{metric: top1, dataset: {dataset}, transform: "contrast:3"}}
    expect: {{at_least: {pale}}}
    tags: [corruption]                # pytest suites/ -m corruption

  - id: knows-what-it-knows
    title: Confidence is near accuracy, once a temperature is fitted
    measure: {{metric: ece, dataset: {dataset}, options: {{temperature: fitted}}}}
    expect: {{at_most: {ece}}}            # ECE has no unit, so the number is bare
    tags: [calibration]
"""
_OF_CLASSES = """\
  - id: no-class-forgotten
    title: No class is forgotten
    measure: {{metric: mean_per_class_recall, dataset: {dataset}}}
    expect: {{at_least: {recall}}}
"""
_CLASSES_TOO_THIN = """\
  # That no class is forgotten (mean_per_class_recall) can be checked with two images of each class or more.
"""
_TREND = """
  - id: {name}-on-trend
    title: Under this shift the model stays on the line of published models
    measure: {{metric: top1, dataset: {name}}}
    expect:
      on_trend:
        population: openclip          # 121 published checkpoints; their figures ship
        among: {{source: [laion, datacomp]}}
        x_range: [50%, 90%]
        against: {{metric: top1, dataset: imagenet-val}}
        allowed_below: 3.0pp
    tags: [shift]
"""
_BASELINE = """
  # Once a run is blessed (robustcheck bless reports/RUN --as main), each later checkpoint is held against it, image by
  # image. Take the signs away:
  # - id: not-worse-than-main
  #   measure: {{metric: top1, dataset: {dataset}}}
  #   expect: {{no_worse_than: {{baseline: main, allowed_drop: 0.5pp}}}}
"""


@dataclass(frozen=True, slots=True)
class FirstSubject:
    """What the first suite is about: a model, a data set with so many classes, shifts with published figures.

    ``has_thin_classes`` says that a class has a single image, which shows no spread.
    Without a model or data of one's own it is about those that come with robustcheck, whose figures are known.
    """

    model: str = "zoo:vit-augmented-1000"
    dataset: str = "digits"
    classes: int = 10
    has_thin_classes: bool = False
    shifts: tuple[str, ...] = ()
    has_own_model: bool = False
    has_own_data: bool = False


def suite_text(subject: FirstSubject) -> str:
    """Return the text of a suite about a subject, with a comment wherever a person has to decide."""
    models = (_OWN_MODELS if subject.has_own_model else _SHIPPED_MODELS).format(model=subject.model)
    head = _HEAD.format(schema=SCHEMA_FILE, title="My first gate", models=models.rstrip())
    words = {"dataset": _quoted(subject.dataset), **_limits(subject)}
    of_classes = (_CLASSES_TOO_THIN if subject.has_thin_classes else _OF_CLASSES).format(**words)
    checks = _CHECKS.format(of_classes=of_classes, **words)
    trends = "".join(_TREND.format(name=name) for name in subject.shifts)
    return head + checks + trends + _BASELINE.format(dataset=_quoted(subject.dataset))


def _limits(subject: FirstSubject) -> dict[str, str]:
    """Return limits that the shipped model keeps; of another, what guessing does not reach, for a person to raise."""
    if not subject.has_own_model and not subject.has_own_data:
        return {
            "floor": "85%",
            "floor_note": "a level, with its sign; red only when shown to be below",
            "warn": "warn: 88%                         # between the two it passes with a warning",
            "chance": "10%",
            "recall": "80%",
            "pale": "75%",
            "ece": "0.15",
        }
    chance = 1 / max(2, subject.classes)
    # Twice what guessing reaches, but of two classes no more than halfway to everything.
    floor = f"{50 * min(4 * chance, 1 + chance):.3g}%"
    return {
        "floor": floor,
        "floor_note": "RAISE ME: only well above guessing. Run once, then write what must be kept",
        "warn": "# warn: ...                       # a tighter limit: between the two it passes with a warning",
        "chance": f"{100 * chance:.3g}%",
        "recall": floor,
        "pale": floor,
        "ece": "0.2",
    }


def _quoted(dataset: str) -> str:
    return dataset if dataset.replace("-", "").isalnum() else f'"{dataset}"'

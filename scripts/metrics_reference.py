"""The reference page of the metrics, generated from the metrics themselves."""

from __future__ import annotations

from collections.abc import Mapping

from robustcheck.measure.metric import Metric
from robustcheck.measure.option import MetricOption

_INTRODUCTION = """\
# Metrics

This page is generated from the metrics that are registered: `python scripts/write_generated.py --write`.
`robustcheck metrics NAME` says the same of one, those of other packages among them. A metric in % has limits such as
`45%` and differences such as `2.0pp`; one without a unit has bare numbers. The statistic is how one score an image
becomes the value, with its interval: [statistics](statistics.md). Settings, data and traps stand on the page of each
protocol.

In formulas `[...]` is 1 where it holds and else 0, `z_ic` is the logit of class c for image i, `y_i` the right class,
`p` the softmax of z.
"""

# The title and the page of each subject: the last room of a metric's module.
Pages = Mapping[str, tuple[str, str]]


def metrics_markdown(metrics: Mapping[str, Metric], pages: Pages) -> str:
    """Return the page; ``pages`` maps each subject to the title and the page of its protocol."""
    subjects: dict[str, list[Metric]] = {}
    for metric in metrics.values():
        subjects.setdefault(_subject(metric), []).append(metric)
    sections = [_section(subject, members, pages) for subject, members in subjects.items()]
    return "\n".join([_INTRODUCTION, *sections])


def _subject(metric: Metric) -> str:
    function = getattr(metric.find_recipes, "func", metric.find_recipes)
    return str(function.__module__).split(".")[-2]


def _section(subject: str, metrics: list[Metric], pages: Pages) -> str:
    title, page = pages[subject]
    head = f"## {title}\n\nSettings, data and traps: [{title.lower()}]({page}).\n\n"
    return head + "\n".join(map(_entry, metrics))


def _entry(metric: Metric) -> str:
    better = f"{'higher' if metric.higher_is_better else 'lower'} is better"
    facts = (
        "in %" if metric.unit else "without a unit",
        "either side can be meant" if metric.either_side else better,
        f"statistic `{metric.statistic.name}`",
        f"for {', '.join(metric.tasks)}",
    )
    lines = [f"### `{metric.name}`\n", f"{metric.description} {facts[0].capitalize()}; {'; '.join(facts[1:])}.\n"]
    if metric.formula:
        lines.append(f"`{metric.formula}`\n")
    if metric.source:
        lines.append(f"Source: {metric.source}.\n")
    if metric.options:
        lines += ["| option | values | default | meaning |", "|---|---|---|---|", *map(_option_row, metric.options), ""]
    return "\n".join(lines)


def _option_row(option: MetricOption) -> str:
    values = ", ".join(f"`{choice}`" for choice in option.choices) or option.expected
    default = "needed" if option.is_required else f"`{option.default}`" if option.default else ""
    return f"| `{option.name}` | {values} | {default} | {option.description.replace('|', chr(92) + '|')} |"

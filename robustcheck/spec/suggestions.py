"""What an author most likely meant: names that other tools use, other spellings, and amounts in other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from robustcheck.errors import did_you_mean
from robustcheck.listing import name_all
from robustcheck.lookalikes import with_plain_characters

# What others call it: (their names, ours); ours is offered where it is known.
_OTHER_NAMES = (
    ("accuracy acc acc1 acc@1 acc_1 top-1 top_1 top1_accuracy top1_acc accuracy@1", "top1"),
    ("acc5 acc@5 top-5 top_5 top5_accuracy top5_acc accuracy@5", "top5"),
    ("auc roc_auc auroc_score aucroc", "auroc"),
    ("fpr fpr@95 fpr95tpr fpr_at_95", "fpr95"),
    ("calibration calibration_error expected_calibration_error", "ece"),
    ("log_loss logloss cross_entropy loss", "nll"),
    ("balanced_accuracy macro_accuracy mean_class_accuracy", "mean_per_class_recall"),
    ("recall@1 r@1", "image_retrieval_recall@1"),
    ("recall@5 r@5", "image_retrieval_recall@5"),
    ("recall@10 r@10", "image_retrieval_recall@10"),
    ("imagenet imagenet1k imagenet-1k ilsvrc ilsvrc2012", "imagenet-val"),
    ("coco mscoco mscoco_captions", "mscoco"),
    ("name", "title"),
    ("description", "about"),
    ("tests assertions cases", "checks"),
    ("model", "models"),
    ("models", "applies_to"),
    ("skip xfail", "known_deviations"),
    ("assert expected expectation", "expect"),
    (">= > min minimum gte gt ge above greater_than", "at_least"),
    ("<= < max maximum lte lt le below less_than", "at_most"),
    ("range within_range", "between"),
    ("min minimum lower from", "low"),
    ("max maximum upper to", "high"),
    ("not_worse_than regression baseline", "no_worse_than"),
    ("trend effective_robustness", "on_trend"),
)
_WORDS = (
    (re.compile(r"(\d),(\d)"), r"\1.\2"),
    (re.compile(r"^\s*(>=|=>|>|≥|<=|=<|<|≤|==?)\s*(?=\d)"), ""),
    (re.compile(r"\s*(percentage points|points?|pts?|pp\.|p\.\s?p\.?|PP|Pp)\s*$"), "pp"),
    (re.compile(r"%%+"), "%"),
    (re.compile(r"\s*(per ?cent|pct|prozent)\s*$"), "%"),
)
_AMOUNT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(%|pp)?", re.ASCII)
# A variable as templates and shells write it.
_FOREIGN_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}|\$([a-z_]\w*)")
_SPACED = re.compile(r"([\w@-]+)\s*[:=]\s*(\S.*)", re.DOTALL)
_COMPARED = re.compile(r"\s*(>=|=>|>|≥|<=|=<|<|≤)\s*(\S+)\s*")


def suggest(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for what another tool calls so, or the nearest known name; else an empty text.

    >>> suggest("accuracy", ["accuracy_drop", "top1"]), suggest("ECE", ["ece", "nll"])
    ("did you mean 'top1'?", "did you mean 'ece'?")
    >>> suggest("{{ dataset }}", ["digits"])
    'did you mean "${dataset}"?'
    """
    if variable := _FOREIGN_VARIABLE.fullmatch(name):
        return f'did you mean "${{{variable[1] or variable[2]}}}"?'
    listed, small = list(known), name.lower()
    called_so = (ours for theirs, ours in _OTHER_NAMES if small in theirs.split() and ours in listed)
    meant = small if small in listed else next(called_so, "")
    return f"did you mean {meant!r}?" if meant else did_you_mean(name, listed)


def tell_kinds(name: str, kinds: Sequence[str], expected: str) -> str:
    """Say of a name what it stands for, where another kind of name is expected; else return an empty text.

    >>> tell_kinds("digits", ["data set"], "metric"), tell_kinds("top1", ["metric"], "metric")
    ("'digits' is a data set; a metric is expected here", '')
    """
    if not kinds or expected in kinds:
        return ""
    return f"{name!r} is {name_all([f'a {kind}' for kind in kinds])}; a {expected} is expected here"


def suggest_amount(text: str) -> str:
    """Return ``did you mean '50.5%'?`` for an amount in another notation; else an empty text.

    >>> suggest_amount("50,5%"), suggest_amount("50 percent"), suggest_amount("high")
    ("did you mean '50.5%'?", "did you mean '50%'?", '')
    """
    meant = with_plain_characters(text).strip()
    for pattern, ours in _WORDS:
        meant = pattern.sub(ours, meant)
    return f"did you mean '{meant}'?" if meant != text.strip() and _AMOUNT.fullmatch(meant) else ""


def suggest_id(text: str) -> str:
    """Return an id made of a text that cannot be one; else an empty text.

    >>> suggest_id("Reads_images well")
    "did you mean 'reads-images-well'?"
    """
    meant = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"did you mean '{meant}'?" if meant and len(meant) <= 100 else ""


def suggest_spaced(key: str, known: Iterable[str]) -> str:
    """Return what a key means that has its value in it, for want of a space; else an empty text.

    >>> suggest_spaced("at_least:50%", ["at_least"])
    "did you mean 'at_least: 50%', with a space after the ':'?"
    """
    found = _SPACED.fullmatch(key)
    if found is None or found[1] not in known:
        return ""
    return f"did you mean '{found[1]}: {found[2]}', with a space after the ':'?"


def suggest_joined(block: Mapping[str, object]) -> str:
    """Return the text that a block of one name and one number stands for; else an empty text.

    >>> suggest_joined({"gaussian_blur": 3})
    'did you mean "gaussian_blur:3"?'
    """
    pairs = [f"{name}:{value}" for name, value in block.items() if isinstance(value, str | int)]
    return f'did you mean "{pairs[0]}"?' if len(pairs) == len(block) == 1 else ""


def suggest_query(block: Mapping[str, object]) -> str:
    """Return the text of the query that a block stands for, where an option takes models; else an empty text.

    >>> suggest_query({"source": "laion", "architecture": ["vit", "cnn"], "samples": ">=1e9"})
    'did you mean "source=laion&architecture=vit|cnn&samples>=1e9"?'
    """
    conditions = []
    for facet, value in block.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(each, str | int | float) for each in values):
            return ""
        text = "|".join(map(str, values))
        conditions.append(f"{facet}{text}" if text.startswith((">", "<", "=", "!=")) else f"{facet}={text}")
    return f'did you mean "{"&".join(conditions)}"?' if conditions else ""


def suggest_expectation(text: str) -> str:
    """Return the expectation that a comparison in signs stands for; else an empty text.

    >>> suggest_expectation(">= 50%")
    'did you mean {at_least: 50%}?'
    """
    found = _COMPARED.fullmatch(text)
    if found is None:
        return ""
    kind = "at_least" if found[1][0] in ">≥" or found[1] == "=>" else "at_most"
    return f"did you mean {{{kind}: {found[2]}}}?"

"""``A+wise-ft@B``: the weights of two checkpoints of one architecture, mixed (Wortsman 2022).

    theta = (1 - alpha) theta_A + alpha theta_B

A is the zero-shot model and B the fine-tuned one. Both towers are mixed, so a dual encoder's text classifier is that of
the mixture. Alpha 0 and 1 are the two models exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp, log
from typing import TYPE_CHECKING

from robustcheck.errors import ModelError
from robustcheck.listing import name_first
from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import Adapter, adapter_named
from robustcheck.models.encoders import LoadedModel, Precision, load_model
from robustcheck.models.torch_models import Classifier, DualEncoder
from robustcheck.values import AdapterUse

if TYPE_CHECKING:
    import torch

State = Mapping[str, "torch.Tensor"]


def mix_models(base: LoadedModel, use: AdapterUse, device: str, precision: Precision) -> LoadedModel:
    """Return the base with mixed weights."""
    assert use.other is not None, "the reference names a second model"
    other, alpha = load_model(use.other, device, precision), float(adapter_named(use.name).option(use, "alpha"))
    one_kind = DualEncoder if isinstance(base, DualEncoder) else Classifier
    if not isinstance(base, DualEncoder | Classifier) or not isinstance(other, one_kind):
        raise ModelError(
            f"it is not of the kind of {use.base.text}, so their weights cannot be mixed",
            where=use.other.text,
            expected="two checkpoints of one architecture, as before and after fine-tuning",
        )
    mixed = mix_states(base.model.state_dict(), other.model.state_dict(), alpha, use)
    # The base was loaded for this adapter alone.
    base.model.load_state_dict(mixed)
    if isinstance(base, DualEncoder) and isinstance(other, DualEncoder):
        return replace(
            base,
            logit_scale=_mixed_scale(base.logit_scale, other.logit_scale, alpha),
            logit_bias=(1 - alpha) * base.logit_bias + alpha * other.logit_bias,
        )
    return base


def mix_states(first: State, second: State, alpha: float, use: AdapterUse) -> dict[str, torch.Tensor]:
    """Return (1 - alpha) first + alpha second; whole numbers (counters, positions) are the first's."""
    names = {name for name in {*first, *second} if name not in first or name not in second}
    shapes = {name for name in {*first} - names if first[name].shape != second[name].shape}
    if names or shapes:
        raise ModelError(
            f"their weights differ in form: {name_first(sorted(names | shapes), 3)}",
            where=f"{use.base.text}+{use.name}@{use.other.text if use.other else ''}",
            expected="two checkpoints of one architecture, as before and after fine-tuning",
        )
    return {
        name: (1 - alpha) * weights + alpha * second[name].to(weights) if weights.is_floating_point() else weights
        for name, weights in first.items()
    }


def _mixed_scale(first: float, second: float, alpha: float) -> float:
    """Mix logit scales as the weights that they are: by their logarithms, the ends exactly."""
    ends = {0.0: first, 1.0: second}
    return ends[alpha] if alpha in ends else exp((1 - alpha) * log(first) + alpha * log(second))


WISE_FT = Adapter(
    name="wise-ft",
    sort="encoder",
    argument="model",
    settings=(
        NumberOption(
            name="alpha", description="The second model's share.", default="0.5", low=0, high=1, always_keyed=True
        ),
    ),
    requires=frozenset({"has gradients"}),
    learns=False,
    libraries=(),
    adapt=mix_models,
)

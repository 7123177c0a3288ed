"""The attacks by name: what each does where a check does not say otherwise, and how it is run.

White-box FGSM, BIM, MIM, DIM and DeepFool, the same four steps by transfer from a substitute (without DeepFool), and
NES and SPSA, which see scores only, are the eleven of "Benchmarking Zero-Shot Robustness" with its released settings.
PGD with restarts, APGD-CE, APGD-T and AutoAttack are the ones to trust beyond them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from robustcheck.protocols.attack.apgd import AutoSteps, search
from robustcheck.protocols.attack.attempts import Attempt
from robustcheck.protocols.attack.autoattack import PACKAGE, Ensemble, run_ensemble
from robustcheck.protocols.attack.deepfool import Approach, approach
from robustcheck.protocols.attack.gradient_steps import Climb, climb
from robustcheck.protocols.attack.query_steps import Queries, ask

if TYPE_CHECKING:
    import torch

SCHEMA = 1  # raise it when an attack of the same name and settings comes to move images otherwise
_ROZ_STEP = 0.15

How = Climb | Queries | Approach | AutoSteps | Ensemble


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check says of an attack; None or 0 where it leaves a setting to the attack.

    ``is_search`` tells a search for the smallest eps from an attack at one eps: the paper's steps differ.
    """

    name: str
    steps: int | None = None
    step: float | None = None
    restarts: int | None = None
    loss: str = "ce"
    queries: int = 100
    candidates: int = 0
    is_transfer: bool = False
    is_search: bool = False


@dataclass(frozen=True, slots=True)
class AttackKind:
    """An attack: ``settle`` fills in its own settings for an eps, ``passes`` counts the model's passes an image.

    ``by_transfer`` says that a substitute can stand in for the model. ``is_minimal`` attacks look for the nearest
    misclassified point and not for one within eps. ``climbs_loss`` says that the option ``loss`` counts.
    ``most_passes`` depends on settings only, so it is known beforehand; a pass is one forward and, but for queries, one
    backward.
    """

    name: str
    about: str
    settle: Callable[[Asked, float], How]
    by_transfer: bool = False
    is_minimal: bool = False
    climbs_loss: bool = True
    package: str = ""


def move_images(attempt: Attempt, how: How) -> torch.Tensor:
    """Return where an attack moves the images of an attempt."""
    if isinstance(how, Climb):
        return climb(attempt, how)
    if isinstance(how, Queries):
        return ask(attempt, how)
    if isinstance(how, Approach):
        return approach(attempt, how)
    return search(attempt, how) if isinstance(how, AutoSteps) else run_ensemble(attempt, how)


def count_passes(how: How, classes: int) -> int:
    """Return how many passes of the model an attack takes for one image at most, forwards and backwards apart."""
    if isinstance(how, Climb):
        return how.steps * how.restarts
    if isinstance(how, Queries):
        return how.steps * (how.queries + 1)
    if isinstance(how, Approach):
        return how.steps * (min(how.candidates, classes) or classes)
    if isinstance(how, AutoSteps):
        return (how.steps + 1) * how.restarts * max(1, min(how.targets, classes - 1))
    return how.passes


def facts_of(how: How) -> Mapping[str, Any]:
    """Return the settings of an attack for keys."""
    return {"of": type(how).__name__, **asdict(how)}


def bim_steps(eps: float) -> int:
    """Return the steps of BIM in the released code: min(255 eps + 4, 1.25 x 255 eps), at least one.

    >>> [bim_steps(size / 255) for size in (0, 1, 4, 8, 16)]
    [1, 1, 5, 10, 20]
    """
    size = round(255 * eps, 9)
    return max(1, int(min(size + 4, 1.25 * size)))


def _fgsm(asked: Asked, eps: float) -> Climb:
    return Climb(1, asked.step or 1.0, asked.loss)


def _bim(asked: Asked, eps: float) -> Climb:
    own = 20 if asked.is_search else bim_steps(eps)
    return Climb(asked.steps or own, asked.step or _ROZ_STEP, asked.loss)


def _mim(asked: Asked, eps: float, *, is_diverse: bool = False) -> Climb:
    own = 10 if asked.is_transfer and not asked.is_search else 20
    step = asked.step or _ROZ_STEP
    return Climb(asked.steps or own, step, asked.loss, decay=1.0, is_diverse=is_diverse)


def _dim(asked: Asked, eps: float) -> Climb:
    return _mim(asked, eps, is_diverse=True)


def _pgd(asked: Asked, eps: float) -> Climb:
    steps = asked.steps or 20
    # 2.5 / steps: far enough to reach any corner of the ball from any start and to come back (Madry 2018).
    return Climb(steps, asked.step or 2.5 / steps, asked.loss, is_random=True, restarts=asked.restarts or 5)


def _nes(asked: Asked, eps: float, *, is_normal: bool = True) -> Queries:
    own = 20 if asked.is_search else 10
    return Queries(asked.steps or own, asked.step or _ROZ_STEP, asked.queries, is_normal)


def _spsa(asked: Asked, eps: float) -> Queries:
    return _nes(asked, eps, is_normal=False)


def _deepfool(asked: Asked, eps: float) -> Approach:
    return Approach(asked.steps or 50, candidates=asked.candidates)


def _apgd(asked: Asked, eps: float) -> AutoSteps:
    return AutoSteps(asked.steps or 100, asked.loss, asked.restarts or 1)


def _apgd_targeted(asked: Asked, eps: float) -> AutoSteps:
    return AutoSteps(asked.steps or 100, "targeted dlr", asked.restarts or 1, targets=9)


def _ensemble(asked: Asked, eps: float) -> Ensemble:
    return Ensemble()


ATTACKS: Mapping[str, AttackKind] = {
    kind.name: kind
    for kind in (
        AttackKind("fgsm", "one step of eps along the gradient", _fgsm, by_transfer=True),
        AttackKind("bim", "FGSM in small steps", _bim, by_transfer=True),
        AttackKind("mim", "BIM with momentum", _mim, by_transfer=True),
        AttackKind("dim", "MIM on randomly resized images", _dim, by_transfer=True),
        AttackKind("deepfool", "the nearest boundary, step by step", _deepfool, is_minimal=True, climbs_loss=False),
        AttackKind("nes", "gradients estimated from scores, normal directions", _nes, climbs_loss=False),
        AttackKind("spsa", "gradients estimated from scores, directions of signs", _spsa, climbs_loss=False),
        AttackKind("pgd", "projected gradient ascent from random starts", _pgd, by_transfer=True),
        AttackKind("apgd-ce", "PGD that finds its own step size", _apgd),
        AttackKind("apgd-t", "APGD aimed at the nine likeliest wrong classes", _apgd_targeted, climbs_loss=False),
        AttackKind("autoattack", "APGD-CE, APGD-T, FAB-T and Square", _ensemble, climbs_loss=False, package=PACKAGE),
    )
}

_LOSS = frozenset({"loss", "loss_scale"})
_STEPS = frozenset({"steps", "step"})
# The settings that mean something to each attack.
TAKES: Mapping[str, frozenset[str]] = {
    "fgsm": _LOSS | {"step"},
    "bim": _LOSS | _STEPS,
    "mim": _LOSS | _STEPS,
    "dim": _LOSS | _STEPS,
    "deepfool": frozenset({"steps", "candidates"}),
    "nes": _STEPS | {"queries"},
    "spsa": _STEPS | {"queries"},
    "pgd": _LOSS | _STEPS | {"restarts"},
    "apgd-ce": _LOSS | {"steps", "restarts"},
    "apgd-t": frozenset({"steps", "restarts"}),
    "autoattack": frozenset(),
}

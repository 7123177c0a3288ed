"""Attacks as arithmetic: closed forms on linear models, and each attack against a second implementation."""

from __future__ import annotations

import sys
from collections.abc import Callable

import eagerpy
import foolbox
import numpy as np
import pytest
import torch
from attack_models import SHAPE, Linear, attempt_on, network
from attack_references import LabelFromTheStart, TargetedFromTheStart
from pyautoattack.autopgd_base import APGDAttack, APGDAttack_targeted
from torch.nn import functional

from robustcheck.errors import ModelError
from robustcheck.protocols.attack.apgd import AutoSteps, search
from robustcheck.protocols.attack.attack_losses import cross_entropy, logits_ratio, margin, targeted_ratio
from robustcheck.protocols.attack.attacks import ATTACKS, Asked, How, bim_steps, count_passes, move_images
from robustcheck.protocols.attack.attempts import Attempt
from robustcheck.protocols.attack.autoattack import Ensemble, run_ensemble
from robustcheck.protocols.attack.deepfool import Approach, approach
from robustcheck.protocols.attack.gradient_steps import Climb, climb
from robustcheck.protocols.attack.query_steps import SIGMA, Queries, ask, estimated_gradient
from robustcheck.protocols.attack.spaces import PIXEL, ROZ, AttackSpace, Balls, Norm, sizes

CHEAP = [name for name in ATTACKS if name not in ("autoattack", "deepfool")]
EPS = 0.03


def conv(n: int = 24) -> tuple[Callable[[torch.Tensor], torch.Tensor], np.ndarray, np.ndarray]:
    logits = network()
    pixels = np.random.default_rng(1).uniform(0, 1, size=(n, *SHAPE)).astype(np.float32)
    with torch.no_grad():
        return logits, pixels, logits(torch.tensor(pixels)).argmax(dim=1).numpy()


def settled(name: str, eps: float, **asked: object) -> How:
    return ATTACKS[name].settle(Asked(name, **asked), eps)  # type: ignore[arg-type]


# --- closed forms --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fgsm", "bim", "mim", "pgd", "apgd-ce"])
def test_on_two_classes_a_linear_model_has_one_worst_point_and_every_attack_reaches_it(name: str) -> None:
    """The margin falls by eps ||w_y - w_k||_1: no attack can do more, and none that climbs does less."""
    model, eps = Linear(classes=2, n=8, scale=0.1), 0.02
    attempt = attempt_on(model.logits, model.pixels, model.labels, eps, surrogate=lambda points: model.logits(points))
    points = move_images(attempt, settled(name, eps, steps=40 if name != "fgsm" else 1))
    gap = np.abs(model.weights[0] - model.weights[1]).sum()
    before, after = (margin(model.logits(each), attempt.labels) for each in (attempt.balls.centres, points))
    np.testing.assert_allclose((after - before).numpy(), eps * gap, rtol=2e-3)
    worst = attempt.balls.centres + eps * torch.tensor(
        np.sign((model.weights[1 - model.labels] - model.weights[model.labels]).reshape(-1, *SHAPE))
    )
    np.testing.assert_allclose(points.numpy(), worst.numpy(), atol=2e-3 * eps)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("name", ["pgd", "apgd-ce", "apgd-t"])
def test_strong_attacks_find_the_robust_accuracy_that_a_linear_model_has(name: str, norm: Norm) -> None:
    """None finds what is not there. Aimed at each class in turn, none is missed; the largest of several rising
    functions has more than one summit, so the other attacks may end on the wrong one."""
    model = Linear(scale=0.3, n=40)
    distances = model.distances(norm)
    for share in (0.3, 0.6):
        eps = float(np.quantile(distances, share))
        attempt = attempt_on(model.logits, model.pixels, model.labels, eps, norm)
        fooled = attempt.fooled(move_images(attempt, settled(name, eps, loss="margin"))).numpy()
        sure = np.abs(distances - eps) > 1e-3 * eps
        possible = distances < eps
        assert not (fooled & ~possible)[sure].any()
        assert (possible & ~fooled)[sure].sum() <= (0 if name == "apgd-t" else 2)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_deepfool_finds_the_distance_of_a_linear_model(norm: Norm) -> None:
    model = Linear()
    attempt = attempt_on(model.logits, model.pixels, model.labels, 0.0, norm)
    points = approach(attempt, Approach(50, overshoot=0.0))
    assert attempt.fooled(points).all()
    found = sizes(points - attempt.balls.centres, norm).numpy()
    np.testing.assert_allclose(found, model.distances(norm), atol=2e-4)


def test_on_a_linear_model_accuracy_never_rises_with_eps() -> None:
    model = Linear(scale=0.3, n=16)
    for name in CHEAP:
        shares = []
        for eps in (0.0, 0.01, 0.03, 0.08):
            attempt = attempt_on(model.logits, model.pixels, model.labels, eps)
            how = settled(name, eps, steps=5, restarts=1, queries=20)
            shares.append(float(attempt.fooled(move_images(attempt, how)).float().mean()))
        assert shares[0] == 0, name
        assert shares == sorted(shares), name


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("name", CHEAP)
def test_no_attack_leaves_its_ball_or_the_box(name: str, norm: Norm) -> None:
    logits, pixels, labels = conv(8)
    for eps in (0.0, 1 / 255, 0.3):
        attempt = attempt_on(logits, pixels, labels, eps, norm)
        points = move_images(attempt, settled(name, eps, steps=4, queries=10))
        attempt.balls.require_inside(points, name)
        change = (points.double() - attempt.balls.centres.double()).flatten(1)
        size = change.abs().amax(dim=1) if norm == "linf" else change.norm(dim=1)
        assert float(size.max()) <= eps + (1e-7 if norm == "linf" else 1e-6)
        assert float(points.min()) >= 0
        assert float(points.max()) <= 1


# --- second implementations ----------------------------------------------------------------------------


def numpy_climb(model: Linear, steps: int, alpha: float, eps: float, decay: float | None) -> np.ndarray:
    """BIM and MIM (Dong 2018, algorithm 1) in numpy on the analytic gradient."""
    points, momentum = model.pixels.astype(np.float64), 0.0
    for _ in range(steps):
        slope = model.slopes(points)
        if decay is not None:
            slope = momentum = decay * momentum + slope / np.abs(slope).sum(axis=(1, 2, 3), keepdims=True)
        points = points + alpha * eps * np.sign(slope)
        points = np.clip(np.clip(points, model.pixels - eps, model.pixels + eps), 0, 1)
    return points


@pytest.mark.parametrize("decay", [None, 1.0, 0.5])
def test_the_loop_is_that_of_the_papers(decay: float | None) -> None:
    """Against numpy on the written-out gradient; the momentum's normalisation changes no sign between norms."""
    model = Linear(classes=6, scale=0.2)
    attempt = attempt_on(model.logits, model.pixels, model.labels, EPS, surrogate=lambda points: model.logits(points))
    found = climb(attempt, Climb(7, 0.15, decay=decay)).numpy()
    np.testing.assert_allclose(found, numpy_climb(model, 7, 0.15, EPS, decay), atol=2e-6)


FOOLBOX: dict[tuple[str, Norm], object] = {
    ("fgsm", "linf"): foolbox.attacks.LinfFastGradientAttack(),
    ("fgsm", "l2"): foolbox.attacks.L2FastGradientAttack(),
    ("bim", "linf"): foolbox.attacks.LinfBasicIterativeAttack(rel_stepsize=0.15, steps=9),
    ("bim", "l2"): foolbox.attacks.L2BasicIterativeAttack(rel_stepsize=0.15, steps=9),
}


@pytest.mark.parametrize(("name", "norm"), list(FOOLBOX))
def test_fgsm_and_bim_are_those_of_foolbox(name: str, norm: Norm) -> None:
    logits, pixels, labels = conv()
    attempt = attempt_on(logits, pixels, labels, EPS, norm, surrogate=lambda points: logits(points))
    ours = move_images(attempt, settled(name, EPS, steps=9 if name == "bim" else 1))
    wrapped = foolbox.PyTorchModel(logits, bounds=(0, 1), device="cpu")
    theirs, _, _ = FOOLBOX[name, norm](wrapped, attempt.balls.centres, attempt.labels, epsilons=EPS)  # type: ignore[operator]
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=2e-6)


def test_pgd_from_the_same_start_is_that_of_foolbox() -> None:
    logits, pixels, labels = conv()
    attempt = attempt_on(logits, pixels, labels, EPS, surrogate=lambda points: logits(points))
    start = attempt.balls.start(attempt.generators("start 0"))
    assert len(torch.unique(start - attempt.balls.centres)) > 100
    ours = climb(attempt, Climb(12, 0.1, is_random=True))

    class Started(foolbox.attacks.LinfProjectedGradientDescentAttack):
        def get_random_start(self, x0: eagerpy.Tensor, epsilon: float) -> eagerpy.Tensor:
            return eagerpy.astensor(start)

    wrapped = foolbox.PyTorchModel(logits, bounds=(0, 1), device="cpu")
    theirs, _, _ = Started(rel_stepsize=0.1, steps=12)(wrapped, attempt.balls.centres, attempt.labels, epsilons=EPS)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=2e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_deepfool_is_that_of_foolbox(norm: Norm) -> None:
    logits, pixels, labels = conv()
    attempt = attempt_on(logits, pixels, labels, 0.0, norm)
    kinds = {"linf": foolbox.attacks.LinfDeepFoolAttack, "l2": foolbox.attacks.L2DeepFoolAttack}
    theirs = kinds[norm](steps=50, candidates=None).run(
        foolbox.PyTorchModel(logits, bounds=(0, 1), device="cpu"), attempt.balls.centres, attempt.labels
    )
    ours = approach(attempt, Approach(50))
    assert attempt.fooled(ours).all()
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=2e-5)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("targets", [0, 9])
def test_apgd_finds_what_pyautoattack_finds(targets: int, norm: Norm) -> None:
    logits, pixels, labels = conv(48)
    attempt = attempt_on(logits, pixels, labels, 0.0, norm)
    nearest = sizes(approach(attempt, Approach(50)) - attempt.balls.centres, norm).float()
    eps = float(nearest.median())
    ours = search(attempt.within(nearest * 0 + eps), AutoSteps(40, targets=targets))
    kind = APGDAttack_targeted if targets else APGDAttack
    label = {"linf": "Linf", "l2": "L2"}[norm]
    attack = kind(logits, n_restarts=1, n_iter=40, eps=eps, norm=label, seed=0, device="cpu", verbose=False)
    if targets:
        attack.n_target_classes = 5
    with torch.random.fork_rng():
        theirs = attack.perturb(attempt.balls.centres, attempt.labels)
    found, expected = (float(attempt.fooled(points).float().mean()) for points in (ours, theirs))
    assert 0.3 < expected < 0.9
    assert found == pytest.approx(expected, abs=1 / 48 + 1e-9)


@pytest.mark.parametrize("targets", [0, 1])
def test_apgd_is_step_by_step_that_of_pyautoattack_with_rises_counted_from_the_start(targets: int) -> None:
    """Of 10 steps the first period is 2: the package takes the loss of the start for 0, and so halves otherwise."""
    logits, pixels, labels = conv(24)
    attempt = attempt_on(logits, pixels, labels, 1 / 255)
    start, own = attempt.balls.start(attempt.generators("start 0")), logits(attempt.balls.centres)
    ours = search(attempt, AutoSteps(10, targets=targets))
    stands = ~attempt.fooled(ours)
    assert stands.sum() > 12

    def theirs(kind: type[APGDAttack]) -> torch.Tensor:
        attack = kind(logits, n_iter=10, eps=1 / 255, norm="Linf", device="cpu")
        attack.init_hyperparam(attempt.balls.centres)
        attack.y_target = own.argsort(dim=1)[:, -2]
        with torch.random.fork_rng():
            return attack.attack_single_run(attempt.balls.centres, attempt.labels, start)[0]

    kinds = (TargetedFromTheStart, APGDAttack_targeted) if targets else (LabelFromTheStart, APGDAttack)
    apart = [(theirs(kind) - ours)[stands].abs().amax(dim=(1, 2, 3)).numpy() for kind in kinds]
    assert apart[0].max() < 1e-6
    # Cross-entropy rises at the first step of every image here, as the package takes for granted.
    assert (apart[1].max() > 1e-4) == bool(targets)


def test_autoattack_fools_a_linear_model_as_soon_as_it_can_be_fooled() -> None:
    model = Linear(classes=4, scale=0.3, n=4)
    eps = float(1.01 * model.distances("linf").max())
    attempt = attempt_on(model.logits, model.pixels, model.labels, eps)
    state = torch.random.get_rng_state()
    points = run_ensemble(attempt, Ensemble())
    assert attempt.fooled(points).all()
    attempt.balls.require_inside(points, "autoattack")
    assert torch.equal(state, torch.random.get_rng_state())
    few = Linear(classes=3)
    with pytest.raises(ModelError, match="AutoAttack on 3 classes"):
        run_ensemble(attempt_on(few.logits, few.pixels, few.labels, eps), Ensemble())


def test_autoattack_gives_tracing_back() -> None:
    """The package ends all tracing: a debugger's, and that of coverage."""
    model = Linear(classes=4, scale=0.3, n=1)
    attempt = attempt_on(model.logits, model.pixels, model.labels, float(1.01 * model.distances("linf").max()))
    before = sys.gettrace()
    try:
        sys.settrace(ignore := lambda *_: None)
        run_ensemble(attempt, Ensemble())
        assert sys.gettrace() is ignore
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("is_normal", [True, False])
def test_queries_estimate_the_gradient(is_normal: bool) -> None:
    """The same sum over the same directions in numpy; and, with many directions, the true gradient of the margin."""
    model = Linear(n=3)
    attempt = attempt_on(model.logits, model.pixels, model.labels, EPS)
    how = Queries(1, 1.0, 8, is_normal)
    found = estimated_gradient(attempt, attempt.balls.centres, how, attempt.generators("queries")).numpy()
    for row, generator in enumerate(attempt.generators("queries")):
        total = np.zeros(SHAPE)
        for _ in range(4):
            drawn = (
                torch.randn(SHAPE, generator=generator)
                if is_normal
                else torch.randint(2, SHAPE, generator=generator).float() * 2 - 1
            ).numpy()
            sides = [model.numpy_logits((model.pixels[row] + sign * SIGMA * drawn)[None])[0] for sign in (1, -1)]
            gaps = [np.delete(side, model.labels[row]).max() - side[model.labels[row]] for side in sides]
            total += (gaps[0] - gaps[1]) / (2 * SIGMA) * drawn
        np.testing.assert_allclose(found[row], total / 4, atol=0.05 * np.abs(total).max())
    many = estimated_gradient(attempt, attempt.balls.centres, Queries(1, 1.0, 4000, is_normal), attempt.generators("q"))
    points = attempt.balls.centres.clone().requires_grad_()
    (true,) = torch.autograd.grad(margin(model.logits(points), attempt.labels).sum(), points)
    cosines = functional.cosine_similarity(many.flatten(1), true.flatten(1))
    assert float(cosines.min()) > 0.95


@pytest.mark.parametrize("is_normal", [True, False])
def test_few_directions_tell_little_of_the_gradient(is_normal: bool) -> None:
    """On a linear model k directions of d give an estimate whose squared cosine is near k / (d + k + 1).

    That is (sum of k squares)^2 over the mean of |sum u u' g|^2, which is k (d + k + 1) |g|^2 for normal u.
    """
    model, k = Linear(n=48), 12
    attempt = attempt_on(model.logits, model.pixels, model.labels, EPS)
    points = attempt.balls.centres.clone().requires_grad_()
    (true,) = torch.autograd.grad(margin(model.logits(points), attempt.labels).sum(), points)
    how = Queries(1, 1.0, 2 * k, is_normal)
    found = estimated_gradient(attempt, attempt.balls.centres, how, attempt.generators("few"))
    squared = functional.cosine_similarity(found.flatten(1), true.flatten(1)) ** 2
    d = int(np.prod(SHAPE))
    assert float(squared.mean()) == pytest.approx(k / (d + k + 1), rel=0.25)


def test_attacks_by_queries_fool_a_linear_model_and_stop_when_they_have() -> None:
    model = Linear(scale=0.3)
    eps = float(2 * model.distances("linf").max())
    attempt = attempt_on(model.logits, model.pixels, model.labels, eps)
    points = ask(attempt, Queries(20, 0.15, 100, True))
    assert float(attempt.fooled(points).float().mean()) > 0.9
    assert float(sizes(points - attempt.balls.centres, "linf").min()) < eps


def test_diverse_inputs_are_shrunk_bilinearly_and_padded_with_zeros() -> None:
    """Each image that the model sees is its own, or what numpy shrinks it to, somewhere in a black frame."""
    side, seen = 40, []
    pixels = np.random.default_rng(0).uniform(0.2, 1, size=(6, 3, side, side)).astype(np.float32)
    weights = torch.tensor(np.random.default_rng(1).normal(size=(3, 3 * side * side)).astype(np.float32))

    def logits(points: torch.Tensor) -> torch.Tensor:
        seen.append(points.detach().numpy())
        return points.flatten(1) @ weights.T

    attempt = attempt_on(logits, pixels, np.zeros(6, np.int64), EPS, surrogate=lambda points: logits(points))
    climb(attempt, Climb(1, 1.0, is_diverse=True))
    kinds = set()
    for image, given in zip(seen[0], pixels, strict=True):
        lit = np.argwhere(image.sum(axis=0) > 0)
        (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0) + 1
        assert bottom - top == right - left
        assert 36 <= bottom - top <= side
        kinds.add(int(bottom - top) == side)
        np.testing.assert_allclose(image[:, top:bottom, left:right], shrink(given, int(bottom - top)), atol=1e-5)
    assert kinds == {True, False}


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Resize (3, s, s) bilinearly between pixel centres, written out."""
    places = np.clip((np.arange(side) + 0.5) * image.shape[1] / side - 0.5, 0, image.shape[1] - 1)
    low = np.floor(places).astype(int)
    high, share = np.minimum(low + 1, image.shape[1] - 1), places - low
    rows = image[:, low] * (1 - share)[None, :, None] + image[:, high] * share[None, :, None]
    return rows[:, :, low] * (1 - share) + rows[:, :, high] * share


# --- losses, settings, spaces, balls ---------------------------------------------------------------------


def test_losses_are_as_defined() -> None:
    logits = torch.tensor([[3.0, 1.0, 2.0, 0.5], [0.0, 4.0, 1.0, 2.0]])
    labels, targets = torch.tensor([0, 3]), torch.tensor([2, 1])
    np.testing.assert_allclose(margin(logits, labels), [-1.0, 2.0])
    np.testing.assert_allclose(logits_ratio(logits, labels), [-1 / 2, 2 / 3])
    np.testing.assert_allclose(targeted_ratio(logits, labels, targets), [-1 / (3 - 0.75), 2 / (4 - 0.5)])
    own = np.exp([3.0, 2.0]) / np.exp(logits.numpy()).sum(axis=1)
    np.testing.assert_allclose(cross_entropy(logits, labels), -np.log(own), rtol=1e-6)
    np.testing.assert_allclose(logits_ratio(100 * logits, labels), logits_ratio(logits, labels))


def test_the_settings_are_those_of_the_released_code() -> None:
    assert [bim_steps(size / 255) for size in (0.255, 2, 8, 16)] == [1, 2, 10, 20]
    assert settled("mim", 0.03) == Climb(20, 0.15, decay=1.0)
    assert settled("mim", 0.03, is_transfer=True) == Climb(10, 0.15, decay=1.0)
    assert settled("bim", 0.001, is_search=True) == Climb(20, 0.15)
    assert settled("dim", 0.03) == Climb(20, 0.15, decay=1.0, is_diverse=True)
    assert settled("nes", 0.03) == Queries(10, 0.15, 100, True)
    assert settled("spsa", 0.03, is_search=True) == Queries(20, 0.15, 100, False)
    assert settled("deepfool", 0.03) == Approach(50, 0.02, 0)


def test_passes_are_counted_as_they_are_made() -> None:
    model = Linear(classes=5, n=2, scale=0.01)
    for name in ("fgsm", "bim", "mim", "pgd", "apgd-ce", "apgd-t"):
        calls = []

        def counted(points: torch.Tensor, calls: list[int] = calls) -> torch.Tensor:
            calls.append(len(points))
            return model.logits(points)

        how = settled(name, 1e-6, steps=5) if name != "fgsm" else settled(name, 1e-6)
        move_images(attempt_on(model.logits, model.pixels, model.labels, 1e-6, surrogate=counted), how)
        # APGD-T looks once which classes to aim at.
        assert len(calls) - (name == "apgd-t") == count_passes(how, 5), name


def test_the_space_of_the_released_code_is_normalised_as_clip() -> None:
    pixels = torch.tensor(np.random.default_rng(0).uniform(size=(2, 3, 4, 4)).astype(np.float32))
    points = ROZ.points(pixels)
    assert ROZ.low < float(points.min()) < float(points.max()) < ROZ.high
    np.testing.assert_allclose(ROZ.pixels(points), pixels, atol=1e-6)
    assert torch.equal(PIXEL.pixels(PIXEL.points(pixels)), pixels)
    # 8/255 there is about a quarter of 8/255 of a pixel.
    moved = ROZ.pixels(points + 8 / 255) - pixels
    np.testing.assert_allclose(moved[0, :, 0, 0], 8 / 255 * np.array(ROZ.std), rtol=1e-4)


def test_a_point_outside_its_ball_or_the_box_is_an_error() -> None:
    centres = torch.full((2, 3, 2, 2), 0.5)
    balls = Balls(centres, torch.full((2,), 0.1), "linf", PIXEL)
    balls.require_inside(centres + 0.1, "pgd")
    for moved in (centres + 0.1001, torch.where(centres > 0, 1.2, 1.2)):
        with pytest.raises(ModelError, match="the attack pgd left its ball"):
            balls.require_inside(moved, "pgd")
    wide = Balls(centres, torch.full((2,), 1.0), "linf", PIXEL)
    with pytest.raises(ModelError, match="0 to 1"):
        wide.require_inside(centres + 0.6, "pgd")


@pytest.mark.parametrize("space", [PIXEL, ROZ], ids=lambda space: space.name)
def test_a_point_at_the_wall_of_the_box_lies_inside(space: AttackSpace) -> None:
    """Neither -1.8 nor 2.15 is a float32, and a point that was cut to one of them is no error."""
    for wall, beyond in ((space.low, -1e-3), (space.high, 1e-3)):
        centres = torch.full((1, 3, 2, 2), wall - 2 * beyond)
        balls = Balls(centres, torch.full((1,), 0.01), "linf", space)
        cut = balls.project(centres + 4 * beyond)
        assert torch.equal(cut, torch.full_like(centres, wall))
        balls.require_inside(cut, "bim")
        with pytest.raises(ModelError, match="the attack bim left its ball"):
            balls.require_inside(cut + beyond, "bim")


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_projection_gives_the_nearest_point_and_starts_fill_the_ball(norm: Norm) -> None:
    centres = torch.full((64, 3, 2, 2), 0.5)
    balls = Balls(centres, torch.full((64,), 0.2), norm, PIXEL)
    far = centres + torch.tensor(np.random.default_rng(0).normal(size=centres.shape).astype(np.float32))
    inside = balls.project(far)
    assert torch.allclose(balls.project(inside), inside, atol=1e-7)
    if norm == "l2":
        direction = (far - centres).flatten(1)
        np.testing.assert_allclose(
            inside.flatten(1) - 0.5, 0.2 * direction / direction.norm(dim=1, keepdim=True), atol=1e-6
        )
    else:
        np.testing.assert_allclose(inside, far.clamp(0.3, 0.7), atol=1e-7)
    generators = [torch.Generator().manual_seed(row) for row in range(64)]
    start = sizes(balls.start(generators) - centres, norm)
    assert float(start.min()) > 0.1
    assert 0.18 < float(start.max()) <= 0.2 + 1e-6


@pytest.mark.parametrize("space", [PIXEL, ROZ], ids=lambda space: space.name)
@pytest.mark.parametrize("eps", [1e-6, 1e-3, 1.0, 30.0])
def test_rounding_takes_no_long_or_tiny_change_out_of_its_ball(eps: float, space: AttackSpace) -> None:
    """At 224 x 224 rounding adds up to 1% to a change of 0.001, and a length of 30 has steps of 2e-6."""
    drawn = np.random.default_rng(0).uniform(0.4, 0.6, size=(1, 3, 224, 224)).astype(np.float32)
    centres = space.points(torch.tensor(drawn))
    balls = Balls(centres, torch.full((1,), eps), "l2", space)
    points = balls.project(centres + torch.tensor(drawn - 0.5).sign())
    balls.require_inside(points, "pgd")
    length = (points.double() - centres.double()).square().sum().sqrt()
    assert float(length) <= eps + 1e-6 * max(eps, space.high - space.low)
    assert float(length) >= 0.99 * eps or eps < 1e-3


def test_what_is_drawn_for_an_image_does_not_depend_on_its_neighbours() -> None:
    logits, pixels, labels = conv(6)
    whole = attempt_on(logits, pixels, labels, EPS)
    together = move_images(whole, Climb(6, 0.2, is_random=True, restarts=2))
    for rows in ([1], [4, 0]):
        part: Attempt = whole.take(torch.tensor(rows))
        np.testing.assert_allclose(
            move_images(part, Climb(6, 0.2, is_random=True, restarts=2)), together[rows], atol=1e-6
        )

"""Every metric that a suite can name."""

from __future__ import annotations

from collections.abc import Mapping

from robustcheck.errors import SetupError, did_you_mean
from robustcheck.metrics.facts import MetricFacts, OptionFacts

_ID_DATASET = OptionFacts(
    "id_dataset", "", (), "The in-distribution set; default: the one that goes with the data set."
)
_DETECTION = (
    OptionFacts(
        "score",
        "auto",
        ("auto", "mcm", "msp", "max_logit", "energy", "entropy"),
        "The detection score; auto is mcm for zero-shot models, msp for classifiers and saved predictions.",
    ),
    _ID_DATASET,
)
_CALIBRATION = (
    OptionFacts(
        "temperature",
        "none",
        ("none", "fitted", "oracle"),
        "Scale the logits: not at all, by the temperature of half the in-distribution set, or by the best one here.",
    ),
    OptionFacts("fitted_on", "", (), "The set the temperature is fitted on; default: the in-distribution set."),
    OptionFacts(
        "half",
        "auto",
        ("auto", "all", "test"),
        "Score all images, or the half not fitted on (auto: that half where images were fitted on).",
    ),
)
_BINNED = (*_CALIBRATION, OptionFacts("bins", "15", ("10", "15", "20", "25", "30", "50"), "The number of bins."))
_ANNOTATION = (OptionFacts("annotation", "top", ("top", "multi"), "One main factor an image, or every factor."),)
_FLIP_BASELINE = (
    OptionFacts(
        "baseline",
        "none",
        ("none", "alexnet-unverified"),
        "What to divide by; the table that ships is recalled and not checked against its source.",
    ),
)
_CLEAN = (OptionFacts("clean", "imagenet-val", (), "The set of clean images that the corrupted ones were made from."),)
_PM_K = (
    OptionFacts("k", "all", ("all", "1", "2", "5", "10"), "How many frames on either side must be right: all, or k."),
)
_REFERENCE = (
    OptionFacts("reference", "", (), "The data set whose near-duplicates are looked for, such as a training set."),
    OptionFacts(
        "detector",
        "phash",
        ("phash", "phash-256", "model"),
        "A perceptual hash of 64 or 256 bits, or the model's own image embeddings.",
    ),
    OptionFacts(
        "strength", "2", ("1", "2", "3", "4", "5"), "How strongly the made duplicates are altered, 1 to 5 (strongest)."
    ),
    OptionFacts("precision", "0.99", ("0.9", "0.95", "0.99"), "The precision that the threshold must have."),
)

_FACTS = (
    MetricFacts("top1", "%", True, "mean", "Share of images whose best class is the right one."),
    MetricFacts("top5", "%", True, "mean", "Share of images whose five best classes hold the right one."),
    MetricFacts("mean_per_class_recall", "%", True, "group_mean", "Top-1 of each class, averaged over the classes."),
    MetricFacts(
        "worst_factor",
        "%",
        True,
        "group_min",
        "Top-1 on the images of the visual factor that is worst.",
        protocol="factors",
        options=_ANNOTATION,
    ),
    MetricFacts(
        "error_ratio",
        "",
        False,
        "ratio",
        "Error rate on the images of a visual factor over that on all: 1 is no worse than elsewhere.",
        protocol="factors",
        bounded=False,
    ),
    MetricFacts(
        "ece",
        "",
        False,
        "ece",
        "Expected calibration error: mean distance of confidence and accuracy over bins of equal width.",
        protocol="calibrate",
        options=_BINNED,
    ),
    MetricFacts(
        "ece_mass",
        "",
        False,
        "ece_mass",
        "Expected calibration error over bins that hold equally many images.",
        protocol="calibrate",
        options=_BINNED,
    ),
    MetricFacts(
        "nll",
        "",
        False,
        "mean",
        "Mean negative log-likelihood of the right class, in nats.",
        protocol="calibrate",
        options=_CALIBRATION,
        bounded=False,
    ),
    MetricFacts(
        "brier",
        "",
        False,
        "mean",
        "Mean squared distance of the probabilities from the right answer, 0 to 2.",
        protocol="calibrate",
        options=_CALIBRATION,
        bounded=False,
    ),
    MetricFacts(
        "auroc",
        "",
        True,
        "auroc",
        "Probability that an in-distribution image scores higher than another.",
        n_min=4,
        protocol="detect",
        options=_DETECTION,
    ),
    MetricFacts(
        "class_auroc",
        "",
        True,
        "group_auroc",
        "AUROC against each class of the other set, averaged over these classes (NINCO).",
        n_min=4,
        protocol="detect",
        options=_DETECTION,
    ),
    MetricFacts(
        "fpr95",
        "%",
        False,
        "fpr95",
        "Share of the other set that is accepted where 95% of the in-distribution set is.",
        n_min=4,
        protocol="detect",
        options=_DETECTION,
    ),
    MetricFacts(
        "class_fpr95",
        "%",
        False,
        "group_fpr95",
        "FPR@95 for each class of the other set, averaged over these classes (NINCO).",
        n_min=4,
        protocol="detect",
        options=_DETECTION,
    ),
    MetricFacts(
        "fpr95_openood",
        "%",
        False,
        "fpr95",
        "OpenOOD's orientation: share of in-distribution images that are flagged where 95% of the others are.",
        n_min=4,
        protocol="detect",
        options=_DETECTION,
    ),
    MetricFacts(
        "shape_bias",
        "%",
        True,
        "ratio",
        "Share of decisions by shape among those by shape or texture; all names merged into categories.",
        protocol="cue_conflict",
    ),
    MetricFacts(
        "shape_bias_16way",
        "%",
        True,
        "ratio",
        "Shape bias of zero-shot classification over the categories' own names.",
        protocol="cue_conflict",
    ),
    MetricFacts(
        "cue_shape_accuracy",
        "%",
        True,
        "mean",
        "Share of cue-conflict images that are decided by their shape.",
        protocol="cue_conflict",
    ),
    MetricFacts(
        "cue_texture_accuracy",
        "%",
        False,
        "mean",
        "Share of cue-conflict images that are decided by their texture.",
        protocol="cue_conflict",
    ),
    *(
        MetricFacts(
            f"{side}_retrieval_recall@{k}",
            "%",
            True,
            "mean",
            f"Share of {queries} for which {found} among the {k} nearest.",
            protocol="retrieve",
        )
        for side, queries, found in (
            ("image", "captions", "their own image is"),
            ("text", "images", "one of their captions is"),
        )
        for k in (1, 5, 10)
    ),
    MetricFacts(
        "retrieval_recall@5",
        "%",
        True,
        "group_mean",
        "Mean of image and text retrieval recall@5.",
        protocol="retrieve",
    ),
    MetricFacts(
        "mce",
        "%",
        False,
        "weighted_sum",
        "Mean corruption error: errors over AlexNet's, averaged over the corruptions.",
        protocol="corruption",
        bounded=False,
    ),
    MetricFacts(
        "relative_mce",
        "%",
        False,
        "weighted_sum",
        "Relative mean corruption error: what corruption adds to the errors, over what it adds to AlexNet's.",
        protocol="corruption",
        options=_CLEAN,
        bounded=False,
    ),
    MetricFacts(
        "mean_corruption_error",
        "%",
        False,
        "weighted_sum",
        "Mean error over corruptions and severities, not divided by AlexNet's.",
        protocol="corruption",
    ),
    MetricFacts(
        "flip_rate",
        "%",
        False,
        "weighted_sum",
        "Share of frames whose prediction flips (against the previous frame; under noise against the first).",
        protocol="sequence",
    ),
    MetricFacts(
        "mfr",
        "%",
        False,
        "weighted_sum",
        "Mean flip rate: flip rates over AlexNet's, averaged over the perturbations.",
        protocol="sequence",
        options=_FLIP_BASELINE,
        bounded=False,
    ),
    MetricFacts(
        "top5_distance",
        "",
        False,
        "weighted_sum",
        "How far the five best classes move between frames (ImageNet-P's T5D).",
        protocol="sequence",
        bounded=False,
    ),
    MetricFacts("pm0", "%", True, "mean", "Share of anchor frames that are right.", protocol="video"),
    MetricFacts(
        "pm_k",
        "%",
        True,
        "mean",
        "Share of anchor frames that are right together with every frame around them.",
        protocol="video",
        options=_PM_K,
    ),
    MetricFacts(
        "attack_success",
        "%",
        False,
        "mean",
        "Share of images classified as the word that is written on them.",
        protocol="typographic",
    ),
    MetricFacts(
        "accuracy_drop",
        "%",
        False,
        "weighted_sum",
        "Top-1 on the untouched images less top-1 on the transformed ones, image by image.",
        protocol="typographic",
        bounded=False,
    ),
    *(
        MetricFacts(name, "%", higher, "mean", description, protocol="overlap", options=_REFERENCE)
        for name, higher, description in (
            ("overlap_share", False, "Share of images that have a near-duplicate in the reference set."),
            ("clean_accuracy", True, "Top-1 on the images without a near-duplicate in the reference set."),
            ("overlap_accuracy", True, "Top-1 on the images with a near-duplicate in the reference set."),
        )
    ),
    MetricFacts(
        "overlap_gap",
        "%",
        False,
        "weighted_sum",
        "Top-1 on all images less top-1 on those without a near-duplicate: what overlap adds.",
        protocol="overlap",
        options=_REFERENCE,
        bounded=False,
    ),
)

METRICS: Mapping[str, MetricFacts] = {facts.name: facts for facts in _FACTS}


def metric_facts(name: str) -> MetricFacts:
    """Return the facts of a metric, or raise SetupError naming the nearest known one."""
    if name in METRICS:
        return METRICS[name]
    raise SetupError(
        f"unknown metric {name!r}", expected=", ".join(METRICS), fix=did_you_mean(name, METRICS) or "use a known metric"
    )

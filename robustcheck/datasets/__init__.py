"""Datasets: images with labels, groups and a fingerprint, by name or by directory."""

from __future__ import annotations

from robustcheck.datasets.annotations import (
    annotations_of,
    canonical_id,
    classes_outside,
    known_outside,
    most_samples,
    shown_whole,
)
from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.chosen import choose_samples
from robustcheck.datasets.class_sets import known_class_sets
from robustcheck.datasets.dataset import Captions, Dataset, ImageDataset, Vocabulary
from robustcheck.datasets.families import expand
from robustcheck.datasets.image_pairs import ALL, ImagePairs, KeypointPairs, PairGeometry, SurfacePairs, bin_names
from robustcheck.datasets.known_classes import compare_classes, has_own_classes, known_classes
from robustcheck.datasets.open import open_dataset
from robustcheck.datasets.roots import data_roots
from robustcheck.datasets.selection import kept_classes, select
from robustcheck.datasets.sequences import Sequences, sequences_of
from robustcheck.datasets.shared_images import count_shared
from robustcheck.datasets.video_sets import PmSets, pm_sets

__all__ = [
    "ALL",
    "Captions",
    "CatalogueEntry",
    "Dataset",
    "ImageDataset",
    "ImagePairs",
    "KeypointPairs",
    "PairGeometry",
    "PmSets",
    "Sequences",
    "SurfacePairs",
    "Vocabulary",
    "annotations_of",
    "bin_names",
    "canonical_id",
    "choose_samples",
    "classes_outside",
    "compare_classes",
    "count_shared",
    "data_roots",
    "expand",
    "has_own_classes",
    "kept_classes",
    "known_class_sets",
    "known_classes",
    "known_datasets",
    "known_outside",
    "most_samples",
    "open_dataset",
    "pm_sets",
    "select",
    "sequences_of",
    "shown_whole",
]

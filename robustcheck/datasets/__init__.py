"""Datasets: images with labels, groups and a fingerprint, by name or by directory."""

from __future__ import annotations

from robustcheck.datasets.catalogue import CatalogueEntry, known_datasets
from robustcheck.datasets.class_sets import known_class_sets
from robustcheck.datasets.dataset import Dataset, ImageDataset
from robustcheck.datasets.open import open_dataset
from robustcheck.datasets.roots import data_roots
from robustcheck.datasets.selection import kept_classes, select

__all__ = [
    "CatalogueEntry",
    "Dataset",
    "ImageDataset",
    "data_roots",
    "kept_classes",
    "known_class_sets",
    "known_datasets",
    "open_dataset",
    "select",
]

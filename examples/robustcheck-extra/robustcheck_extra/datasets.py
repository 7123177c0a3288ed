"""A data set: what is known about it, and which layout its directory has."""

from __future__ import annotations

from robustcheck.datasets import CatalogueEntry

SHOP_DIGITS = CatalogueEntry(
    name="shop-digits",
    title="Digits written in a shop",
    layout="prefixed",
    count=797,
    classes=10,
    prompts="handwriting",
    licence="CC BY 4.0",
    homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
)

"""Samples that lie in two parts of a set: a shard that was written anew beside the old one counts them twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence

from robustcheck.datasets.dataset import Encoded

Mark = tuple[Hashable, ...]


def repeats_in_words(
    marks: Sequence[Mark], parts: Sequence[int], names: Sequence[str], encoded: Callable[[int], Encoded]
) -> list[str]:
    """Say how many samples show the image of an earlier one; nothing where none does.

    ``marks`` are what is known of each sample without its image, such as its key and size. Images are compared only
    where two of different ``parts`` (whose names are ``names``) have the same mark, and none has it twice by itself.
    """
    places: dict[Mark, list[int]] = {}
    for place, mark in enumerate(marks):
        places.setdefault(mark, []).append(place)
    alike = [own for own in places.values() if len({parts[place] for place in own}) == len(own) > 1]
    digests = {place: _digest(encoded(place)) for place in sorted(place for own in alike for place in own)}
    again = [own for own in alike if len({digests[place] for place in own}) < len(own)]
    if not again:
        return []
    count = sum(len(own) - len({digests[place] for place in own}) for own in again)
    first, second = again[0][:2]
    example = f"{marks[first][0]} in {names[parts[first]]} and {names[parts[second]]}"
    return [f"{count} of {len(marks)} samples show an image that an earlier one shows: {example}"]


def _digest(image: Encoded) -> bytes:
    return hashlib.sha256(image[0]).digest()

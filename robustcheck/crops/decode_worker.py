"""What a decode process runs: images in, crops out, through memory that it shares with the pass.

It is a plain Python process that has never imported torch. Requests come on its standard input and replies leave on
what was its standard output, each one pickle. Crops are written to the shared memory, and a reply says where; what
finds no room there travels in the reply. It ends when its input ends, so it never outlives the pass.
"""

from __future__ import annotations

import mmap
import pickle
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from robustcheck.child_process import answering_output
from robustcheck.crops.preparation import Crops, Preparation, Prepared
from robustcheck.models.geometry import Crop, Geometry

# Of this size; pages that nobody wrote to take no memory.
SHARED_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a crop lies in the shared memory."""

    start: int
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """The images that are wanted, and the geometries that lack them."""

    indices: tuple[int, ...]
    geometries: Mapping[str, Geometry]


@dataclass(frozen=True, slots=True)
class Reply:
    """For each image and geometry where its crop lies, the crop itself, or what was raised; and the cost of it."""

    crops: list[dict[str, Place | Crop | Exception]]
    seconds: float


def serve(descriptor: int) -> None:
    """Answer requests until there are no more."""
    # Ctrl-C reaches the whole group; the pass decides when a decode process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies, requests = answering_output(), sys.stdin.buffer
    shared = mmap.mmap(descriptor, SHARED_BYTES)
    preparation: Preparation = pickle.load(requests)
    while True:
        try:
            request: Request = pickle.load(requests)
        except EOFError:
            return
        _answer(request, preparation, shared, replies)


def _answer(request: Request, preparation: Preparation, shared: mmap.mmap, replies: BinaryIO) -> None:
    try:
        answer: Reply | Exception = _laid_out(preparation.prepare(request.indices, request.geometries), shared)
    except Exception as error:
        answer = sendable(error)
    pickle.dump(answer, replies, protocol=pickle.HIGHEST_PROTOCOL)
    replies.flush()


def _laid_out(prepared: Prepared, shared: mmap.mmap) -> Reply:
    room = _Room(shared)
    return Reply([room.take(crops) for crops in prepared.crops], prepared.seconds)


def sendable(error: Exception) -> Exception:
    """Return an error that a pickle can carry: itself, or its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


@dataclass(slots=True)
class _Room:
    """The shared memory as it fills up with the crops of one request."""

    shared: mmap.mmap
    used: int = field(default=0)

    def take(self, crops: Crops) -> dict[str, Place | Crop | Exception]:
        return {key: sendable(crop) if isinstance(crop, Exception) else self._put(crop) for key, crop in crops.items()}

    def _put(self, crop: Crop) -> Place | Crop:
        if self.used + crop.nbytes > SHARED_BYTES:
            return crop
        place = Place(self.used, crop.shape)
        view_of(self.shared, place)[...] = crop
        self.used += crop.nbytes
        return place


def view_of(shared: mmap.mmap, place: Place) -> Crop:
    """Return a crop in the shared memory, valid until the next request."""
    size = int(np.prod(place.shape))
    return np.frombuffer(shared, np.uint8, count=size, offset=place.start).reshape(place.shape)

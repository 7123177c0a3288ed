"""A decode process as a pass sees it: asked for crops, started again where it died.

The memory that it shares has no name, so the kernel frees it when both sides are gone, however they went.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from robustcheck.child_process import child_command, child_environment
from robustcheck.crops.decode_worker import SHARED_BYTES, Place, Reply, Request, view_of
from robustcheck.crops.preparation import Crops, Preparation, Prepared
from robustcheck.errors import DataError, SetupError
from robustcheck.models.geometry import Crop, Geometry

_CODE = "import sys; from robustcheck.crops.decode_worker import serve; serve(int(sys.argv[1]))"
_TRIES = 2
_SECONDS_TO_END = 5


class _Died(Exception):
    """The process is gone; ``status`` says how it ended."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


@dataclass(slots=True)
class DecodeProcess:
    """One process that prepares images; ``source`` is the pickled preparation."""

    source: bytes
    _running: _Running | None = field(default=None)

    def prepare(self, indices: Sequence[int], geometries: Mapping[str, Geometry]) -> Prepared:
        """Return the crops of some images; where the process dies, each is tried once more by itself."""
        try:
            return self._ask(indices, geometries)
        except _Died:
            one_by_one = [self._retry(index, geometries) for index in indices]
        crops = [crops for prepared in one_by_one for crops in prepared.crops]
        return Prepared(crops, sum(prepared.seconds for prepared in one_by_one))

    def close(self) -> None:
        """End the process."""
        if self._running is not None:
            self._running.end()
            self._running = None

    def _retry(self, index: int, geometries: Mapping[str, Geometry]) -> Prepared:
        status = 0
        for _ in range(_TRIES):
            try:
                return self._ask((index,), geometries)
            except _Died as died:
                status = died.status
        raise DataError(
            f"the process that decodes image {index} ended {_TRIES} times in a row ({_how(status)})",
            expected="an image that can be decoded in the memory that is left",
            fix="look at that image, have fewer processes (--robust-workers 1), or decode in this one to see more: "
            "--robust-workers threads",
        )

    def _ask(self, indices: Sequence[int], geometries: Mapping[str, Geometry]) -> Prepared:
        is_new = self._running is None
        running = self._running = self._running or _started()
        try:
            if is_new:
                running.send(self.source)
            return running.ask(Request(tuple(indices), geometries))
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.close()
            raise _Died(running.process.wait()) from error


@dataclass(frozen=True, slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    shared: mmap.mmap

    def send(self, content: bytes) -> None:
        assert self.process.stdin is not None, "it is a pipe"
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def ask(self, request: Request) -> Prepared:
        self.send(pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL))
        assert self.process.stdout is not None, "it is a pipe"
        reply: Reply | Exception = pickle.load(self.process.stdout)
        if isinstance(reply, Exception):
            raise reply
        return Prepared([self._taken(crops) for crops in reply.crops], reply.seconds)

    def _taken(self, crops: Mapping[str, Place | Crop | Exception]) -> Crops:
        """Copy crops out of the shared memory, which the next request overwrites."""
        return {
            key: np.array(view_of(self.shared, crop)) if isinstance(crop, Place) else crop
            for key, crop in crops.items()
        }

    def end(self) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            try:
                if stream is not None:
                    stream.close()
            except OSError:
                continue  # it died before it had read everything
        try:
            self.process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.shared.close()


def _started() -> _Running:
    try:
        return _started_on(_unnamed_memory())
    except OSError as error:  # there is no memory for it, or there are too many processes or files
        raise SetupError(
            f"a process that decodes images cannot be started ({error.strerror or error})",
            fix="have fewer of them, or decode in this process: --robust-workers threads:2",
        ) from error


def _started_on(descriptor: int) -> _Running:
    try:
        shared = mmap.mmap(descriptor, SHARED_BYTES)
        process = subprocess.Popen(
            child_command(_CODE, str(descriptor)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(descriptor,),
            env=child_environment(),
        )
        return _Running(process, shared)
    finally:
        os.close(descriptor)


def _unnamed_memory() -> int:
    """Return the descriptor of memory without a name: /dev/shm is small in containers, and a name may stay behind."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("robustcheck-crops")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SHARED_BYTES)
    return descriptor


def _how(status: int) -> str:
    if status == -signal.SIGKILL:
        return f"killed by signal {-status}, most likely because memory ran out"
    return f"signal {-status}" if status < 0 else f"exit code {status}"


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        # The standard library pickles no read-only view of a mapping, and data sets hold some.
        return (_read_only, (dict(value),)) if isinstance(value, MappingProxyType) else NotImplemented


def _read_only(mapping: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(mapping)


def portable(preparation: Preparation) -> bytes | None:
    """Return a preparation as bytes for other processes; None where its data set holds what cannot travel."""
    return _pickled(preparation)


def is_portable(geometries: Mapping[str, Geometry]) -> bool:
    """Say whether geometries can travel: those of transformers, and steps that are not known, cannot."""
    return _pickled(geometries) is not None


def _pickled(value: object) -> bytes | None:
    stream = io.BytesIO()
    try:
        _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    except (pickle.PicklingError, TypeError, AttributeError, ValueError):
        return None
    return stream.getvalue()

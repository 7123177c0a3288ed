"""Fuzz every reader of files from outside, flip bits in everything that is written, and kill what writes.

    python scripts/fuzz.py                      all kinds, as docs/trust.md counts them
    python scripts/fuzz.py --scale 0.01         a hundredth of each
    python scripts/fuzz.py --only suites --seed 8 --keep found/

A case is right when it ends in a value or in an error in words. It is a finding when it ends in another exception (a
traceback for a user's mistake), takes over 10 seconds of a processor (or waits for 60), takes over 1 GB of memory,
when a flipped bit gives another value, or when a kill leaves part of one. Findings are counted, and kept in a directory
with the files that led to them. Ends with 1 when there is one.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from zlib import crc32

from fuzz_changes import change, flip
from fuzz_flips import Written, written
from fuzz_kills import RUNS, kill_runs, kill_writers
from fuzz_readers import Kind, kinds, write_files

from robustcheck.errors import RobustcheckError

SEED = 7
FLIPS = 10_000
KILLS = 200
_SECONDS = 10
_WAITING = 60
_KILOBYTES = 2**20
_OUTCOMES = ("value", "error", "traceback", "hang", "memory", "wrong")
_FOUND = _OUTCOMES[2:]


class HangError(BaseException):
    """A case that took too long; no reader may catch it."""


@dataclass
class Tally:
    """What became of the cases of a kind."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    @property
    def findings(self) -> int:
        """How many cases ended as none may."""
        return sum(self.outcomes[name] for name in _FOUND)


def fuzz_kind(kind: Kind, count: int, seed: int, keep: Path | None = None) -> Tally:
    """Read ``count`` changed inputs of a kind."""
    rng, tally = random.Random(crc32(f"{seed}|{kind.name}".encode())), Tally(kind.name)
    for number in range(count):
        files = _changed(kind, rng)
        with tempfile.TemporaryDirectory() as place:
            directory = Path(place)
            write_files(directory, files)
            outcome, text = outcome_of(lambda: kind.read(directory))  # noqa: B023 - called at once
        tally.outcomes[outcome] += 1
        if outcome in _FOUND:
            _remember(tally, f"{kind.name} {number}: {text}", files, keep)
    return tally


def fuzz_flips(count: int, seed: int, keep: Path | None = None, *, patient: bool = True) -> Iterator[Tally]:
    """Flip single bits in everything that is written; ``count`` in all."""
    things = 9 if patient else 7
    for thing in written(patient=patient):
        rng, tally = random.Random(crc32(f"{seed}|{thing.name}".encode())), Tally(f"flips: {thing.name}")
        for number in range(-(-count // things)):
            name, content = _flip_one(thing, rng)
            outcome, text = outcome_of(lambda: _same(thing))  # noqa: B023 - called at once
            thing.restore()
            tally.outcomes[outcome] += 1
            if outcome in _FOUND:
                _remember(tally, f"{thing.name} {number}: {text}", {name: content}, keep)
        yield tally


def fuzz_kills(kills: int, seed: int) -> Iterator[Tally]:
    """Kill what writes, and look at what is left; anything but whole values is a wrong one."""
    runs = kills // RUNS
    for name, found in (
        ("kills: writers", kill_writers(kills - runs, seed)),
        ("kills: runs", kill_runs(runs, seed) if runs else ()),
    ):
        tally = Tally(name)
        for text in found:
            tally.outcomes["value" if text == "value" else "wrong"] += 1
            tally.examples += [] if text == "value" else [text]
        yield tally


def outcome_of(read: Callable[[], object]) -> tuple[str, str]:
    """Run one case and say how it ended, with the last lines of what went wrong."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with _limit_of_time():
            found = "wrong" if read() is _WRONG else "value"
        text = "another value, and no word"
    except RobustcheckError as error:
        found, text = "error", str(error)
    except HangError:
        found, text = "hang", f"over {_SECONDS} seconds"
    except Exception:
        found, text = "traceback", "".join(traceback.format_exc().splitlines(keepends=True)[-5:])
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before > _KILOBYTES:
        return "memory", text
    return found, text


_WRONG = object()


def _same(thing: Written) -> object:
    """Read a damaged thing; what is missing is made anew, so None is as good as an error."""
    found = thing.read(thing.directory)
    return found if found is None or found == thing.value else _WRONG


def _flip_one(thing: Written, rng: random.Random) -> tuple[str, bytes]:
    name = rng.choice(sorted(thing.files))
    content = flip(thing.files[name], rng)
    (thing.directory / name).write_bytes(content)
    return name, content


def _changed(kind: Kind, rng: random.Random) -> dict[str, bytes]:
    files = dict(rng.choice(kind.seeds))
    name = rng.choice(kind.targets(files))
    others = tuple(seed[name] for seed in kind.seeds if name in seed)
    files[name] = change(files[name], rng, others)
    return files


def _remember(tally: Tally, text: str, files: Mapping[str, bytes], keep: Path | None) -> None:
    tally.examples.append(text)
    if keep is not None:
        place = keep / f"{tally.name.replace(' ', '-').replace(':', '')}-{len(tally.examples)}"
        write_files(place, files)
        (place / "outcome.txt").write_text(text, encoding="utf-8", errors="backslashreplace")


@contextmanager
def _limit_of_time() -> Iterator[None]:
    def ring(number: int, frame: FrameType | None) -> None:
        raise HangError

    # Other processes take their share of the clock: the processor's time counts, and a longer wait.
    timers = {signal.ITIMER_PROF: (signal.SIGPROF, _SECONDS), signal.ITIMER_REAL: (signal.SIGALRM, _WAITING)}
    before = {number: signal.signal(number, ring) for number, _ in timers.values()}
    for timer, (_, seconds) in timers.items():
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _tallies(chosen: argparse.Namespace) -> Iterator[Tally]:
    for kind in kinds():
        if chosen.only in ("", kind.name):
            yield fuzz_kind(kind, max(1, round(kind.count * chosen.scale)), chosen.seed, chosen.keep)
    if chosen.only in ("", "kills"):
        yield from fuzz_kills(max(2, round(KILLS * chosen.scale)), chosen.seed)
    if chosen.only in ("", "flips"):
        patient = chosen.scale >= 0.1
        yield from fuzz_flips(max(6, round(FLIPS * chosen.scale)), chosen.seed, chosen.keep, patient=patient)


def _row(tally: Tally) -> str:
    numbers = [sum(tally.outcomes.values()), *(tally.outcomes[name] for name in _OUTCOMES)]
    return f"| {tally.name} | {' | '.join(f'{number:,}' for number in numbers)} |"


def main() -> int:
    """Fuzz what the command line names and print a table of outcomes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--scale", type=float, default=1.0, help="the share of the full number of cases")
    parser.add_argument("--only", default="", help="one kind, or flips, or kills")
    parser.add_argument("--keep", type=Path, default=None, help="where the files of findings are kept")
    found = 0
    print("| kind | cases | value | error in words | traceback | hang | memory | wrong value |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for tally in _tallies(parser.parse_args()):
        print(_row(tally), flush=True)
        found += tally.findings
        for text in tally.examples[:5]:
            print(text, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

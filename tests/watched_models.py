"""A kind of model that writes down which images it sees, and may be killed once: for tests of workers.

Its reference is ``watched:NAME@DIRECTORY``. Where the directory holds a file ``kill-at``, the first process that has
seen so many images takes that file away and dies as by ``kill -9``. Where it holds ``kill-NAME``, every process does.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

WATCHED = """
import hashlib, os, signal
from dataclasses import dataclass, field, replace
from pathlib import Path
from robustcheck.models.fake import KIND, FakeZeroShot
from robustcheck.models.kind import KeyFacts
from robustcheck.values import ModelRef


@dataclass
class Watched(FakeZeroShot):
    directory: str = ""
    seen: int = 0

    def encode_images(self, crops):
        with open(os.path.join(self.directory, "seen"), "a") as file:
            file.write("".join(hashlib.sha256(bytes(memoryview(crop))).hexdigest() + "\\\\n" for crop in crops))
        self.seen += len(crops)
        self._die()
        return super().encode_images(crops)

    def _die(self):
        if os.path.exists(os.path.join(self.directory, "kill-" + self.seed)):
            os.kill(os.getpid(), signal.SIGKILL)
        order = os.path.join(self.directory, "kill-at")
        try:
            if self.seen >= int(open(order).read()):
                os.rename(order, order + ".done")
                os.kill(os.getpid(), signal.SIGKILL)
        except FileNotFoundError:
            pass


def parse(reference):
    name, _, directory = reference.rest.partition("@")
    return ModelRef(f"watched-{name}", reference.text, "watched", name, directory)


def load(ref, device, precision):
    return Watched(seed=ref.architecture, directory=ref.weights)


MADE = replace(
    KIND,
    name="watched",
    schemes=("watched",),
    parse=parse,
    content=lambda ref: f"watched {ref.architecture}",
    key=lambda ref: KeyFacts("watched", ref.architecture, "", ()),
    capabilities=lambda ref: frozenset({"embeds images", "embeds text"}),
    load=load,
)
""".replace("\\\\n", "\\n")


def seen_images(directory: Path) -> Counter[str]:
    """Return how often each image was seen, by its digest."""
    return Counter((directory / "seen").read_text().split())

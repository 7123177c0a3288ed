"""What a checkpoint file of open_clip is preprocessed with: ``openclip:ARCH@FILE`` or ``openclip:ARCH/TAG@FILE``.

A file says nothing of its preprocessing, and open_clip would take CLIP's. Here it is what the published tags of
the architecture share; where they differ, the reference names one of them: the tag that the training began with or
followed. An architecture without tags has open_clip's default, which its training script trains with.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from robustcheck.errors import ModelError
from robustcheck.listing import name_first
from robustcheck.models.openclip_names import check_architecture, check_tag
from robustcheck.models.openclip_tables import (
    DEFAULT_PREPROCESSING,
    Preprocessing,
    pretrained_source,
    pretrained_table,
)


@dataclass(frozen=True, slots=True)
class FileArchitecture:
    """The architecture of a checkpoint file, as its reference names it: with a tag or without."""

    name: str
    tag: str
    quick_gelu: bool
    preprocessing: Preprocessing

    @property
    def configuration(self) -> dict[str, Any]:
        """The preprocessing as open_clip takes it."""
        return asdict(self.preprocessing)

    @property
    def keyed(self) -> str:
        """What a key says beside the architecture; nothing for what 0.1.0 loaded in the same way."""
        facts: dict[str, Any] = {"quick_gelu": True} if self.quick_gelu else {}
        if self.preprocessing != DEFAULT_PREPROCESSING:
            facts["preprocessing"] = asdict(self.preprocessing)
        return json.dumps(facts, sort_keys=True) if facts else ""


def file_architecture(written: str, where: str) -> FileArchitecture:
    """Return what ``ARCH`` or ``ARCH/TAG`` before a file means; raise ModelError where the tags must be told apart."""
    name, slash, tag = written.partition("/")
    check_architecture(name, where)
    if not slash:
        return FileArchitecture(name, "", False, _shared(name, where))
    check_tag(name, tag, where)
    source = pretrained_source(name, tag)
    if source is None:
        raise ModelError(f"{name} has no pretrained tag {tag!r}", where=where, expected=f"openclip:{name}@FILE")
    return FileArchitecture(name, tag, source.quick_gelu, source.preprocessing)


def _shared(name: str, where: str) -> Preprocessing:
    tags = pretrained_table().get(name, {})
    found = dict.fromkeys(source.preprocessing for source in tags.values())
    if len(found) > 1:
        ways = [name_first([tag for tag, source in tags.items() if source.preprocessing == way], 3) for way in found]
        raise ModelError(
            f"the published tags of {name} are preprocessed in {len(found)} ways: {'; '.join(ways)}",
            where=where,
            expected=f"one of them before the @, as openclip:{name}/{next(iter(tags))}@FILE",
            fix="name the tag that the training began with, or give a directory with a preprocess_cfg (local-dir:PATH)",
        )
    return next(iter(found), DEFAULT_PREPROCESSING)

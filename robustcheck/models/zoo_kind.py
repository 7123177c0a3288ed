"""The checkpoints that ship with the package: directories in open_clip's form, and one model that answers.

The twelve of open_clip's form are the set ``zoo``. The one that answers is of the kind ``llava``, in no set.
"""

from __future__ import annotations

from pathlib import Path

from robustcheck.errors import ModelError, did_you_mean
from robustcheck.models import catalogue
from robustcheck.models.kind import ModelKind, Reference
from robustcheck.models.llava_kind import answering_ref
from robustcheck.models.model_files import directory_files
from robustcheck.models.openclip_kinds import CAPABILITIES, outline_of_directory, self_described
from robustcheck.values import ModelRef

ANSWERING = "llava-vit-plain-1000"


def _parse(reference: Reference) -> ModelRef:
    name = reference.rest
    if name == ANSWERING:
        return answering_ref(name, f"zoo:{name}", catalogue.ZOO_DIRECTORY / name, (("zoo", "yes"),))
    known = catalogue.entry(name)
    if known is None or known not in catalogue.zoo_entries():
        names = [*(model.id for model in catalogue.zoo_entries()), ANSWERING]
        raise ModelError(
            f"the zoo has no model {name!r}",
            where=reference.text,
            expected=", ".join(names),
            fix=did_you_mean(name, names),
        )
    architecture = known.facets.get("architecture", "")
    place = str(catalogue.ZOO_DIRECTORY / name)
    return ModelRef(name, f"zoo:{name}", "zoo", architecture, place, catalogue.sorted_facets(name))


KIND = ModelKind(
    name="zoo",
    schemes=("zoo",),
    example="zoo:NAME",
    parse=_parse,
    files=lambda ref: directory_files(Path(ref.weights or "")),
    key=self_described,
    capabilities=CAPABILITIES,
    load="robustcheck.models.encoders_openclip:load_openclip_directory",
    needs_hub=False,
    outline=outline_of_directory,
)

"""Which models are not independent of each other: one network under two names, and networks of one family.

Models are the sample of a claim about groups, so a network that a table lists twice counts once, and the networks
of one architecture and training source are one cluster.
"""

from __future__ import annotations

from collections.abc import Mapping

# The activation is a property of the weights: open_clip lists them with and without it in the architecture's name.
_ACTIVATION = "-quickgelu"


def network_of(model_id: str, facets: Mapping[str, str]) -> str:
    """Return the name of the network behind a model id: the facet `network`, else what the id tells.

    >>> network_of("RN50-quickgelu/openai", {}), network_of("resnet50.a1_in1k/288", {"size": "test"})
    ('RN50/openai', 'resnet50.a1_in1k')
    """
    if "network" in facets:
        return facets["network"]
    if facets.get("size") == "test":
        return model_id.rpartition("/")[0]
    architecture, slash, tag = model_id.partition("/")
    return f"{architecture.removesuffix(_ACTIVATION)}{slash}{tag}"


def family_of(model_id: str, facets: Mapping[str, str]) -> str:
    """Return the family of a model: its architecture and its training source; its network without an architecture.

    Models whose source is not known are not told apart by it, so those of one architecture are one family.
    The architecture is the image tower (`backbone`), for timm's classifiers the name before the tag, without the side
    of the images; for others the facet `architecture`.

    >>> family_of("ViT-B-32/openai", {"backbone": "vit-b-32", "source": "wit", "architecture": "vit"})
    'vit-b-32 of wit'
    >>> family_of("vit_base_patch16_clip_384.openai_ft_in1k", {"source": "wit", "resolution": "384"})
    'vit_base_patch16_clip of wit'
    """
    source = facets.get("source") or facets.get("training_source", "")
    own = facets.get("backbone") or _timm_architecture(model_id, facets.get("resolution", ""))
    architecture = own or facets.get("architecture", "")
    if not architecture:
        return network_of(model_id, facets)
    return f"{architecture} of {source}" if source else architecture


def preference(model_id: str, facets: Mapping[str, str]) -> tuple[bool, bool, bool]:
    """Return the rank of a row among those of a network that is listed twice: the highest one counts.

    It is the row at the size that the network is created with, which the catalogue does not call a twin, under the
    activation that the network was trained with.
    """
    return facets.get("size") != "test", facets.get("twin") != "yes", _ACTIVATION in model_id


def _timm_architecture(model_id: str, side: str) -> str:
    """Return the architecture of a timm name, such as ``convnext_base`` of ``convnext_base.fb_in22k``."""
    name, dot, tag = model_id.partition("/")[0].partition(".")
    return name.removesuffix(f"_{side}") if dot and tag else ""

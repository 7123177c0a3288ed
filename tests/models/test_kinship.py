"""Networks and families: what is one network under two names, and which networks are not independent."""

from __future__ import annotations

import pytest

from robustcheck.models.catalogue import facets_of, openclip_entries
from robustcheck.models.kinship import family_of, network_of, preference


def test_wit_has_nine_networks_in_eight_families() -> None:
    """open_clip lists each of OpenAI's networks under two names."""
    wit = [model for model in openclip_entries() if model.facets["source"] == "wit"]
    assert len(wit) == 18
    assert len([model for model in wit if model.facets.get("twin") != "yes"]) == 9
    assert len({network_of(model.id, model.facets) for model in wit}) == 9
    assert len({family_of(model.id, model.facets) for model in wit}) == 8


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("ViT-L-14-336/openai", "vit-l-14 of wit"),
        ("RN50x64/openai", "rn50x64 of wit"),
        ("ViT-B-16/laion400m_e31", "vit-b-16 of laion"),
        ("convnext_base.clip_laion2b_augreg_ft_in12k_in1k_384", "convnext_base of laion"),
        ("vit_base_patch16_clip_384.openai_ft_in1k", "vit_base_patch16_clip of wit"),
        ("regnety_320.pycls_in1k", "regnety_320 of in1k"),
    ],
)
def test_a_family_is_an_architecture_with_a_source(model: str, family: str) -> None:
    assert family_of(model, facets_of(model)) == family


def test_a_second_size_is_the_same_network_and_counts_less() -> None:
    twice = "resnet50.a1_in1k/288"
    assert network_of(twice, facets_of(twice)) == "resnet50.a1_in1k"
    assert preference("resnet50.a1_in1k", facets_of("resnet50.a1_in1k")) > preference(twice, facets_of(twice))
    plain, quick = "ViT-B-32/laion400m_e32", "ViT-B-32-quickgelu/laion400m_e32"
    assert preference(quick, facets_of(quick)) > preference(plain, facets_of(plain))


def test_a_table_may_say_it_itself() -> None:
    assert network_of("nightly-7", {"network": "ours"}) == "ours"
    assert family_of("nightly-7", {"architecture": "vit", "training_source": "web"}) == "vit of web"
    assert family_of("nightly-7", {"architecture": "vit"}) == "vit"
    assert family_of("nightly-7", {}) == "nightly-7"

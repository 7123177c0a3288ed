"""The catalogues of models against the lists of the installed open_clip and timm, and against their own rules."""

from __future__ import annotations

from collections import defaultdict

import pytest

from robustcheck.models.catalogue import entry, facets_of, openclip_entries, timm_entries
from robustcheck.models.kinship import network_of
from robustcheck.models.openclip_rules import openclip_facets
from robustcheck.models.openclip_tables import pretrained_source, pretrained_table
from robustcheck.models.timm_rules import CLASSIFIERS, TOWERS, timm_file_facets, timm_rule_facets

NEEDED = ("family", "source", "samples", "architecture", "resolution", "curation", "recipe", "loss")
SOURCES = "robustcheck/models/openclip_sources.csv"
REMAKE = "then run: python scripts/model_catalogues.py --write"
# The sizes of the class lists that timm's classifiers have.
HEADS = (1000, 11221, 11821, 19168, 21841, 21842, 21843)


def test_every_checkpoint_that_open_clip_lists_has_its_facets() -> None:
    """Read the list from open_clip's source: a release with new tags fails here and says what to add."""
    problems = []
    for architecture, tags in pretrained_table().items():
        for tag in tags:
            known = entry(f"{architecture}/{tag}")
            facets = openclip_facets(architecture, tag) if known is None else known.facets
            if facets["source"] == "other":
                problems.append(f"{architecture}/{tag}: say in {SOURCES} what {tag} was trained on, {REMAKE}")
            elif known is None:
                problems.append(f"{architecture}/{tag} is not in the catalogue: {REMAKE}")
            elif missing := [facet for facet in NEEDED if facet not in facets]:
                problems.append(f"{architecture}/{tag} has no {', '.join(missing)}: say it in {SOURCES}, {REMAKE}")
    assert not problems, "\n".join(problems)


def test_a_tag_that_nobody_looked_at_has_no_source() -> None:
    assert openclip_facets("ViT-B-32", "a_tag_of_tomorrow")["source"] == "other"
    assert timm_rule_facets("resnet50.a_tag_of_tomorrow") == {}


def test_the_rules_agree_with_the_catalogue() -> None:
    for model in openclip_entries():
        for facet, value in openclip_facets(*model.id.split("/")).items():
            assert model.facets[facet] == value, (model.id, facet)


def test_names_of_the_same_weights_are_one_network_of_which_one_counts() -> None:
    """Weights are the same where open_clip takes them from one place, under whichever name."""
    networks = defaultdict(set)
    counting = defaultdict(list)
    for model in openclip_entries():
        source = pretrained_source(*model.id.split("/"))
        if source is not None:
            networks[source.hub, source.url].add(network_of(model.id, model.facets))
            if model.facets.get("twin") != "yes":
                counting[source.hub, source.url].append(model.id)
    assert {len(names) for names in networks.values()} == {1}
    assert {len(names) for names in counting.values()} == {1}
    assert len({network for names in networks.values() for network in names}) == len(networks)


@pytest.mark.parametrize(
    ("twin", "counts"),
    [
        ("ViT-B-32/openai", "ViT-B-32-quickgelu/openai"),
        ("RN50x4-quickgelu/openai", "RN50x4/openai"),
        ("ViT-SO400M-14-SigLIP-378/webli", "ViT-SO400M-14-SigLIP-384/webli"),
        ("ViT-H-14-worldwide/metaclip2_worldwide", "ViT-H-14-worldwide-quickgelu/metaclip2_worldwide"),
    ],
)
def test_the_name_with_figures_counts_and_then_that_of_its_activation(twin: str, counts: str) -> None:
    assert (facets_of(twin).get("twin"), facets_of(counts).get("twin")) == ("yes", None)
    assert network_of(twin, facets_of(twin)) == network_of(counts, facets_of(counts))


def test_every_pretrained_tag_of_timm_is_read() -> None:
    timm = pytest.importorskip("timm")
    from timm.models import get_pretrained_cfg

    classifiers = {model.id for model in timm_entries()}
    problems = []
    for name in timm.list_models(pretrained=True):
        config, facets = get_pretrained_cfg(name), timm_rule_facets(name)
        if facets.get("family") not in CLASSIFIERS | TOWERS:
            problems.append(f"{name}: say in robustcheck/models/timm_sources.csv what it was trained on, {REMAKE}")
        elif facets.get("resolution", str(config.input_size[-1])) != str(config.input_size[-1]):
            problems.append(f"{name}: the rules read the side {facets['resolution']}, it is {config.input_size[-1]}")
        elif config.num_classes in HEADS and facets["family"] not in CLASSIFIERS | {"contrastive"}:
            problems.append(f"{name} has {config.num_classes} classes, and the rules call it a {facets['family']}")
        elif config.num_classes == 1000 and facets["family"] in CLASSIFIERS and name not in classifiers:
            problems.append(f"{name} is not in the catalogue: {REMAKE}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("name", "facets"),
    [
        ("vit_base_patch14_dinov2.lvd142m", {"family": "contrastive", "source": "lvd142m"}),
        ("resmlp_24_224.fb_dino", {"family": "contrastive", "source": "in1k", "resolution": "224"}),
        ("vit_base_patch16_224.mae", {"family": "tower", "source": "in1k", "resolution": "224"}),
        ("vit_pe_core_base_patch16_224.fb", {"family": "clip-tower", "source": "meta", "resolution": "224"}),
        ("vit_pe_lang_large_patch14_448.fb", {"family": "tower", "source": "meta", "resolution": "448"}),
        ("convnext_base.clip_laiona_320", {"family": "clip-tower", "source": "laion", "resolution": "320"}),
        ("convnext_nano.in12k", {"family": "more-data", "source": "in12k", "finetuning": "none"}),
    ],
)
def test_hand_reviewed_names_of_timm(name: str, facets: dict[str, str]) -> None:
    assert facets_of(name) == facets


def test_a_file_that_began_as_a_tower_is_a_classifier() -> None:
    found = timm_file_facets("vit_base_patch16_clip_224.openai")
    assert (found["family"], found["source"]) == ("clip-ft", "wit")

"""The query language and the catalogue's facets."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.errors import SetupError
from robustcheck.models.catalogue import entry, facets_of, known_facets
from robustcheck.models.facets import matches, parse_query, query_from_dict
from robustcheck.models.reference import parse_reference
from robustcheck.values import Term, query_text

VIT = {"source": "laion", "architecture": "vit", "samples": "2e9", "resolution": "224"}


def test_a_query_is_parsed_into_terms() -> None:
    query = parse_query("source=laion & architecture=vit|cnn&samples>=1e9&resolution!=224")
    assert query == (
        Term("source", "=", ("laion",)),
        Term("architecture", "=", ("vit", "cnn")),
        Term("samples", ">=", ("1e9",)),
        Term("resolution", "!=", ("224",)),
    )
    assert parse_query(query_text(query)) == query


def test_a_mapping_says_the_same_as_a_text() -> None:
    conditions = {"source": "laion", "architecture": ["vit", "cnn"], "samples": ">=1e9", "resolution": "!=224"}
    assert query_from_dict(conditions) == parse_query("source=laion&architecture=vit|cnn&samples>=1e9&resolution!=224")
    assert query_from_dict({"resolution": 224, "finetuned": True}) == parse_query("resolution=224&finetuned=yes")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("source=laion", True),
        ("source=wit|laion", True),
        ("source!=wit|laion", False),
        ("source!=wit", True),
        ("samples>=2e9", True),
        ("samples>2e9", False),
        ("samples<2.1e9", True),
        ("samples<=1e9", False),
        ("samples=2000000000", True),
        ("resolution=224.0", True),
        ("architecture=v*", True),
        ("curation=none", False),
        ("curation!=none", True),
        ("params>1", False),
        ("source=laion&architecture=cnn", False),
    ],
)
def test_matching(text: str, holds: bool) -> None:
    assert matches(parse_query(text), VIT) is holds


def test_the_empty_query_matches_everything() -> None:
    assert matches((), {})


@pytest.mark.parametrize(
    ("text", "found", "hint"),
    [
        ("sorce=laion", "unknown facet 'sorce'", "did you mean 'source'?"),
        ("source=lion", "no model has source 'lion'", "did you mean 'laion'?"),
        ("source=laion&", "'' is not a condition", "terms joined by &"),
        ("source=laion&architecture", "'architecture' is not a condition", "terms joined by &"),
        ("samples>=many", "samples>= is followed by 'many'", "one number"),
        ("samples>=1|2", "samples>= is followed by '1|2'", "one number"),
        ("source>=laion", "source>= is followed by 'laion'", "one number"),
        ("resolution=high", "'high' is no resolution", "a number"),
        ("source=", "no model has source ''", "one of"),
        ("backbone=zit-*", "no model has backbone 'zit-*'", "one of"),
        ("family=siglip2", "no model has family 'siglip2'", "did you mean recipe=siglip2?"),
    ],
)
def test_a_wrong_query_says_what_and_what_instead(text: str, found: str, hint: str) -> None:
    with pytest.raises(SetupError) as caught:
        parse_query(text)
    assert found in str(caught.value)
    assert hint in str(caught.value)


def test_a_query_can_be_checked_against_the_facets_of_a_table() -> None:
    known = {"lab": frozenset({"a", "b"})}
    assert parse_query("lab=a", known) == (Term("lab", "=", ("a",)),)
    with pytest.raises(SetupError, match="unknown facet 'source'"):
        parse_query("source=laion", known)


def test_numeric_facets_have_no_list_of_values() -> None:
    known = known_facets()
    assert known["samples"] == known["resolution"] == frozenset()
    assert {"clip", "clip-ft", "supervised", "more-data", "contrastive", "vlm"} <= known["family"]
    assert {"laion", "wit", "datacomp", "commonpool", "metaclip", "dfn", "webli", "yfcc"} <= known["source"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("ViT-B-32/openai", {"source": "wit", "samples": "4e8", "architecture": "vit", "resolution": "224"}),
        ("RN50x64/openai", {"source": "wit", "architecture": "cnn", "resolution": "448", "backbone": "rn50x64"}),
        (
            "ViT-B-32/laion2b_s34b_b79k",
            {"source": "laion", "subset": "laion2b", "samples": "2e9", "samples_seen": "3.4e10"},
        ),
        ("ViT-L-14/laion400m_e32", {"subset": "laion400m", "samples": "4e8", "params": "427620000"}),
        ("xlm-roberta-large-ViT-H-14/frozen_laion5b_s13b_b90k", {"subset": "laion5b", "language": "multilingual"}),
        ("convnext_base_w_320/laion_aesthetic_s13b_b82k", {"subset": "laion-aesthetic", "resolution": "320"}),
        ("convnext_large_d_320/laion2b_s29b_b131k_ft", {"finetuned": "yes", "task": "zero-shot", "source": "laion"}),
        ("coca_ViT-L-14/mscoco_finetuned_laion2b_s13b_b90k", {"finetuned": "yes", "task": "captioning"}),
        ("coca_ViT-L-14/laion2b_s13b_b90k", {"finetuned": "no", "loss": "contrastive-captioning"}),
        ("EVA02-E-14-plus/laion2b_s9b_b144k", {"architecture": "eva", "source": "laion"}),
        ("EVA02-B-16/merged2b_s8b_b131k", {"source": "merged2b"}),
        (
            "ViT-B-32/commonpool_m_clip_s128m_b4k",
            {"source": "commonpool", "curation": "clip", "samples_seen": "1.28e8"},
        ),
        ("ViT-L-14/commonpool_xl_s13b_b90k", {"curation": "none", "samples": "1.28e10"}),
        ("ViT-B-16/commonpool_l_laion_s1b_b8k", {"source": "commonpool", "curation": "laion"}),
        ("ViT-B-32-256/datacomp_s34b_b86k", {"source": "datacomp", "subset": "datacomp-xl", "resolution": "256"}),
        ("ViT-B-32/datacomp_s_s13m_b4k", {"source": "datacomp", "subset": "datacomp-s", "samples": "1.4e6"}),
        ("ViT-H-14-CLIPA-336/laion2b", {"source": "laion", "backbone": "vit-h-14", "resolution": "336"}),
        ("ViT-SO400M-14-SigLIP-384/webli", {"source": "webli", "loss": "sigmoid", "backbone": "vit-so400m-14"}),
        ("ViT-H-14-quickgelu/metaclip_fullcc", {"source": "metaclip", "subset": "metaclip-fullcc"}),
        ("ViT-H-14-378-quickgelu/dfn5b", {"source": "dfn", "resolution": "378", "backbone": "vit-h-14"}),
        ("RN50/cc12m", {"source": "cc12m", "samples": "1.2e7"}),
        ("nllb-clip-base/v1", {"source": "mixed", "language": "multilingual"}),
        ("ViT-gopt-16-SigLIP2-384/webli", {"recipe": "siglip2", "source": "webli", "language": "multilingual"}),
        ("ViT-B-16-SigLIP2/webli", {"recipe": "siglip2", "resolution": "224", "backbone": "vit-b-16"}),
        ("MobileCLIP-B/datacompdr_lt", {"recipe": "mobileclip", "source": "datacomp", "samples_seen": "3.6e10"}),
        ("MobileCLIP2-S0/dfndr2b", {"recipe": "mobileclip2", "source": "dfn", "architecture": "hybrid"}),
        ("MobileCLIP2-L-14/dfndr2b", {"recipe": "mobileclip2", "architecture": "vit", "curation": "network"}),
        ("PE-Core-bigG-14-448/meta", {"recipe": "pe-core", "source": "meta", "resolution": "448", "samples": "5.4e9"}),
        ("ViTamin-XL-384/datacomp1b", {"recipe": "vitamin", "resolution": "384", "architecture": "hybrid"}),
        ("ViT-H-14-worldwide/metaclip2_worldwide", {"recipe": "metaclip2", "language": "multilingual", "twin": "yes"}),
        ("ViT-L-14/dfn2b_s39b", {"source": "dfn", "samples_seen": "3.9e10", "twin": None}),
        ("iformer_h.in1k", {"family": "supervised", "architecture": "hybrid", "resolution": "224"}),
        (
            "vit_base_patch16_clip_224.openai_ft_in12k_in1k",
            {"family": "clip-ft", "source": "wit", "finetuning": "in12k-in1k"},
        ),
        (
            "convnext_base.clip_laiona_augreg_ft_in1k_384",
            {"family": "clip-ft", "source": "laion", "finetuning": "in1k"},
        ),
        ("resnet50.tv_in1k", {"family": "supervised", "source": "in1k", "architecture": "cnn", "finetuning": "none"}),
        ("vit_base_patch16_224.augreg_in1k", {"family": "supervised", "architecture": "vit"}),
        ("vit_base_patch16_224.augreg_in21k_ft_in1k", {"family": "more-data", "source": "in21k", "finetuning": "in1k"}),
        ("eva02_large_patch14_448.mim_m38m_ft_in22k_in1k", {"family": "more-data", "finetuning": "in22k-in1k"}),
        ("tf_efficientnet_l2.ns_jft_in1k_475", {"family": "more-data", "source": "jft300m"}),
        ("mixer_b16_224.goog_in21k_ft_in1k", {"architecture": "mlp"}),
        ("coatnet_0_rw_224.sw_in1k", {"architecture": "hybrid"}),
        ("beitv2_large_patch16_224.in1k_ft_in1k", {"family": "supervised", "finetuning": "in1k"}),
    ],
)
def test_hand_reviewed_facets(model: str, expected: dict[str, str]) -> None:
    known = entry(model)
    assert known is not None
    assert {facet: known.facets.get(facet) for facet in expected} == expected


def test_a_name_outside_the_table_gets_what_its_name_tells() -> None:
    assert entry("ViT-SO400M-16-SigLIP2-640/webli") is None
    siglip2 = facets_of("ViT-SO400M-16-SigLIP2-640/webli")
    assert (siglip2["source"], siglip2["loss"], siglip2["resolution"]) == ("webli", "sigmoid", "640")
    assert facets_of("ViT-L-14/dfn2b_s50b")["samples_seen"] == "5e10"
    assert facets_of("ViT-B-32/my_own_run")["source"] == "other"
    assert facets_of("resnet18.unknown") == {}
    assert facets_of("someone's-model") == {}


@pytest.mark.parametrize(
    ("text", "facets"),
    [
        ("timm:tf_efficientnet_lite0@{}", {"family": "supervised", "architecture": "cnn"}),
        ("timm:vit_base_patch16_clip_224@{}", {"family": "clip-ft", "architecture": "vit"}),
        ("timm:vit_base_patch16_clip_224.laion2b_ft_in1k@{}", {"family": "clip-ft", "source": "laion"}),
        ("timm:resnet18.a1_in1k@{}", {"family": "supervised", "source": "in1k"}),
        ("openclip:ViT-B-32@{}", {"family": "clip", "architecture": "vit", "resolution": "224"}),
        ("openclip:ViT-L-14/openai@{}", {"family": "clip", "architecture": "vit"}),
    ],
)
def test_a_checkpoint_file_has_the_facets_that_its_architecture_tells(
    tmp_path: Path, text: str, facets: dict[str, str]
) -> None:
    (tmp_path / "weights.safetensors").touch()
    found = dict(parse_reference(text.format(tmp_path / "weights.safetensors")).facets)
    assert facets.items() <= found.items()


def test_a_facet_that_a_model_lacks_is_unknown() -> None:
    ours = {"family": "clip"}
    assert matches(query_from_dict({"source": ["laion", "unknown"]}), ours)
    assert matches(query_from_dict({"source": ["laion", "unknown"]}), {"source": "laion"})
    assert not matches(query_from_dict({"source": ["laion", "unknown"]}), {"source": "wit"})
    assert not matches(query_from_dict({"source": "laion"}), ours)
    assert not matches(parse_query("source!=unknown"), ours)
    assert matches(parse_query("source!=wit"), ours)

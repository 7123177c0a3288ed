"""Model references and what --models may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.errors import ModelError, SetupError
from robustcheck.models import catalogue
from robustcheck.models.digests import weights_digest
from robustcheck.models.facets import parse_query
from robustcheck.models.model_sets import known_sets, list_models, resolve_models
from robustcheck.models.reference import parse_reference


def ids(*texts: str) -> list[str]:
    return [model.id for model in resolve_models(texts)]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "epoch_12.pt"
    path.write_bytes(b"weights")
    return path


# --- references --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["openclip:ViT-B-32/laion2b_s34b_b79k", "ViT-B-32/laion2b_s34b_b79k"])
def test_an_openclip_name(text: str) -> None:
    model = parse_reference(text)
    assert (model.id, model.kind) == ("ViT-B-32/laion2b_s34b_b79k", "openclip")
    assert (model.architecture, model.weights) == ("ViT-B-32", "laion2b_s34b_b79k")
    assert model.facet("source") == "laion"


def test_an_openclip_name_outside_the_catalogue() -> None:
    model = parse_reference("openclip:ViT-B-16-SigLIP2/webli")
    assert (model.kind, model.facet("source")) == ("openclip", "webli")


def test_a_checkpoint_file_with_its_architecture(checkpoint: Path) -> None:
    model = parse_reference("openclip:ViT-B-32@epoch_12.pt", base=checkpoint.parent)
    assert (model.id, model.kind, model.architecture) == ("ViT-B-32@epoch_12", "openclip-file", "ViT-B-32")
    assert model.weights == str(checkpoint)
    assert model.facet("architecture") == "vit"
    assert model.facet("source") is None


@pytest.mark.parametrize("arch", ["ViT-B-32", "openclip:ViT-B-32"])
def test_a_bare_checkpoint_file_takes_arch(checkpoint: Path, arch: str) -> None:
    model = parse_reference(str(checkpoint), arch=arch)
    assert model.id == "ViT-B-32@epoch_12"
    assert parse_reference(model.text) == model


def test_a_bare_timm_checkpoint(checkpoint: Path) -> None:
    model = parse_reference("epoch_12.pt", arch="timm:resnet50", base=checkpoint.parent)
    assert (model.id, model.kind, model.architecture) == ("resnet50@epoch_12", "timm-file", "resnet50")


def test_a_timm_name_and_file(checkpoint: Path) -> None:
    named = parse_reference("timm:resnet50.a1_in1k")
    assert (named.id, named.kind, named.architecture, named.weights) == (
        "resnet50.a1_in1k", "timm", "resnet50.a1_in1k", None,
    )  # fmt: skip
    assert parse_reference("resnet50.a1_in1k") == parse_reference("timm:resnet50.a1_in1k")
    assert parse_reference(f"timm:resnet50@{checkpoint}").weights == str(checkpoint)


def test_a_local_directory_and_a_hub_repository(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/open_clip_config.json").write_text("{}")
    model = parse_reference("local-dir:run", base=tmp_path)
    assert (model.kind, model.id, model.weights) == ("local-dir", "local@run", str(tmp_path / "run"))
    assert parse_reference("./run", base=tmp_path).kind == "local-dir"
    hub = parse_reference("hf-hub:laion/CLIP-ViT-B-32")
    assert (hub.kind, hub.id, hub.weights) == ("hf-hub", "laion/CLIP-ViT-B-32", "laion/CLIP-ViT-B-32")


@pytest.mark.parametrize(
    ("text", "arch", "found", "hint"),
    [
        ("missing.pt", "ViT-B-32", "there is no file", "the checkpoint file"),
        ("openclip:ViT-B-32@missing.pt", None, "there is no file", "the checkpoint file"),
        ("epoch_12.pt", None, "a checkpoint file without an architecture", "--arch ViT-B-32"),
        ("epoch_12.pt", "ViT-B-32/openay", "has no pretrained tag 'openay'", "did you mean 'openai'?"),
        ("openclip:ViT-B-32", None, "is not an architecture with a pretrained tag", "openclip:ARCH/TAG"),
        ("epoch_12.pt", "ViTB-32", "has no architecture 'ViTB-32'", "did you mean 'ViT-B-32'?"),
        ("openclip:ViT-B-32@*.pt,openclip:ViT-B-33@*.pt", None, "has no architecture 'ViT-B-33'", "did you mean"),
        ("openclip:ViT-B-99/x", None, "has no architecture 'ViT-B-99'", "did you mean 'ViT-B-"),
        ("openclip:ViT-B-32/laion2b_s34b_b79", None, "has no pretrained tag", "did you mean 'laion2b_s34b_b79k'?"),
        ("ViT-B-32/opneai", None, "unknown model", "did you mean 'ViT-B-32/openai'?"),
        ("openclip:", None, "names no model", "openclip:ViT-B-32"),
        ("opencip:ViT-B-32/openai", None, "unknown kind of model 'opencip'", "did you mean 'openclip'?"),
        ("ViT-B-32/openay", None, "unknown model", "did you mean 'ViT-B-32/openai'?"),
        ("timm:a/b", None, "is not a timm name", "timm:NAME.TAG"),
        ("local-dir:nowhere", None, "is not a directory", "open_clip_config.json"),
        ("hf-hub:laion", None, "is not a repository", "hf-hub:ORG/NAME"),
        ("lion", None, "unknown model 'lion'", "did you mean 'laion'?"),
        ("notes.txt", None, "notes.txt is not a checkpoint file", ".safetensors"),
        ("epoch_12.pt", "vit-b-32", "has no architecture 'vit-b-32'", "did you mean 'ViT-B-32'?"),
        ("ViT-B-32:openai", None, "unknown kind of model 'ViT-B-32'", "did you mean 'ViT-B-32/openai'?"),
        ("https://huggingface.co/openai/clip-vit-base-patch32", None, "kind of model 'https'", "hf:openai/clip-vit-"),
        ("openai/clip-vit-base-patch32", None, "unknown model", "write hf:openai/clip-vit-base-patch32"),
        ("zoo:vit-plain-100 zoo:cnn-plain-100", None, "no model", "commas: zoo:vit-plain-100,zoo:cnn-plain-100"),
    ],
)
def test_a_wrong_reference_says_what_and_what_instead(
    checkpoint: Path, text: str, arch: str | None, found: str, hint: str
) -> None:
    checkpoint.with_name("notes.txt").write_text("")
    with pytest.raises(ModelError) as caught:
        resolve_models([text], arch=arch, base=checkpoint.parent)
    assert found in str(caught.value)
    assert hint in str(caught.value)


# --- sets, queries, globs, files -----------------------------------------------------------------


def test_the_sets_that_the_catalogue_fills() -> None:
    sizes = {name: len(ids(name)) for name in known_sets() if name != "zoo"}
    assert sizes == {
        "clip": 166, "laion": 37, "wit": 9, "datacomp": 32, "commonpool": 21, "metaclip": 13, "dfn": 11,
        "siglip": 25, "siglip2": 15, "mobileclip": 10, "pe": 5, "vitamin": 15, "yfcc": 2,
        "clip-ft": 37, "supervised": 1032, "more-data": 250,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("laion", "EVA01-g-14/laion400m_s11b_b41k", "ViT-B-16/commonpool_l_laion_s1b_b8k"),
        ("laion", "ViT-H-14-CLIPA-336/laion2b", "coca_ViT-L-14/mscoco_finetuned_laion2b_s13b_b90k"),
        ("laion", "convnext_large_d_320/laion2b_s29b_b131k_ft_soup", "vit_base_patch16_clip_224.laion2b_ft_in1k"),
        ("wit", "RN50x16/openai", "vit_base_patch16_clip_224.openai_ft_in1k"),
        ("datacomp", "ViT-bigG-14-CLIPA/datacomp1b", "ViT-L-14/commonpool_xl_clip_s13b_b90k"),
        ("commonpool", "ViT-B-32/commonpool_s_s13m_b4k", "ViT-B-32/datacomp_s_s13m_b4k"),
        ("metaclip", "ViT-B-32-quickgelu/metaclip_400m", "ViT-B-32/openai"),
        ("dfn", "ViT-B-16/dfn2b", "ViT-L-14/datacomp_xl_s13b_b90k"),
        ("siglip", "ViT-B-16-SigLIP-i18n-256/webli", "nllb-clip-base-siglip/v1"),
        ("yfcc", "RN101-quickgelu/yfcc15m", "RN50/cc12m"),
        ("siglip2", "ViT-gopt-16-SigLIP2-384/webli", "ViT-SO400M-14-SigLIP-384/webli"),
        ("mobileclip", "MobileCLIP2-S4/dfndr2b", "ViTamin-S/datacomp1b"),
        ("pe", "PE-Core-T-16-384/meta", "ViT-H-14-worldwide-quickgelu/metaclip2_worldwide"),
        ("vitamin", "ViTamin-L2-336/datacomp1b", "ViT-L-14/datacomp_xl_s13b_b90k"),
        ("metaclip", "ViT-H-14/metaclip_altogether", "PE-Core-B-16/meta"),
        ("wit", "ViT-B-32-quickgelu/openai", "ViT-B-32/openai"),
        ("clip", "nllb-clip-large/v1", "coca_ViT-B-32/mscoco_finetuned_laion2b_s13b_b90k"),
        ("clip-ft", "vit_so400m_patch14_siglip_378.webli_ft_in1k", "eva_giant_patch14_336.m30m_ft_in22k_in1k"),
        ("clip-ft", "eva_giant_patch14_224.clip_ft_in1k", "eva02_base_patch14_448.mim_in22k_ft_in1k"),
        ("supervised", "convnextv2_base.fcmae_ft_in1k", "resnet18.fb_ssl_yfcc100m_ft_in1k"),
        ("supervised", "resnetv2_50x1_bit.goog_distilled_in1k", "resnext101_32x8d.fb_wsl_ig1b_ft_in1k"),
        ("more-data", "regnety_1280.swag_lc_in1k", "deit3_base_patch16_224.fb_in1k"),
        ("more-data", "tiny_vit_21m_224.dist_in22k_ft_in1k", "convnext_base.clip_laion2b_augreg_ft_in1k"),
    ],
)
def test_hand_reviewed_members(name: str, inside: str, outside: str) -> None:
    members = ids(name)
    assert inside in members
    assert outside not in members


def test_members_of_a_set_are_not_named_but_references_are() -> None:
    assert not any(model.named for model in resolve_models(["laion"]))
    assert resolve_models(["ViT-B-32/openai"])[0].named
    both = resolve_models(["wit,ViT-B-32/openai"])
    assert len(both) == 10
    assert {model.id for model in both if model.named} == {"ViT-B-32/openai"}


def test_queries_globs_and_commas() -> None:
    assert ids("source=laion&family=clip&architecture=eva") == [
        "EVA01-g-14/laion400m_s11b_b41k", "EVA02-E-14-plus/laion2b_s9b_b144k", "EVA02-E-14/laion2b_s4b_b115k",
    ]  # fmt: skip
    assert ids("openclip:ViT-B-32/laion*") == ids("ViT-B-32/laion*")
    assert len(ids("ViT-B-32/laion*")) == 4
    assert ids("RN50/openai, RN101/openai", "RN50/openai") == ["RN50/openai", "RN101/openai"]


def test_the_sets_are_the_queries_they_say() -> None:
    assert known_sets()["laion"].query == parse_query("family=clip&source=laion&task=zero-shot&twin!=yes&zoo!=yes")
    assert all(item.about for item in known_sets().values())


def test_every_id_is_safe_in_a_test_id() -> None:
    models = list_models()
    assert len(models) >= 196 + 1319
    assert len({model.id for model in models}) == len(models)
    assert not [model.id for model in models if any(mark in model.id for mark in "|[] ") or "::" in model.id]


def test_listing_a_query() -> None:
    assert {model.id for model in list_models("dfn")} == set(ids("dfn"))


def test_a_yaml_file_of_references(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"")
    (tmp_path / "mine.yaml").write_text(
        "models:\n  - openclip:ViT-B-32@a.pt\n  - {samples: 4e8, architecture: cnn, source: laion}\n  - wit\n",
        encoding="utf-8",
    )
    found = resolve_models(["mine.yaml"], base=tmp_path)
    assert found[0].weights == str(tmp_path / "a.pt")
    assert [model.id for model in found[1:2]] == ["convnext_base/laion400m_s13b_b51k"]
    assert len(found) == 1 + 1 + 9


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\n", "no list of models"),
        ("- 7\n", "7 is not a model"),
        ("- other.yaml\n", "inside a YAML file"),
        ("- {sorce: wit}\n", "unknown facet 'sorce'"),
        ("- [\n", "not YAML"),
    ],
)
def test_a_wrong_yaml_file_of_references(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SetupError, match=found):
        resolve_models(["mine.yaml"], base=tmp_path)


def test_files_of_one_name_keep_apart(tmp_path: Path) -> None:
    for run in ("run1", "run2"):
        (tmp_path / run).mkdir()
        (tmp_path / run / "epoch_1.pt").write_bytes(b"")
    found = resolve_models(["run*/epoch_1.pt"], arch="ViT-B-32", base=tmp_path)
    assert [model.id for model in found] == ["ViT-B-32@epoch_1", "ViT-B-32@run2-epoch_1"]
    assert resolve_models(["openclip:ViT-B-32@run*/*.pt"], base=tmp_path)[1].weights == found[1].weights


def test_a_file_name_that_looks_like_a_query(tmp_path: Path) -> None:
    (tmp_path / "lr=1.pt").write_bytes(b"")
    assert resolve_models(["lr=1.pt"], arch="ViT-B-32", base=tmp_path)[0].id == "ViT-B-32@lr=1"


@pytest.mark.parametrize(
    ("texts", "arch", "found"),
    [
        ([], None, "no model is named"),
        ([" , "], None, "no model is named"),
        (["openclip:Zit-*/*"], None, "nothing matches"),
        (["source=wit&resolution=512"], None, "no model of the catalogue matches"),
        (["laion"], "ViT-B-32", "has no checkpoint file to belong to"),
        (["source=lion"], None, "did you mean 'laion'"),
    ],
)
def test_what_names_no_model_is_an_error(texts: list[str], arch: str | None, found: str) -> None:
    with pytest.raises(SetupError, match=found):
        resolve_models(texts, arch=arch)


# --- saved predictions -----------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    for run in ("a", "b"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "digits.csv").write_text(f"id,predicted\n{run},1\n")
    (tmp_path / "runs" / "logs").mkdir()
    (tmp_path / "runs" / "notes.txt").write_text("")
    return tmp_path


def test_a_directory_of_saved_predictions(saved: Path) -> None:
    model = parse_reference("predictions:runs/a", base=saved)
    assert (model.id, model.kind, model.architecture, model.facets) == ("a", "predictions", "", ())
    assert model.weights == str(saved / "runs" / "a")
    assert model.text == "predictions:runs/a"
    assert resolve_models(["predictions:runs/a"], base=saved)[0].named


def test_a_file_of_saved_predictions(saved: Path) -> None:
    model = parse_reference("predictions:runs/b/digits.csv", base=saved)
    assert (model.id, model.weights) == ("digits", str(saved / "runs" / "b" / "digits.csv"))


def test_what_is_known_of_a_model_lies_beside_its_predictions(saved: Path) -> None:
    (saved / "runs/a/about.yaml").write_text(
        "name: ViT-B-32/openai\nabout: From the lab.\nfamily: clip\nsource: wit\narchitecture: vit\nresolution: 224\n"
    )
    model = parse_reference("predictions:runs/a", base=saved)
    assert (model.id, model.architecture) == ("ViT-B-32/openai", "vit")
    assert dict(model.facets) == {"architecture": "vit", "family": "clip", "resolution": "224", "source": "wit"}


def test_globs_over_saved_predictions_pass_over_what_holds_none(saved: Path) -> None:
    found = resolve_models(["predictions:runs/*"], base=saved)
    assert [model.id for model in found] == ["a", "b"]
    assert not any(model.named for model in found)
    files = resolve_models(["predictions:runs/*/*.csv"], base=saved)
    assert [model.id for model in files] == ["digits", "b-digits"]
    with pytest.raises(SetupError, match="nothing matches 'predictions:runs/logs/"):
        resolve_models(["predictions:runs/logs/*"], base=saved)


@pytest.mark.parametrize(
    ("text", "about", "found", "hint"),
    [
        ("predictions:", "", "names no model", "predictions:DIR"),
        ("predictions:runs/aa", "", "does not exist", "did you mean 'a'?"),
        ("predictions:runs/logs", "", "holds no CSV or NPZ file", "DATASET.csv"),
        ("predictions:runs/notes.txt", "", "holds no CSV or NPZ file", "DATASET.npz"),
        ("predictons:runs/a", "", "unknown kind of model", "did you mean 'predictions'?"),
        ("predictions:runs/a", "familly: clip", "unknown facet 'familly'", "did you mean 'family'?"),
        ("predictions:runs/a", "family: [clip]", "family is ['clip']", "a text or a number"),
        ("predictions:runs/a", "name: ''", "the name is ''", "a text"),
        ("predictions:runs/a", "- clip", "no mapping", "family: clip"),
        ("predictions:runs/a", "a: [", "about.yaml:1:1: this is not YAML", ""),
    ],
)
def test_a_wrong_reference_to_predictions(saved: Path, text: str, about: str, found: str, hint: str) -> None:
    if about:
        (saved / "runs/a/about.yaml").write_text(about)
    with pytest.raises(ModelError) as caught:
        resolve_models([text], base=saved)
    assert found in str(caught.value)
    assert hint in str(caught.value)


def test_the_digest_of_predictions_is_that_of_their_files(saved: Path) -> None:
    model = parse_reference("predictions:runs/a", base=saved)
    before = weights_digest(model, saved / "cache")
    (saved / "runs/a/about.yaml").write_text("name: other")
    assert weights_digest(model, saved / "cache") == before
    (saved / "runs/a/digits.csv").write_text("id,predicted\na,2\n")
    after = weights_digest(model, saved / "cache")
    assert after not in (before, None)
    (saved / "runs/a/cue-conflict").mkdir()
    (saved / "runs/a/cue-conflict/s1.csv").write_text("imagename,object_response\n")
    assert weights_digest(model, saved / "cache") not in (before, after, None)


# --- the zoo -------------------------------------------------------------------------------------


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    _forget()
    monkeypatch.setattr(catalogue, "ZOO_DIRECTORY", tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _fresh_catalogue() -> object:
    yield
    _forget()


def _forget() -> None:
    for cached in (
        catalogue.entries,
        catalogue.zoo_entries,
        catalogue.known_facets,
        catalogue.entries_by_id,
        known_sets,
    ):
        cached.cache_clear()


def test_the_zoo_is_read_from_its_table(zoo: Path) -> None:
    (zoo / "zoo.csv").write_text(
        "name,architecture,source,samples,shots,holdout_top1\ntiny-vit,vit,plain,2e3,9,0.7\n", encoding="utf-8"
    )
    (found,) = resolve_models(["zoo"])
    assert (found.id, found.kind, found.architecture) == ("tiny-vit", "zoo", "vit")
    assert dict(found.facets) == {
        "architecture": "vit", "family": "clip", "samples": "2e3", "shots": "9", "source": "plain", "zoo": "yes",
    }  # fmt: skip
    assert ids("zoo:tiny-vit") == ids("tiny-vit") == ids("source=plain") == ["tiny-vit"]
    assert "tiny-vit" not in ids("clip")
    with pytest.raises(ModelError, match="did you mean 'tiny-vit'"):
        parse_reference("zoo:tinyvit")


def test_an_absent_zoo_is_an_error_in_words(zoo: Path) -> None:
    with pytest.raises(SetupError, match="the set zoo: no model of the catalogue matches"):
        resolve_models(["zoo"])


def test_a_model_is_the_same_whether_it_was_named_or_came_with_a_set() -> None:
    named = resolve_models(("zoo:vit-plain-1000",))[0]
    member = next(model for model in resolve_models(("zoo",)) if model.id == named.id)
    assert (named.named, member.named) == (True, False)
    assert named == member
    assert hash(named) == hash(member)


def test_a_directory_of_checkpoints_is_a_set_in_the_order_of_training(tmp_path: Path) -> None:
    for name in ("42/epoch_10.pt", "42/epoch_2.pt", "41/final.pt", "42/notes.txt"):
        (tmp_path / "runs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "runs" / name).touch()
    found = resolve_models(["runs"], arch="ViT-B-32", base=tmp_path)
    assert [Path(model.weights or "").name for model in found] == ["final.pt", "epoch_2.pt", "epoch_10.pt"]
    assert not any(model.named for model in found)
    globbed = resolve_models(["runs/42/*.pt"], arch="ViT-B-32", base=tmp_path)
    assert [Path(model.weights or "").name for model in globbed] == ["epoch_2.pt", "epoch_10.pt"]


def test_a_directory_without_a_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with pytest.raises(ModelError, match="no model in the directory runs"):
        resolve_models(["runs"], base=tmp_path)

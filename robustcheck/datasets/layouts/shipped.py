"""The layouts that come with robustcheck; a directory is tried in this order."""

from __future__ import annotations

from functools import partial

from robustcheck.datasets.cue_conflict import categories, read_cue_conflict
from robustcheck.datasets.digits import CLASS_NAMES, open_digits
from robustcheck.datasets.imagenet_d import imagenet_d_names, read_imagenet_d
from robustcheck.datasets.imagenet_x import imagenet_x_view
from robustcheck.datasets.layout import Layout, SelfContained, View
from robustcheck.datasets.layouts.anchors import OWN, has_anchors
from robustcheck.datasets.layouts.captions import has_captions, read_captions
from robustcheck.datasets.layouts.flat import is_flat, read_flat
from robustcheck.datasets.layouts.frame_sequences import read_sequences
from robustcheck.datasets.layouts.image_files import is_unlabelled, read_unlabelled
from robustcheck.datasets.layouts.imagefolder import is_imagefolder, read_imagefolder
from robustcheck.datasets.layouts.manifest import is_manifest, read_manifest
from robustcheck.datasets.layouts.navi import read_navi
from robustcheck.datasets.layouts.parquet import is_parquet, read_parquet
from robustcheck.datasets.layouts.scannet import read_scannet
from robustcheck.datasets.layouts.shards import is_shard_directory, read_shards
from robustcheck.datasets.layouts.spair import read_spair
from robustcheck.datasets.layouts.webdataset import is_webdataset, read_webdataset
from robustcheck.datasets.objectnet import imagenet_on_objectnet, objectnet_imagenet, objectnet_names, read_objectnet
from robustcheck.datasets.shapes import open_shapes, shape_classes
from robustcheck.datasets.typographic_sets import read_disentangling, read_typed_manifest, read_typed_names
from robustcheck.datasets.video_sets import RELEASED, read_released_video, read_video, released_classes

# What a directory shows by itself: the more special ones first.
_SHOWN = (
    Layout(
        "captions",
        read_captions,
        has_captions,
        "captions.jsonl, captions.csv, or a webdataset whose dataset_type.txt says retrieval",
        task="retrieval",
    ),
    Layout("anchors", read_video, has_anchors, f"{OWN}: frames of videos and their neighbours", task="video"),
    Layout(
        "manifest",
        lambda path, _: read_manifest(path),
        is_manifest,
        "manifest.csv or manifest.jsonl with the columns path and label (or that file itself)",
    ),
    Layout(
        "webdataset",
        read_webdataset,
        is_webdataset,
        "classnames.txt, zeroshot_classification_templates.txt, test/nshards.txt, test/0.tar, ...",
    ),
    Layout(
        "imagefolder", lambda path, _: read_imagefolder(path), is_imagefolder, "one sub-directory of images a class"
    ),
    Layout(
        "shards",
        read_shards,
        is_shard_directory,
        "NAME-00.tar, NAME-01.tar, ... with KEY.jpg and KEY.cls, and perhaps _info.json (timm's webdatasets)",
    ),
    Layout(
        "parquet",
        lambda path, _: read_parquet(path),
        is_parquet,
        "validation-00000-of-00014.parquet, ..., there or in data/ (Hugging Face)",
    ),
    Layout(
        "named-files",
        lambda path, _: read_flat(path),
        is_flat,
        "images whose names tell their classes: ILSVRC2012_val_00000001.JPEG, n01440764_1.JPEG",
    ),
    Layout(
        "unlabelled",
        read_unlabelled,
        is_unlabelled,
        "images and nothing else: a set without labels, for metrics that need none",
        task="ood",
    ),
)
_NAMED = (
    Layout("cue-conflict", read_cue_conflict, class_names=lambda _: categories()),
    Layout("disentangling", read_disentangling),
    Layout("imagenet-d", read_imagenet_d, class_names=lambda _: imagenet_d_names()),
    Layout("objectnet", read_objectnet),
    Layout("navi", read_navi),
    Layout("scannet-pairs", read_scannet),
    Layout("sequences", read_sequences),
    Layout("spair", read_spair),
    Layout("typed-manifest", read_typed_manifest),
    Layout("typed-names", read_typed_names),
    *(Layout(name, partial(read_released_video, name), class_names=released_classes) for name in RELEASED),
)
_VIEWS = (
    View("imagenet-on-objectnet", imagenet_on_objectnet, lambda _: objectnet_names()),
    View("imagenet-x", imagenet_x_view),
    View("objectnet-imagenet", objectnet_imagenet, lambda _: objectnet_names()),
)
_SELF_CONTAINED = (
    SelfContained("packaged", open_digits, "ships with scikit-learn", lambda _: CLASS_NAMES),
    SelfContained("drawn", open_shapes, "drawn by robustcheck", shape_classes),
)

LAYOUTS = (*_SHOWN, *_NAMED, *_VIEWS, *_SELF_CONTAINED)

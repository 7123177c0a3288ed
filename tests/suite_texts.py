"""Suites as texts: a good one and one with mistakes."""

from __future__ import annotations

DESIGN_SUITE = """\
# yaml-language-server: $schema=../robustcheck/schema.json
robustcheck: 1
title: Natural distribution shifts
about: Under shift, accuracy follows a line.
models: clip                           # default; --models replaces it

defaults: {tags: [shift], seed: 7}

checks:
  - id: shift-on-trend
    title: Accuracy under shift stays on the line
    for_each: {dataset: [imagenet-v2, imagenet-r]}
    measure: {metric: top1, dataset: "${dataset}"}
    expect:
      on_trend: {population: openclip, against: {metric: top1, dataset: imagenet-val}, allowed_below: 2.0pp}
    warn: {allowed_below: 1.0pp}
    why: A drop here meant broken augmentation in the past.

  # about the next one
  - id: pose-accuracy
    measure: {metric: top1, dataset: imagenet-x, where: {factor: pose}}
    expect: {at_least: 45%}       # as measured
    # the end
"""


SIX_MISTAKES = """\
robustcheck: 1
modles: clip
checks:
  - id: shift
    for_each: {dataset: [imagenet-v2, imagenet-v3]}
    measure: {metric: top11, dataset: "${dataset}"}
    expect: {at_least: 45pp}
  - id: shift
    measure: {metric: top1, dataset: digits}
    expect: {at_lest: 45%}
"""

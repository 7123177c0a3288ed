"""pytest-xdist: one model stays on one worker, and item ids stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcheck.plugin.options import SUFFIX

_MODEL_SEPARATOR = "|"


def make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Return a scheduler that groups the items of a model, or None to leave xdist's own.

    It is used only with plain ``-n`` and where suites are among the arguments.
    """
    if config.getoption("dist", "no") != "load" or not any(_has_suite(argument) for argument in config.args):
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ModelScheduling(LoadScopeScheduling):  # type: ignore[misc,unused-ignore]
        """Schedule all items of one model to one worker; other tests go one by one."""

        def _split_scope(self, nodeid: str) -> str:
            return model_of(nodeid) or nodeid

    return ModelScheduling(config, log)


def model_of(nodeid: str) -> str | None:
    """Return the model in the id of a check, or None for any other test.

    >>> model_of("suites/a.robust.yaml::shift[imagenet-v2|ViT-B-32/openai]")
    'ViT-B-32/openai'
    """
    path, _, name = nodeid.partition("::")
    if not path.endswith(SUFFIX) or not name.endswith("]"):
        return None
    return name[name.index("[") + 1 : -1].rpartition(_MODEL_SEPARATOR)[2]


def _has_suite(argument: str) -> bool:
    path = Path(argument.partition("::")[0])
    return path.name.endswith(SUFFIX) or (path.is_dir() and any(path.rglob(f"*{SUFFIX}")))

"""The Hugging Face hub when it cannot be reached: its client would retry for a minute a model."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

_SECONDS = 3.0


@contextmanager
def hub_access() -> Iterator[None]:
    """Let the hub's client use its cache alone while the hub cannot be reached."""
    from huggingface_hub import constants

    with _offline(constants.HF_HUB_OFFLINE or not is_reachable(constants.ENDPOINT)):
        yield


@contextmanager
def hub_cache() -> Iterator[None]:
    """Let the hub's client use its cache alone, whether or not the hub can be reached."""
    with _offline(True):
        yield


@contextmanager
def _offline(is_offline: bool) -> Iterator[None]:
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = is_offline
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@cache
def is_reachable(address: str) -> bool:
    """Say whether a connection to an address opens; behind a proxy, say yes and let the client find out."""
    parts = urlsplit(address)
    if parts.scheme in urllib.request.getproxies():
        return True
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_SECONDS).close()
    except OSError:
        return False
    return True

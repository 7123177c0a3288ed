"""The places where a store can be: a directory, memory, and a bucket of a real server that speaks S3."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from buckets import Bucket, serving

from robustcheck.store import Storage, open_storage


@pytest.fixture(scope="session")
def bucket() -> Iterator[Bucket]:
    with serving() as served:
        yield served


@pytest.fixture(params=["directory", "memory", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a directory or a URL that holds nothing yet."""
    if request.param == "s3":
        return request.getfixturevalue("bucket").new_url()
    return f"memory://{secrets.token_hex(8)}/store" if request.param == "memory" else str(tmp_path / "store")


@pytest.fixture
def storage(place: str) -> Storage:
    return open_storage(place)

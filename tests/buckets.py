"""A server on this machine that speaks S3, with a bucket."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any

import pytest

BUCKET = "robustcheck-tests"
# Below this nobody may read or write.
FORBIDDEN = "forbidden"
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Bucket:
    """A served bucket: ``environ`` leads processes to it; ``requests`` counts what was asked, by (method, path)."""

    environ: dict[str, str]
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)

    def new_url(self) -> str:
        """Return a URL below which nothing is yet."""
        return f"s3://{BUCKET}/{secrets.token_hex(8)}"

    def written(self, url: str, ending: str) -> dict[str, int]:
        """Return how often each object below a URL whose name ends so was written."""
        start = "/" + url.removeprefix("s3://")
        return {
            path.removeprefix(start + "/"): count
            for (method, path), count in self.requests.items()
            if method == "PUT" and path.startswith(start) and path.endswith(ending)
        }


@contextmanager
def serving() -> Iterator[Bucket]:
    """Serve a bucket while the block lasts; skip where the packages of the server or the client are not installed."""
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'robustcheck[s3]'")
    moto = pytest.importorskip("moto.server", reason="moto's server is not installed: pip install 'moto[server]'")
    requests: Counter[tuple[str, str]] = Counter()
    # As the service does it: of two writes that ask for a new object one comes first.
    one_at_a_time = Lock()
    backends = moto.DomainDispatcherApplication(moto.create_backend_app)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        requests[environ["REQUEST_METHOD"], environ["PATH_INFO"]] += 1
        if f"/{BUCKET}/{FORBIDDEN}/" in environ["PATH_INFO"]:
            start_response(
                "403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(_DENIED)))]
            )
            # An answer to HEAD has no body, whatever its length says.
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [_DENIED]
        with one_at_a_time:
            return backends(environ, start_response)

    with _listening(answer) as port, pytest.MonkeyPatch.context() as patch:
        bucket = Bucket({**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}, requests)
        for name, value in bucket.environ.items():
            patch.setenv(name, value)
        _make_bucket()
        # A client is kept for its process, with the address of the server that it was made for.
        s3fs.S3FileSystem.clear_instance_cache()
        yield bucket
        s3fs.S3FileSystem.clear_instance_cache()


@contextmanager
def _listening(application: Any) -> Iterator[int]:
    """Answer requests on a free port, in a thread."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            """Say nothing."""

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Silent)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _make_bucket() -> None:
    import boto3

    boto3.client("s3").create_bucket(Bucket=BUCKET)

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
_SLOW = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@dataclass(frozen=True)
class Bucket:
    """A served bucket: ``environ`` leads processes to it; ``requests`` counts what was asked, by (method, path).

    Below a ``locked`` path all may be read and nothing written. The path of a request that is ``throttled`` is told to
    come again later, so often.
    """

    environ: dict[str, str]
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    locked: set[str] = field(default_factory=set)
    throttled: Counter[str] = field(default_factory=Counter)

    def new_url(self) -> str:
        """Return a URL below which nothing is yet."""
        return f"s3://{BUCKET}/{secrets.token_hex(8)}"

    def lock(self, url: str) -> None:
        """Let nothing be written below a URL any more."""
        self.locked.add(_path(url))

    def throttle(self, url: str, times: int) -> None:
        """Answer the next requests for a file with 503."""
        self.throttled[_path(url)] += times

    def refusal(self, method: str, path: str) -> tuple[str, bytes] | None:
        """Return the status and body by which a request is refused; None where it is answered."""
        is_locked = method not in ("GET", "HEAD") and any(path.startswith(f"{each}/") for each in self.locked)
        if is_locked or path.startswith(f"/{BUCKET}/{FORBIDDEN}/"):
            return "403 Forbidden", _DENIED
        if self.throttled[path]:
            self.throttled[path] -= 1
            return "503 Slow Down", _SLOW
        return None

    def written(self, url: str, ending: str) -> dict[str, int]:
        """Return how often each object below a URL whose name ends so was written."""
        start = _path(url)
        return {
            path.removeprefix(start + "/"): count
            for (method, path), count in self.requests.items()
            if method == "PUT" and path.startswith(start) and path.endswith(ending)
        }


def _path(url: str) -> str:
    return "/" + url.removeprefix("s3://")


@contextmanager
def serving() -> Iterator[Bucket]:
    """Serve a bucket while the block lasts; skip where the packages of the server or the client are not installed."""
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed: pip install 'robustcheck[s3]'")
    moto = pytest.importorskip("moto.server", reason="moto's server is not installed: pip install 'moto[server]'")
    served = Bucket({})
    # As the service does it: of two writes that ask for a new object one comes first.
    one_at_a_time = Lock()
    backends = moto.DomainDispatcherApplication(moto.create_backend_app)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        asked = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        served.requests[asked] += 1
        if refused := served.refusal(*asked):
            status, body = refused
            start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            # An answer to HEAD has no body, whatever its length says.
            return [] if asked[0] == "HEAD" else [body]
        with one_at_a_time:
            return backends(environ, start_response)

    with _listening(answer) as port, pytest.MonkeyPatch.context() as patch:
        served.environ.update({**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"})
        for name, value in served.environ.items():
            patch.setenv(name, value)
        _make_bucket()
        # A client is kept for its process, with the address of the server that it was made for.
        s3fs.S3FileSystem.clear_instance_cache()
        yield served
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

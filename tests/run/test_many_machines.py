"""Many machines: job arrays and Ray give the results of one process, and make each chunk once."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from buckets import Bucket, serving
from colour_data import write_colours
from forks import run_fork, run_forks
from package_makers import installer
from watched_models import WATCHED, seen_images

from robustcheck import registry
from robustcheck.report import load_run
from robustcheck.store import CHUNK, open_storage
from robustcheck.values import Result

N = 7 * CHUNK + 100
CHUNKS = 8
MODELS = 2
WORKERS = 4


_CLUSTER = """
import sys
from ray.cluster_utils import Cluster

cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "ray_client_server_port": int(sys.argv[1])})
cluster.add_node(num_cpus=1)
cluster.wait_for_nodes()
print("ready", flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@dataclass
class World:
    """A project whose suite is run on this machine, with two watched models."""

    root: Path
    environ: dict[str, str]

    @property
    def watch(self) -> Path:
        return self.root / "watch"

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return run_fork(self.root, *words, environ=self.environ)

    def call_together(self, *calls: tuple[str, ...]) -> list[subprocess.CompletedProcess[str]]:
        return run_forks(self.root, *calls, environ=self.environ)

    def judge(self, report: str, store: str, *options: str) -> list[Result]:
        """Run pytest, and return its results without what differs between any two runs."""
        words = ("a.robust.yaml", "-p", "no:cacheprovider", "--robust-store", store, "--robust-report", report)
        done = self.call("pytest", *words, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        (run,) = (self.root / report).glob("*/run.json")
        return [replace(result, seconds=0.0, rerun="") for result in load_run(run).results]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    tmp_path = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        place = installer(tmp_path / "installed", patch)("watched-models", WATCHED, "model_kinds")
        (tmp_path / "watch").mkdir()
        write_colours(tmp_path / "colours", N)
        models = ", ".join(f'"watched:{name}@{tmp_path}/watch"' for name in "ab")
        (tmp_path / "a.robust.yaml").write_text(
            f"robustcheck: 1\ntitle: Colours\nmodels: [{models}]\nchecks:\n"
            "  - id: right\n    measure: {metric: top1, dataset: ./colours}\n    expect: {at_least: 50%}\n"
            "  - id: calm\n    measure: {metric: ece, dataset: ./colours}\n    expect: {at_most: 0.95}\n"
        )
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        paths = (str(place), str(Path(__file__).parents[2]))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "ROBUSTCHECK_"))}
        yield World(tmp_path, {**kept, "PYTHONPATH": os.pathsep.join(paths), "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"})
    registry.forget()


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving() as served:
        yield served


@pytest.fixture(scope="module")
def expected(world: World) -> list[Result]:
    """The results of one process."""
    return world.judge("reports", str(world.root / "one"))


@pytest.fixture(params=["directory", "s3"])
def store(request: pytest.FixtureRequest, world: World, expected: list[Result], tmp_path: Path) -> str:
    """Return where a new store can be; no image was seen yet."""
    (world.watch / "seen").unlink(missing_ok=True)
    if request.param == "directory":
        return str(tmp_path / "store")
    served: Bucket = request.getfixturevalue("bucket")
    world.environ.update(served.environ)
    return served.new_url()


def assert_packed(store: str) -> None:
    outputs = [kept.name for kept in open_storage(store).files("v1/outputs")]
    assert [name.rpartition("/")[2] for name in outputs] == ["000000.safetensors"] * MODELS


def assert_written_once(store: str, request: pytest.FixtureRequest) -> None:
    """The server counts how often each chunk arrived."""
    if not store.startswith("s3:"):
        return
    written = request.getfixturevalue("bucket").written(store, ".array")
    assert len([name for name in written if "/outputs/" in f"/{name}"]) == CHUNKS * MODELS
    assert set(written.values()) == {1}


def test_a_job_array_of_four_gives_the_results_of_one_process(
    world: World, store: str, expected: list[Result], request: pytest.FixtureRequest
) -> None:
    planned = world.call("robustcheck", "jobs", "a.robust.yaml", "--store", store, "--images", "256")
    assert planned.stdout == f"jobs.jsonl: 10 lines, {CHUNKS * MODELS} chunks and 2 heads of 2 models\n"
    words = ("robustcheck", "work", "jobs.jsonl", "--of", str(WORKERS), "--index")
    workers = world.call_together(*((*words, str(index)) for index in range(WORKERS)))
    assert [worker.returncode for worker in workers] == [0] * WORKERS, workers
    assert sum(int(worker.stdout.split()[2]) for worker in workers) == CHUNKS * MODELS
    assert set(seen_images(world.watch).values()) == {MODELS}
    assert_written_once(store, request)
    assert_packed(store)
    assert world.judge(f"reports-array-{request.node.callspec.id}", store) == expected
    assert set(seen_images(world.watch).values()) == {MODELS}, "judging runs no model on an image"


@pytest.fixture(scope="module")
def cluster(world: World, bucket: Bucket) -> Iterator[str]:
    """Start a cluster of two nodes with a core each, and return the address that its clients take."""
    for name in ("ray", "grpc"):
        pytest.importorskip(name, reason="Ray or its client is not installed: pip install 'robustcheck[ray]'")
    port = free_port()
    # In a process of its own, which leaves none of Ray's open files here. Workers have the environment of their node.
    started = subprocess.Popen(
        [sys.executable, "-c", _CLUSTER, str(port)],
        env={**world.environ, **bucket.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert started.stdout is not None
    assert any(line == "ready\n" for line in started.stdout), "the cluster has begun"
    yield f"ray://127.0.0.1:{port}"
    started.communicate("")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_ray_gives_the_results_of_one_process_though_a_worker_is_killed(
    world: World, cluster: str, store: str, expected: list[Result], request: pytest.FixtureRequest
) -> None:
    (world.watch / "kill-at").write_text("300")
    judged = world.judge(f"reports-ray-{request.node.callspec.id}", store, "--robust-engine", cluster)
    assert not (world.watch / "kill-at").exists(), "a worker was killed on the way"
    seen = seen_images(world.watch)
    assert len(seen) == N
    # What the killed worker had begun and not written is one chunk.
    assert sum(seen.values()) - MODELS * N <= MODELS * CHUNK
    assert_written_once(store, request)
    assert_packed(store)
    assert judged == expected

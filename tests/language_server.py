"""yaml-language-server, which editors use: what it marks in a suite and what it completes there."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SERVER = shutil.which("yaml-language-server")


class Editor:
    """An editor that has one file open at a time, and a schema for its suites."""

    def __init__(self, process: subprocess.Popen[bytes], schema: Path) -> None:
        self._process, self._asked = process, 0
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        self._tell("initialized", {})
        yaml = {"schemas": {schema.as_uri(): "*.robust.yaml"}, "validate": True, "completion": True, "hover": True}
        self._settings = [yaml | {"schemaStore": {"enable": False}}]
        self._tell("workspace/didChangeConfiguration", {"settings": {"yaml": self._settings[0]}})

    def marks(self, path: Path) -> list[str]:
        """Return what is marked in a file, in the server's words."""
        self._open(path)
        return [one["message"] for one in self._diagnostics(path)]

    def completes(self, path: Path, before: str) -> list[str]:
        """Return what is offered behind a piece of text in a file."""
        self._open(path)
        self._diagnostics(path)
        head = path.read_text(encoding="utf-8").split(before)[0] + before
        position = {"line": head.count("\n"), "character": len(head.rpartition("\n")[2])}
        found = self._ask("textDocument/completion", {"textDocument": {"uri": path.as_uri()}, "position": position})
        return [item["label"] for item in found["items"]]

    def _open(self, path: Path) -> None:
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1}
        self._tell("textDocument/didOpen", {"textDocument": document | {"text": path.read_text(encoding="utf-8")}})

    def _diagnostics(self, path: Path) -> list[dict[str, Any]]:
        for message in self._messages():
            shown = message["params"] if message.get("method") == "textDocument/publishDiagnostics" else {}
            if shown.get("uri") == path.as_uri():
                return list(shown["diagnostics"])
        raise AssertionError("the server ended")

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        for message in self._messages():
            if message.get("id") == self._asked and "method" not in message:
                return message["result"]
        raise AssertionError("the server ended")

    def _tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _messages(self) -> Iterator[dict[str, Any]]:
        """Yield what the server says; what it asks of the editor is answered."""
        assert self._process.stdout is not None
        while header := self._process.stdout.readline():
            length = int(header.split(b":")[1])
            while self._process.stdout.readline().strip():
                pass
            message = json.loads(self._process.stdout.read(length))
            if "id" in message and "method" in message:
                asked = message["method"] == "workspace/configuration"
                count = len(message["params"]["items"]) if asked else 0
                answer = (self._settings * count)[:count] if asked else None
                self._send({"id": message["id"], "result": answer})
            yield message


@contextmanager
def editor(schema: Path) -> Iterator[Editor]:
    """Start the server and end it."""
    assert SERVER is not None, "ask for it first"
    with subprocess.Popen([SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Editor(process, schema)
        finally:
            process.kill()

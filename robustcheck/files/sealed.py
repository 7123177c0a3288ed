"""Files of ours that check themselves: one flipped bit is found and said, never read as another value.

A sealed JSON file begins with its checksum, the sha256 of everything after it, and stays JSON that anybody reads:

    {
    "checksum": "sha256:...",
    "id": ...

Sealed bytes begin with a line of the same kind. Files of versions before 0.2 have no checksum and are still read.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_HEAD = re.compile(rb'\{\r?\n"checksum": "sha256:([0-9a-f]{64})",\r?\n')
_FIRST_LINE = re.compile(rb"robustcheck-sealed ([0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True)
class Unsealed:
    """What a file holds; ``sealed`` says that it had a checksum, and that it is right."""

    content: bytes
    sealed: bool


def seal_json(content: bytes) -> bytes:
    """Return a JSON object, written with one key a line, with its checksum as the first key."""
    head, _, body = content.partition(b"{\n")
    if head.strip() or not body.strip():
        raise ValueError("only a JSON object with one key a line can be sealed")
    return b'{\n"checksum": "sha256:' + _json_digest(body) + b'",\n' + body


def unseal_json(content: bytes) -> Unsealed | None:
    """Return the JSON object without its checksum, or None when the checksum is wrong."""
    match = _HEAD.match(content)
    if match is None:
        return Unsealed(content, False)
    body = content[match.end() :]
    return Unsealed(b"{\n" + body, True) if _json_digest(body) == match[1] else None


def unsealed_json(content: bytes) -> bytes:
    """Return the JSON object without its checksum; raise ValueError when it has none, or a wrong one."""
    found = unseal_json(content)
    if found is None or not found.sealed:
        raise ValueError("the checksum is wrong or missing")
    return found.content


def seal(content: bytes, name: str) -> bytes:
    """Return bytes behind a line with the checksum of them and of the name that they are kept under."""
    return b"robustcheck-sealed " + _digest(content, name) + b"\n" + content


def unseal(content: bytes, name: str) -> Unsealed | None:
    """Return the bytes behind the line, or None when the checksum is wrong."""
    match = _FIRST_LINE.match(content)
    if match is None:
        return Unsealed(content, False)
    body = content[match.end() :]
    return Unsealed(body, True) if _digest(body, name) == match[1] else None


def _json_digest(body: bytes) -> bytes:
    # A version control system may change the ends of lines, which change no value.
    return hashlib.sha256(body.replace(b"\r\n", b"\n")).hexdigest().encode()


def _digest(content: bytes, name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass") + b"\0" + content).hexdigest().encode()

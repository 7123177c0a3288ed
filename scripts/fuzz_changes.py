"""Seeded damage to files: flipped bits, cut and repeated parts, and the texts that break readers."""

from __future__ import annotations

import random

# What other people's files have held, and what readers have died of.
_TOKENS: tuple[bytes, ...] = (
    *(b"\0", b"\x1b[2J", b"\x85", b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", "\u2028".encode(), "\u202e".encode()),
    *(
        b"\n",
        b"\r",
        b"\t",
        b"  ",
        b",",
        b'"',
        b"'",
        b"\\",
        b": ",
        b"- ",
        b"#",
        b"%",
        b"&a ",
        b"*a",
        b"!!x ",
        b"<<: ",
        b"|",
    ),
    *(b"[", b"]", b"{", b"}", b"[" * 2000, b'{"a":' * 500, b"&a [*a]", b"? ", b"---\n", b"%YAML 9.9\n"),
    *(b"9" * 5000, b"-1", b"0", b"1e999", b"-1e999", b"NaN", b"Infinity", b"0x" + b"f" * 400, b"1e-400", b"007"),
    *(str(2**63).encode(), str(2**64).encode(), b"2024-02-31", b"12:61:61", b"null", b"~", b"yes", b"true", b"''"),
    *(b"~nobody/x", b"../../x", b"/dev/zero", b"x" * 300, b"x" * 200_000, b"::error::x", b'"\\ud800"', b"${a}", b"${"),
)


def change(content: bytes, rng: random.Random, others: tuple[bytes, ...] = ()) -> bytes:
    """Return a file with one to four changes; ``others`` are files of the kind whose parts may be mixed in."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        content = rng.choice(_CHANGES)(content, rng, others)
    return content


def flip(content: bytes, rng: random.Random) -> bytes:
    """Return a file with one bit changed."""
    return _flipped(content, rng, ())


def _flipped(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    if not content:
        return b"\x01"
    changed = bytearray(content)
    changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _inserted(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    place = rng.randint(0, len(content))
    return content[:place] + rng.choice(_TOKENS) + content[place:]


def _replaced(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + rng.choice(_TOKENS) + content[end:]


def _word_replaced(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    """Put a token in the place of a whole value, so that what is around it can still be parsed."""
    words = [word for word in content.replace(b",", b" ").split() if len(word) < 60]
    if not words:
        return _inserted(content, rng, others)
    return content.replace(rng.choice(words), rng.choice(_TOKENS), rng.choice((1, 1, -1)))


def _removed(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    start, end = _span(content, rng)
    return content[:start] + content[end:]


def _repeated(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    start, end = _span(content, rng)
    return content[:end] + content[start:end] * rng.choice((1, 1, 2, 50)) + content[end:]


def _cut(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    return content[: rng.randint(0, len(content))]


def _line_moved(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    lines = content.split(b"\n")
    line = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randint(0, len(lines)), line)
    return b"\n".join(lines)


def _line_repeated(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    lines = content.split(b"\n")
    lines.insert(rng.randint(0, len(lines)), rng.choice(lines))
    return b"\n".join(lines)


def _mixed(content: bytes, rng: random.Random, others: tuple[bytes, ...]) -> bytes:
    other = rng.choice(others) if others else content
    return content[: rng.randint(0, len(content))] + other[rng.randint(0, len(other)) :]


def _span(content: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + rng.choice((1, 2, 4, 16, 64, 256)))


_CHANGES = (
    _flipped,
    _inserted,
    _inserted,
    _replaced,
    _word_replaced,
    _word_replaced,
    _word_replaced,
    _removed,
    _repeated,
    _cut,
    _line_moved,
    _line_repeated,
    _mixed,
)

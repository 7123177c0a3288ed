"""Files of ours that check themselves."""

from __future__ import annotations

import json

import pytest

from robustcheck.files.sealed import seal, seal_json, unseal, unseal_json

RECORD = b'{\n "id": "a",\n "n": 3\n}\n'


def flips(content: bytes) -> list[bytes]:
    found = []
    for place in range(len(content)):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            found.append(bytes(changed))
    return found


def test_a_sealed_record_is_json_and_comes_back() -> None:
    sealed = seal_json(RECORD)
    assert json.loads(sealed).keys() == {"checksum", "id", "n"}
    found = unseal_json(sealed)
    assert found is not None
    assert (found.content, found.sealed) == (RECORD, True)


def test_a_change_of_line_ends_is_no_damage() -> None:
    found = unseal_json(seal_json(RECORD).replace(b"\n", b"\r\n"))
    assert found is not None
    assert found.sealed
    assert json.loads(found.content) == json.loads(RECORD)


def test_every_flipped_bit_of_a_record_is_found() -> None:
    for flipped in flips(seal_json(RECORD)):
        found = unseal_json(flipped)
        if found is None:
            continue
        # The seal itself is damaged: it is no longer one, and no key of a record has this name.
        assert not found.sealed
        try:
            keys = json.loads(found.content).keys()
        except (ValueError, AttributeError):
            continue
        assert keys - {"id", "n"}


def test_a_record_without_a_seal_is_given_back_as_it_is() -> None:
    found = unseal_json(RECORD)
    assert found is not None
    assert (found.content, found.sealed) == (RECORD, False)


def test_sealed_bytes_come_back_under_their_name_only() -> None:
    sealed = seal(b"\0abc", "one")
    found = unseal(sealed, "one")
    assert found is not None
    assert (found.content, found.sealed) == (b"\0abc", True)
    assert unseal(sealed, "two") is None
    assert all((again := unseal(flipped, "one")) is None or not again.sealed for flipped in flips(sealed))


def test_only_an_object_with_a_key_a_line_is_sealed() -> None:
    for content in (b"[1]\n", b"{}\n", b'{"a": 1}'):
        with pytest.raises(ValueError, match="one key a line"):
            seal_json(content)

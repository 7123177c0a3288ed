"""The rerun command: quoted for a shell, naming the models only when the run did."""

from __future__ import annotations

from robustcheck.run.rerun import quoted, rerun_command


def test_quoting() -> None:
    assert quoted("a::b[c|d]") == '"a::b[c|d]"'
    assert quoted("a$b") == "'a$b'"


def test_models_are_named_only_when_the_run_did() -> None:
    assert rerun_command("a::b[m]", None) == 'pytest "a::b[m]"'
    assert rerun_command("a::b[m]", "openclip:A@x.pt") == 'pytest "a::b[m]" --models "openclip:A@x.pt"'

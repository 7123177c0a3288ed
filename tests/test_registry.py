"""The registry: entry points of other packages, and what is said about those that cannot be used."""

from __future__ import annotations

from importlib.metadata import EntryPoints

import pytest
from package_makers import Install

from robustcheck import registry
from robustcheck.errors import SetupError
from robustcheck.transforms import TransformKind

KIND = """
from robustcheck.transforms import TransformKind
MADE = TransformKind({name!r}, ("1", "2"), lambda name, variant: None)
"""


def test_a_value_of_another_package_is_found_after_ours(install: Install) -> None:
    ours = list(registry.named("transforms"))
    install("extra-a", KIND.format(name="aaa"))
    assert list(registry.known("transforms", TransformKind)) == [*ours, "aaa"]
    assert registry.registered("transforms")[-1].variants == ("1", "2")


def test_the_maker_of_a_value_is_known(install: Install) -> None:
    install("extra-a", KIND.format(name="aaa"))
    assert registry.foreign_maker("transforms", "aaa") == "extra-a 1.2"
    assert registry.foreign_maker("transforms", "fog") == ""
    assert registry.foreign_maker("transforms", "nobody's") == ""


def test_an_entry_point_may_be_a_tuple_of_values(install: Install) -> None:
    code = KIND.format(name="aaa") + "MADE = (MADE, TransformKind('bbb', ('1',), MADE.make))"
    install("extra-a", code)
    assert {"aaa", "bbb"} <= registry.named("transforms").keys()


def test_two_packages_with_one_name_are_both_named(install: Install) -> None:
    install("extra-a", KIND.format(name="aaa"))
    install("extra-b", KIND.format(name="aaa"))
    with pytest.raises(SetupError, match="two packages register the transforms name 'aaa': extra-a and extra-b"):
        registry.named("transforms")


def test_our_names_cannot_be_replaced(install: Install) -> None:
    install("extra-a", KIND.format(name="fog"))
    with pytest.raises(SetupError, match="'fog': robustcheck and extra-a"):
        registry.named("transforms")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import nothing_of_this_name", "'mine' of extra-a cannot be loaded .*nothing_of_this_name"),
        ("", "'mine' of extra-a cannot be loaded"),
        ("MADE = tuple(1)", "'mine' of extra-a cannot be loaded .*not iterable"),
        ("MADE = 3", "'mine' of extra-a gives a int without a name"),
        ("MADE = (3,)", "'mine' of extra-a gives a int without a name"),
    ],
)
def test_what_cannot_be_loaded_names_its_package(install: Install, code: str, message: str) -> None:
    install("extra-a", code)
    with pytest.raises(SetupError, match=rf"(?s)robustcheck\.transforms.*{message}.*extra-a"):
        registry.named("transforms")


def test_a_value_of_another_type_names_its_package(install: Install) -> None:
    code = "from types import SimpleNamespace\nMADE = SimpleNamespace(name='aaa')"
    install("extra-a", code)
    with pytest.raises(SetupError, match=r"'aaa' of extra-a is a SimpleNamespace\n.*expected: .* TransformKind"):
        registry.known("transforms", TransformKind)


def test_an_installation_without_our_own_values_says_how_to_mend_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda: EntryPoints())
    registry.forget()
    with pytest.raises(SetupError, match=r"declares no layouts\n(?s:.)*install it again"):
        registry.named("layouts")
    monkeypatch.undo()
    registry.forget()


def test_other_packages_are_known_without_loading_them(install: Install) -> None:
    assert registry.other_packages() == ()
    install("extra-b", "raise RuntimeError", version="0.3")
    install("extra-a", "raise RuntimeError", "prompts")
    assert registry.other_packages() == (("extra-a", "1.2"), ("extra-b", "0.3"))

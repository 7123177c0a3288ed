"""What written answers choose, case by case."""

from __future__ import annotations

import pytest

from robustcheck.protocols.multiple_choice.parsing import ReadAnswer, parse_answer

NAMES = ("dog", "cat", "hot dog", "t shirt")


@pytest.mark.parametrize(
    ("text", "option", "how"),
    [
        # A letter alone, or marked as one of a list.
        ("A", 0, "letter"),
        ("b", 1, "letter"),
        ("(C)", 2, "letter"),
        ("D.", 3, "letter"),
        ("[B].", 1, "letter"),
        (" B) ", 1, "letter"),
        ("A.dog", 0, "letter"),
        ("B. cat", 1, "letter"),
        ("(C) hot dog", 2, "letter"),
        ("C: hot dog", 2, "letter"),
        ("B cat", 1, "letter"),
        ("B\ncat", 1, "letter"),
        ("D.T SHIRT", 3, "letter"),
        ("The answer is B.", 1, "letter"),
        ("Answer: (D)", 3, "letter"),
        ("The correct option is A", 0, "letter"),
        # A name, in any case, as whole words, the longest of those that overlap.
        ("dog", 0, "name"),
        ("The main object is a Cat.", 1, "name"),
        ("A dog", 0, "name"),
        ("A cat", 1, "name"),
        ("a hot dog in a bun", 2, "name"),
        ("The answer is a cat", 1, "name"),
        ("The answer is A cat", 1, "name"),
        ("It is a dog, a very large dog.", 0, "name"),
        # Two choices, or a letter that its own name contradicts.
        ("a dog and a cat", None, "ambiguous"),
        ("A.cat", None, "ambiguous"),
        ("(A) or the answer is B", None, "ambiguous"),
        ("a hot dog beside a dog", None, "ambiguous"),
        # Nothing is chosen.
        ("I'm sorry, I cannot tell.", None, "refused"),
        ("None of the above.", None, "refused"),
        ("I don\u2019t know; perhaps a dog", None, "refused"),
        ("", None, "unread"),
        ("a bird", None, "unread"),
        ("dogs", None, "unread"),
        ("A large animal", None, "unread"),
        ("E", None, "unread"),
        ("concatenate", None, "unread"),
    ],
)
def test_an_answer_is_read(text: str, option: int | None, how: str) -> None:
    assert parse_answer(text, NAMES) == ReadAnswer(option, how)  # type: ignore[arg-type]


def test_names_with_signs_of_regular_expressions_are_names() -> None:
    assert parse_answer("a binder (closed)", ("binder (closed)", "a.b", "c*", "[x]")) == ReadAnswer(0, "name")
    assert parse_answer("c*", ("binder (closed)", "a.b", "c*", "[x]")) == ReadAnswer(2, "name")
    assert parse_answer("axb", ("binder (closed)", "a.b", "c*", "[x]")) == ReadAnswer(None, "unread")


def test_a_name_within_a_longer_one_counts_where_it_stands_alone_too() -> None:
    names = ("dog", "hot dog", "hot dog bun", "dog bun")
    assert parse_answer("a hot dog bun", names) == ReadAnswer(2, "name")
    assert parse_answer("a hot dog bun. A dog", names) == ReadAnswer(None, "ambiguous")
    # It was a comparison of each with each: minutes.
    assert parse_answer("hot dog bun " * 20_000, names) == ReadAnswer(2, "name")


@pytest.mark.parametrize("place", range(4))
def test_every_option_written_as_it_stands_is_read(place: int) -> None:
    names = ("coffee or french press", "t shirt", "laptop (open)", "mixing or salad bowl")
    for text in ("ABCD"[place], f"{'ABCD'[place]}.{names[place]}", names[place], names[place].upper()):
        assert parse_answer(text, names).option == place

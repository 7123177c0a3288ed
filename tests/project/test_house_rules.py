"""What the house keeps to: one name for one thing, short functions and files, tests through public faces.

The lists of exceptions only shrink: an entry that is no longer needed fails too.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "robustcheck"
MOST_LINES_OF_A_FUNCTION = 40
MOST_LINES_OF_A_FILE = 350

# Names that stand for two things, and why.
SHARED_CLASSES: dict[str, str] = {}
SHARED_MODULES = {
    "catalogue": "one of data sets, one of models",
    "cue_conflict": "the subject, and its data sets",
    "metrics": "one of each subject",
    "scoring": "one of each subject",
    "shipped": "one of each room that ships values",
    "typographic": "the subject, and its transforms",
}
SHARED_FUNCTIONS = {
    "find_recipes": "one of each subject",
    "samples": "one of each subject",
}

# Private names of the package that tests still use, by the test's file.
PRIVATE: dict[str, set[str]] = {}

Places = Mapping[str, list[str]]


def parsed(directory: Path) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(directory.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def definitions(kind: type[ast.ClassDef] | type[ast.FunctionDef]) -> Places:
    """Return where each name of a kind is defined at the top of a module; of functions the public ones."""
    places: dict[str, list[str]] = defaultdict(list)
    for path, tree in parsed(PACKAGE):
        for node in tree.body:
            if isinstance(node, kind) and (kind is ast.ClassDef or not node.name.startswith("_")):
                places[node.name].append(path)
    return places


def module_names() -> Places:
    """Return where each name of a module or package lies; a package counts by its directory."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.parent.name if path.name == "__init__.py" else path.stem
        places[name].append(path.relative_to(ROOT).as_posix())
    return places


@pytest.mark.parametrize(
    ("find", "shared"),
    [
        pytest.param(lambda: definitions(ast.ClassDef), SHARED_CLASSES, id="classes"),
        pytest.param(module_names, SHARED_MODULES, id="modules"),
        pytest.param(lambda: definitions(ast.FunctionDef), SHARED_FUNCTIONS, id="functions"),
    ],
)
def test_one_name_stands_for_one_thing(find: Callable[[], Places], shared: Mapping[str, str]) -> None:
    found = {name: where for name, where in find().items() if len(where) > 1}
    assert not {name: where for name, where in found.items() if name not in shared}
    assert sorted(set(shared) - set(found)) == [], "no longer shared: take it off the list"


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without its docstring and decorators."""
    first = function.body[0]
    docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) is not None else 0
    return function.end_lineno - function.lineno + 1 - docstring


def test_functions_stay_short() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}: {lines_of(node)} lines"
        for path, tree in parsed(PACKAGE)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > MOST_LINES_OF_A_FUNCTION
    ]
    assert not long


def test_files_stay_short() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert not {str(path): size for path, size in sizes.items() if size > MOST_LINES_OF_A_FILE}


def private_names(tree: ast.Module) -> Iterator[str]:
    """Yield names with a leading underscore that a test imports, reads off an object, or patches by its text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr) and ast.unparse(node.value) != "self":
            yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ("setattr", "delattr"):
            texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            yield from (name for text in texts for name in text.split(".") if is_private(name))


def is_private(name: str) -> bool:
    return re.fullmatch(r"_[a-zA-Z]\w*", name) is not None


def test_tests_use_public_faces() -> None:
    found = {path: set(private_names(tree)) for path, tree in parsed(ROOT / "tests")}
    assert {path: names for path, names in found.items() if names} == PRIVATE


def test_commands_print_what_comes_from_outside_through_the_escaping_writer() -> None:
    """``typer.echo`` is for JSON, which escapes by itself, and for what holds no name from outside."""
    bare = [
        f"{path.name}: {line.strip()}"
        for path in sorted((PACKAGE / "cli").glob("*.py"))
        if path.name != "said.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if "typer.echo(" in line and "json.dumps(" not in line and "version(" not in line
    ]
    assert bare == []

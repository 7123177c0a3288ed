"""Claims about groups, held to what they promise: small seeded versions of benchmarks/claim_simulation.py."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import gate_simulation
from claim_simulation import FAMILIES, NOT_PROMISED, ROWS, SELDOM, Job, claims_section, count
from claim_worlds import SKEWED, UNEQUAL
from early_simulation import KINDS
from gate_simulation import CLAIMS

from robustcheck.stats import model_families

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
NAMES = [row.name for row in ROWS]


def findings(name: str, families: int, trials: int) -> Counter[str]:
    return count(Job(NAMES.index(name), families, trials))


def cells(lines: list[str]) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


@pytest.mark.parametrize("world", [UNEQUAL, SKEWED], ids=lambda world: world.name)
def test_pairs_of_few_families_seldom_hold_that_do_not_change(world) -> None:
    """Allowed are 3.5% of 120; more than 11 happen with probability 0.003."""
    assert findings(f"pairs, {world.name}", 5, 120)["holds"] <= 11


def test_two_groups_on_the_margin_seldom_count_as_equal() -> None:
    """2.5% of 80 are two; more than 7 happen with probability 0.001. Equal groups of twelve families mostly do."""
    world = "families of equal size"
    assert findings(f"as good as, on the margin, {world}", 12, 80)["holds"] <= 7
    assert findings(f"as good as, equal, {world}", 12, 25)["holds"] >= 18


def test_what_is_false_of_one_pair_seldom_holds_of_every_pair() -> None:
    """2.5% of 200 are five; more than 12 happen with probability 0.002."""
    assert findings("every pair, one of which does not change, families of equal size", 8, 200)["holds"] <= 12


# --- the page -------------------------------------------------------------------------------------


def part_of_the_page() -> list[str]:
    return PAGE.read_text(encoding="utf-8").partition(CLAIMS)[2].strip().splitlines()


def test_the_page_is_that_of_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words and the head are those that the command writes, and so are the names and the kinds of all rows."""
    few = [row for row in ROWS if row.claim.startswith("every pair")]
    monkeypatch.setattr("claim_simulation.ROWS", few)
    made = list(claims_section(0.001, 1))
    shown = part_of_the_page()
    begin = len(made) - len(few)
    assert shown[:begin] == made[:begin]
    assert [row[:3] for row in cells(shown[begin:])] == [[row.name, row.counted, row.nominal] for row in ROWS]
    assert {row[0] for row in cells(made[begin:])} == {row.name for row in few}


def test_what_the_page_promises_was_found() -> None:
    """False claims hold in at most 3.5% of trials; so does the upper end of what was counted, given enough of them."""
    rows = cells(part_of_the_page())[2:]
    assert len([row for row in rows if row[2] == SELDOM]) >= 18
    for row in rows:
        found = [re.fullmatch(r"([\d.]+) \(([\d.]+)\)", cell) for cell in row[3:-1]]
        assert len(found) == len(FAMILIES)
        if row[2] == SELDOM:
            place = 2 if int(row[-1].replace(",", "")) >= 1_000 else 1
            assert all(match and float(match[place]) <= 3.5 for match in found), row
    assert {row[0] for row in rows if row[2] == NOT_PROMISED} == {
        "pairs, very skewed families",
        "two means, families very skewed to opposite sides",
    }


def test_cells_of_few_rows_and_columns_seldom_hold_that_do_not_change() -> None:
    """As crossings a sixth of 60 tables would hold. 3.5% may, and 8 or more do in 1 of 500 such tests."""
    assert findings("cells of a table, as many rows and columns, families of equal size", 5, 60)["holds"] < 8


def test_counting_leaves_the_draws_of_others_alone() -> None:
    before = model_families.MOST_DRAWS
    findings("pairs, families of equal size", 5, 1)
    assert before == model_families.MOST_DRAWS


def test_a_group_above_a_line_is_shown_to_be() -> None:
    """As the smaller group 35% of such claims held, and now about 65%."""
    assert findings("a group 5 points above a line, families of equal size", 8, 30)["holds"] >= 15


def test_one_command_makes_the_whole_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Made quickly of a few rows each, it has the titles of the page in their order."""
    monkeypatch.setattr("claim_simulation.ROWS", [row for row in ROWS if row.claim.startswith("every pair")])
    monkeypatch.setattr("gate_simulation.KINDS", {"accuracy": gate_simulation.KINDS["accuracy"]})
    monkeypatch.setattr("gate_simulation.SIZES", (40, 10_000))
    monkeypatch.setattr("early_simulation.KINDS", {"accuracy": KINDS["accuracy"]})
    page = tmp_path / "simulation.md"
    gate_simulation.main(["--quick", "--processes", "1", "--write", str(page)])
    made, shown = (path.read_text(encoding="utf-8") for path in (page, PAGE))
    titles = [re.findall(r"^(?:#+ .*|<!-- .*)$", text, re.MULTILINE) for text in (made, shown)]
    assert titles[0] == titles[1]

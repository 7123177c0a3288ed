"""The page is complete, self-contained, small and safe."""

from __future__ import annotations

import base64
import gzip
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from report_fixtures import made_up_run, with_odd_outcomes

from robustcheck.report.html import packed, render_html
from robustcheck.report.words import UNSURE
from robustcheck.values import RunRecord, Verdict

EVIL = """<script>alert("x")</script>'"><img src=x onerror=alert(1)>"""


class _Elements(HTMLParser):
    """Collect the start tags of a page with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _elements(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Elements()
    parser.feed(page)
    return parser.found


def _evil_run() -> RunRecord:
    run = made_up_run(3, 1)
    results = tuple(
        replace(
            result,
            model=replace(result.model, id=f"{EVIL}{index}"),
            sentence=EVIL, why=EVIL, yaml=EVIL, title=EVIL, tags=(EVIL,),
            verdict=replace(result.verdict, status="fail", reason=EVIL, notes=(EVIL,), facts=((EVIL, EVIL),)),
        )
        for index, result in enumerate(run.results)
    )  # fmt: skip
    trends = tuple(replace(figure, population=EVIL, x_label=EVIL, source=EVIL) for figure in run.trends)
    return replace(run, results=results, trends=trends, command=EVIL, environment=((EVIL, EVIL),), not_run=(EVIL,))


@pytest.fixture(scope="module")
def page() -> str:
    return render_html(with_odd_outcomes(made_up_run(30, 3)))


SECTIONS = ["reasons", "changes", "missing", "filter", "margins", "trends", "cards", "appendix"]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_there(section: str, page: str) -> None:
    assert any(attributes.get("id") == section for _, attributes in _elements(page))


def test_the_page_explains_unsure(page: str) -> None:
    assert UNSURE in page


def test_the_page_fetches_nothing(page: str) -> None:
    for _, attributes in _elements(page):
        for name in ("src", "href", "srcset", "data", "action"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
    assert "@import" not in page
    assert not re.search(r"url\((?!#view)", page)


def test_charts_have_static_twins(page: str) -> None:
    assert page.count('class="static"') == page.count('class="vega"') == 3
    assert page.split('id="trends"')[1].split("</section>")[0].count('class="fit"') == 3


def test_outside_text_is_escaped() -> None:
    page = render_html(_evil_run())
    assert "<script>alert" not in page
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in _elements(page))
    assert sum(tag == "script" for tag, _ in _elements(page)) == 4


def test_packed_data_cannot_end_its_script() -> None:
    assert "<" not in packed(b"</script><!--")
    assert gzip.decompress(base64.b64decode(packed(b"</script>"))) == b"</script>"


def test_figures_that_are_no_numbers_are_shown_and_not_drawn() -> None:
    run, nan = made_up_run(2, 1), float("nan")
    results = tuple(
        replace(
            result,
            verdict=replace(result.verdict, status="error", value=nan, compared=nan, low=nan, high=nan, margin=nan),
            score=replace(result.score, value=nan, low=nan, high=nan) if result.score else None,
        )
        for result in run.results
    )
    assert render_html(replace(run, results=results)).count('<article class="card') == 2


def _with_long_names(run: RunRecord) -> RunRecord:
    results = tuple(
        replace(
            result,
            model=replace(result.model, id=f"{result.model.id}_laion2b_s34b_b79k"),
            score=replace(result.score, key="0123456789abcdef" * 4) if result.score else None,
        )
        for result in run.results
    )
    return replace(run, results=results)


def test_a_large_run_stays_under_three_megabytes() -> None:
    page = render_html(made_up_run(100, 50))
    assert len(page.encode()) < 3_000_000


def test_many_failures_stay_under_three_megabytes() -> None:
    run = _with_long_names(made_up_run(100, 50))
    failed = tuple(replace(r, verdict=replace(r.verdict, status="fail")) for r in run.results)
    assert len(render_html(replace(run, results=failed)).encode()) < 3_000_000


def test_an_empty_run_is_not_green() -> None:
    page = render_html(replace(made_up_run(1, 1), results=(), trends=()))
    assert "<h1>Cannot tell: nothing was judged</h1>" in page
    assert "tone-pass" not in page.split("<body>")[1]


def test_the_first_lines_answer_for_the_candidates() -> None:
    run = made_up_run(3, 2)
    statuses = ("fail", "unsure", "pass") * 2
    pairs = zip(run.results, statuses, strict=True)
    results = tuple(replace(r, verdict=replace(r.verdict, status=status)) for r, status in pairs)  # type: ignore[arg-type]
    top = render_html(replace(run, results=results)).split("<main>")[1].split('id="filter"')[0]
    assert "<h1>Do not ship 1 of 3 candidates</h1>" in top
    assert "2 checks judged them in 6 verdicts: 2 failed, 2 unsure, 2 passed." in top
    fates = [part.split("</b>")[0] for part in top.split('class="candidates"')[1].split("<b>")[1::2]]
    assert fates == ["do not ship", "cannot tell", "ship"]
    assert "2 failed of 2 checks" in top
    order = [top.index(part) for part in ("<h1>", 'id="reasons"', 'id="changes"')]
    assert order == sorted(order)


def test_a_name_that_turns_the_writing_turns_nothing_beside_it() -> None:
    run = made_up_run(3, 2)
    name = "runs/\u05e9\u05dc\u05d5\u05dd\u202egnp"
    results = tuple(
        replace(r, model=replace(r.model, id=name), verdict=replace(r.verdict, status="fail", margin=-0.1))
        for r in run.results[:2]
    )
    page = render_html(replace(run, results=(*results, *run.results[2:])))
    top = page.split("<main>")[1].split('id="filter"')[0]
    candidates = top.split('class="candidates"')[1].split("</ul>")[0]
    isolated = re.findall(r"<bdi\b[^>]*>(.*?)</bdi>", candidates, re.DOTALL)
    assert any("\u202e" in part for part in isolated)
    outside = re.sub(r"<bdi\b[^>]*>.*?</bdi>|<[^>]*>", "", candidates, flags=re.DOTALL)
    assert "\u202e" not in outside
    assert "2 failed of 2 checks" in outside


@pytest.mark.parametrize("name", ["runs/\u05e9\u05dc\u05d5\u05dd/3", "\u0645\u0631\u062d\u0628\u0627", "a\u202eb"])
def test_turned_names_are_apart_in_titles_and_in_drawings(name: str) -> None:
    run = made_up_run(30, 1)
    first = run.results[0]
    verdict = replace(first.verdict, status="fail", margin=-0.3)
    turned = replace(first, model=replace(first.model, id=name), verdict=verdict)
    page = render_html(replace(run, results=(turned, *run.results[1:])))
    title = page.split('id="reasons"')[1].split("<h3>")[1].split("</h3>")[0]
    assert f'<bdi class="turned">{name}</bdi>' in title
    assert name not in re.sub(r"<bdi.*?</bdi>", "", title)


@pytest.mark.parametrize(("models", "listed", "folded"), [(1, 0, 0), (4, 1, 0), (5, 1, 1), (24, 1, 1), (25, 0, 0)])
def test_many_candidates_fold_below_a_line_that_counts_them(models: int, listed: int, folded: int) -> None:
    run = made_up_run(models, 1)
    statuses = ("pass", *("fail" for _ in run.results[1:]))
    pairs = zip(run.results, statuses, strict=True)
    results = tuple(replace(r, verdict=replace(r.verdict, status=status)) for r, status in pairs)  # type: ignore[arg-type]
    page = render_html(replace(run, results=results)).split("<main>")[1]
    assert page.count('<ul class="candidates"') == listed
    assert page.count('<details class="fates"') == folded
    if folded:
        ship = run.results[0].model.id
        assert f"Each of the {models} candidates: {models - 1} do not ship, 1 ship ({ship})" in unbroken(page)


def test_a_candidate_that_nothing_judged_has_not_passed() -> None:
    run = made_up_run(2, 1)
    skipped = replace(run.results[1], verdict=Verdict("skip", "no data"), score=None)
    page = render_html(replace(run, results=(run.results[0], skipped)))
    candidates = page.split('class="candidates"')[1].split("</ul>")[0]
    assert "no check judged it" in candidates
    assert "of 0 checks" not in candidates


def test_a_reason_has_its_picture_and_a_command() -> None:
    run = made_up_run(4, 2)
    failed = {0, 4}
    results = tuple(
        replace(r, verdict=replace(r.verdict, status="fail" if place in failed else "pass", margin=-0.1))
        for place, r in enumerate(run.results)
    )
    (reason,) = render_html(replace(run, results=results)).split('<article class="reason fail">')[1:]
    assert f"2 checks fail for {run.results[0].model.id}" in unbroken(reason)
    assert 'class="dotplot' in reason
    assert "pytest &#34;" in reason
    one = replace(run, results=tuple(r for place, r in enumerate(results) if place != 4))
    (reason,) = render_html(one).split('<article class="reason fail">')[1:]
    assert 'class="fit"' in reason


def unbroken(text: str) -> str:
    """Remove the places where a long name may break."""
    return text.replace("\N{ZERO WIDTH SPACE}", "")


def test_a_card_shows_reason_position_and_command(page: str) -> None:
    card = page.split('<article class="card')[1].split("</article>")[0]
    assert card.index("<h3>") < card.index("suites/natural_shifts.robust.yaml:12:5")
    assert "pytest &#34;suites/natural_shifts.robust.yaml::shift-on-trend[" in card


def test_skips_are_a_line_for_each_thing_that_is_missing() -> None:
    run = made_up_run(5, 2)
    reason = "objectnet is not on this machine\n  to do: get it from its homepage"
    lacking = Verdict("skip", reason, missing="objectnet")
    results = tuple(
        replace(r, verdict=lacking, score=None, x=None) if r.check_key.endswith("[shift-1]") else r for r in run.results
    )
    page = render_html(replace(run, results=results))
    missing = page.split('id="missing"')[1].split("</section>")[0]
    assert missing.count("<li") == 1
    assert "<b>objectnet</b>" in missing
    assert "<p>objectnet is not on this machine</p>" in missing
    assert '<p class="soft">to do: get it from its homepage</p>' in missing
    grid = page.split('<table class="grid')[1].split("</table>")[0]
    assert "shift-0" in grid
    assert "shift-1" not in grid


def test_known_deviations_are_shown_and_are_no_failures() -> None:
    run = made_up_run(2, 1)
    known = tuple(
        replace(
            r, verdict=replace(r.verdict, status="pass", excused=True, notes=("known deviation until 2027-01-31: x",))
        )
        for r in run.results
    )
    page = render_html(replace(run, results=known))
    assert "<b>2</b> of the passes are known deviations" in page
    assert "Known deviations (2)" in page
    assert page.count("known deviation until 2027-01-31: x") == 2
    assert page.count("<article") == 0


def test_titles_and_abouts_of_all_suites_are_named_once() -> None:
    run = made_up_run(2, 1)
    other = replace(run.suites[0], path="suites/b.robust.yaml", title="Another suite", about="What it is about.")
    page = render_html(replace(run, suites=(*run.suites, other)))
    assert "<b>robustcheck</b> 2 suites" in page
    assert page.count("What it is about.") == 1
    assert f"<b>robustcheck</b> {run.suites[0].title}" in render_html(run)

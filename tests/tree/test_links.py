"""Links in Markdown lead to files and headings that are there."""

from __future__ import annotations

import pytest

from checks import links
from checks.problem import Problem

PAGES = {
    "README.md": "# Textmill\n\n## Start, then stop!\n\n## Twice\n\n## Twice\n",
    "docs/api.md": '# The `GET /requests` route\n\n<a id="old-name"></a>\n',
}
PATHS = [*PAGES, "k8s/crd.yaml"]


def problems(page: str, text: str) -> list[str]:
    return [one.text for one in links.check({**PAGES, page: text}, [*PATHS, page])]


@pytest.mark.parametrize(
    "text",
    [
        "[a](api.md)",
        "[a](../README.md#start-then-stop)",
        "[a](../README.md#twice-1)",
        "[a](api.md#the-get-requests-route)",
        "[a](api.md#old-name)",
        "[folder](../k8s) and [crd](../k8s/crd.yaml#L3)",
        "[out](https://example.test/x) and [mail](mailto:a@example.test)",
        "```\n[a](nowhere.md)\n```",
        "`[a](nowhere.md)`",
        "# Here\n\n[a](#here)",
        "[a]: api.md",
    ],
)
def test_link_that_leads_somewhere_passes(text: str) -> None:
    assert problems("docs/page.md", text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a](nowhere.md)", "the link to nowhere.md leads nowhere"),
        ("![picture](flow.svg)", "the link to flow.svg leads nowhere"),
        ("[a]: README.md", "the link to README.md leads nowhere"),
        ("[a](api.md#absent)", "the link to api.md#absent names no heading of docs/api.md"),
        ("[a](#absent)", "the link to #absent names no heading of docs/page.md"),
        ("~~~\n```\n~~~\n[a](x.md)", "the link to x.md leads nowhere"),
    ],
)
def test_link_that_leads_nowhere_is_found(text: str, words: str) -> None:
    assert problems("docs/page.md", text) == [words]


def test_problem_names_page_and_line() -> None:
    assert list(links.check({"a.md": "\n\n[x](y.md)"}, ["a.md"])) == [
        Problem("a.md", 3, "the link to y.md leads nowhere")
    ]

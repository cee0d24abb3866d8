"""Modules, test files and functions keep their bounds, and an exemption is needed and explained."""

from __future__ import annotations

from checks import sizes
from checks.problem import Problem


def function(lines: int) -> str:
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


def test_module_at_the_bound_passes() -> None:
    assert list(sizes.check({"app/x.py": "\n" * 300}, {})) == []


def test_module_over_the_bound_is_found() -> None:
    assert list(sizes.check({"app/x.py": "\n" * 301}, {})) == [
        Problem("app/x.py", 1, "app/x.py has 301 lines, more than 300: split it")
    ]


def test_test_file_has_a_bound_of_its_own() -> None:
    assert [one.text for one in sizes.check({"tests/x.py": "\n" * 251}, {})] == [
        "tests/x.py has 251 lines, more than 250: split it"
    ]


def test_function_at_the_bound_passes() -> None:
    assert list(sizes.check({"app/x.py": function(50)}, {})) == []


def test_function_over_the_bound_counts_from_its_decorator() -> None:
    text = "import functools\n\n\n@functools.cache\n" + function(50)
    assert list(sizes.check({"app/x.py": text}, {})) == [
        Problem("app/x.py", 4, "app/x.py::long has 51 lines, more than 50: split it")
    ]


def test_exempt_function_may_be_as_long_as_it_says() -> None:
    exempt = sizes.Exemption(lines=60, reason="a table of rules, one a line")
    assert list(sizes.check({"app/x.py": function(60)}, {"app/x.py::long": exempt})) == []
    assert len(list(sizes.check({"app/x.py": function(61)}, {"app/x.py::long": exempt}))) == 1


def test_exemption_that_nothing_needs_is_found() -> None:
    exempt = sizes.Exemption(lines=60, reason="a table of rules, one a line")
    assert [one.text for one in sizes.check({"app/x.py": function(50)}, {"app/x.py::long": exempt})] == [
        "the exemption of app/x.py::long from the size limits is not needed: remove it"
    ]


def test_exemption_without_words_is_found() -> None:
    exempt = sizes.Exemption(lines=60, reason="long")
    assert [one.text for one in sizes.check({"app/x.py": function(60)}, {"app/x.py::long": exempt})] == [
        "the exemption of app/x.py::long needs a reason in words"
    ]

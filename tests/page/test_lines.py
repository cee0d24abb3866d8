"""The lines for a shell: exact, quoted, with the filter and the search that are on the screen."""

from __future__ import annotations

import shlex

from app.lines import Lines

MILL = Lines("http://mill.example:8080/", "books")


def _commands(lines: list[object]) -> list[str]:
    return [str(getattr(one, "command")) for one in lines]  # noqa: B009 - lines of any maker


def test_lines_of_the_list_have_its_filter() -> None:
    assert _commands([*MILL.of_list("Failed", 25)]) == [
        "curl -F file=@FILE.txt http://mill.example:8080/upload",
        "curl 'http://mill.example:8080/requests?phase=Failed&limit=25'",
        "curl -N http://mill.example:8080/requests/events",
        "kubectl -n books get processingrequests --field-selector status.phase=Failed",
        "kubectl -n books get processingrequests --field-selector status.phase=Failed --watch",
    ]


def test_lines_of_a_running_request_follow_and_cancel_it() -> None:
    assert _commands([*MILL.of_request("fox", finished=False, result=False)]) == [
        "curl http://mill.example:8080/requests/fox",
        "curl -N http://mill.example:8080/requests/fox/events",
        "kubectl -n books wait processingrequests fox --for=condition=Finished --timeout=10m",
        "kubectl -n books get processingrequests fox -o yaml",
        "kubectl -n books describe processingrequests fox",
        "curl -X DELETE http://mill.example:8080/requests/fox",
        "kubectl -n books delete processingrequests fox",
    ]


def test_search_goes_into_the_line_quoted_for_a_shell() -> None:
    lines = MILL.of_request("fox", finished=True, result=True, words="it's; rm -rf ~ &")

    line = next(one.command for one in lines if "words.csv" in one.command)

    assert shlex.split(line) == [
        "curl",
        "-o",
        "words.csv",
        "http://mill.example:8080/requests/fox/words?format=csv&contains=it%27s%3B+rm+-rf+~+%26",
    ]


def test_service_that_asks_for_tokens_has_them_in_each_curl_line() -> None:
    lines = Lines("http://mill.example", "books", tokens=True).of_request("fox", finished=True, result=True)

    curls = [one.command for one in lines if one.command.startswith("curl")]
    assert len(curls) == 3
    assert all('-H "Authorization: Bearer $TOKEN"' in one for one in curls)

"""The Makefile lists itself, keeps its recipes short, and its scripts do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checks import __main__ as checks_command
from checks import tree
from scripts import generate, system_packages

MAKEFILE = (tree.ROOT / "Makefile").read_text("utf-8")
WRITER = "import sys; open('made.txt', 'w').write(sys.argv[1])"


def targets() -> dict[str, list[str]]:
    """Return the recipe of each target."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in MAKEFILE.splitlines():
        head = re.match(r"([$\w(][^\s:=]*):(?!=)", line)
        if head:
            name = head[1]
            found[name] = []
        elif line.startswith("\t") and name:
            found[name].append(line)
        else:
            name = ""
    return found


def make(*arguments: str, folder: Path = tree.ROOT) -> str:
    """Return what the Makefile's own make prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-f", str(tree.ROOT / "Makefile"), *arguments]
    return subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True, text=True).stdout


def test_bare_make_lists_every_target_with_its_line() -> None:
    shown = make()
    named = re.findall(r"^  ([a-z0-9-]+) +\S", shown, re.MULTILINE)
    assert sorted(named) == sorted(name for name in targets() if re.fullmatch("[a-z0-9-]+", name))
    assert re.findall(r"^\S.*", shown, re.MULTILINE) == re.findall(r"^##@ (.*)", MAKEFILE, re.MULTILINE)


def test_lines_of_the_list_begin_in_one_column() -> None:
    assert len({len(start) for start in re.findall(r"^  [a-z0-9-]+ +(?=\S)", make(), re.MULTILINE)}) == 1


def test_python_that_is_asked_for_is_compared_with_the_one_of_an_environment_that_is_there() -> None:
    assert "mine scripts/prepare.py requirements-laptop.txt" in make("-n", "setup", "PYTHON=mine")


@pytest.mark.parametrize("target", ["kubectl", "sweep"])
def test_target_that_needs_a_stack_first_asks_whether_one_runs(target: str) -> None:
    asks, acts = make("-n", "-o", ".venv/laptop.stamp", target, "STATE=mine").splitlines()
    assert asks == '.venv/bin/python -m local.stack.lock "mine"'
    assert '"mine/kubeconfig"' in acts


@pytest.mark.parametrize("name", ["a text.txt", "-x", "it's $HOME.txt"])
def test_count_counts_a_file_of_any_name_without_a_stack(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("one two two\n", "utf-8")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    escaped = name.replace("$", "$$")
    asked = ["-o", ".venv/laptop.stamp", "count", f"FILE={escaped}", "ARGS=--csv --encoding utf-8"]
    assert make(*asked, f"CURDIR={tree.ROOT}", folder=tmp_path) == "word,count\ntwo,2\none,1\n"


def test_distclean_leaves_nothing_of_what_pip_made_and_keeps_the_data(tmp_path: Path) -> None:
    for folder in (".venv", ".textmill", "build/lib", "textmill.egg-info"):
        (tmp_path / folder).mkdir(parents=True)
    make("distclean", folder=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".textmill"]


def test_every_listed_target_is_phony() -> None:
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
    assert phony
    named = sorted(name for name in targets() if re.fullmatch("[a-z0-9-]+", name))
    assert sorted(phony[1].replace("\\", " ").split()) == named


def test_no_recipe_is_longer_than_five_lines() -> None:
    assert {name: len(lines) for name, lines in targets().items() if len(lines) > 5} == {}


def phases() -> list[str]:
    """Return what CI runs, in its order."""
    return re.findall(r"^phase (.+)$", (tree.ROOT / ".ci" / "run").read_text("utf-8"), re.MULTILINE)


def test_ci_calls_make_targets_only() -> None:
    assert {"test", "test-system", "test-cluster"} <= set(phases()) <= set(targets())


def test_ci_first_runs_the_commands_of_the_readme_as_a_fresh_clone_meets_them() -> None:
    opening, *_ = (tree.ROOT / "README.md").read_text("utf-8").partition("\n## Use it")
    commands = re.findall(r"^```console\nmake (.+?)(?: +#.*)?\n```", opening, re.MULTILINE)
    assert [f"make {one}" for one in phases()[: len(commands)]] == [f"make {one}" for one in commands]
    assert commands == ["demo", "test"]


def test_ci_runs_the_readme_before_anything_is_built_and_what_the_engine_changes_with_it() -> None:
    building = {name for name, lines in targets().items() if any("scripts.build_engine" in line for line in lines)}
    first, *_ = (at for at, name in enumerate(phases()) if name in building)
    assert phases()[first] == "test-engine"
    assert first > phases().index("test")


def test_changelog_opens_with_the_version_of_pyproject() -> None:
    headings = re.findall(r"^## (\S+)", (tree.ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == tree.settings()["project"]["version"]


def test_package_that_is_there_is_not_missing() -> None:
    packages = {"chromium": "chromium", "poppler-utils": "pdftoppm"}
    assert system_packages.missing(packages, {"chromium": "/bin/chromium"}.get) == ["poppler-utils"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "pyproject.toml").write_text(
        f'[[tool.textmill.generators]]\ncommand = ["-c", "{WRITER}", "new"]\nwrites = ["made.txt"]\n'
    )
    return tmp_path


def test_generate_writes_the_file(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main([], repository) == 0
    assert (repository / "made.txt").read_text() == "new"
    assert "1 generators ran, 0 problems" in capsys.readouterr().out


def test_verify_finds_a_file_out_of_date_and_untracked(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "made.txt").write_text("old")
    assert generate.main(["--verify"], repository) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"made.txt was not what `-c {WRITER} new` writes; it is now",
        "made.txt is generated and not tracked: git add it",
        "1 generators ran, 2 problems",
    ]


def test_verify_passes_over_a_tracked_file_up_to_date(repository: Path) -> None:
    (repository / "made.txt").write_text("new")
    subprocess.run(["git", "add", "made.txt"], cwd=repository, check=True)
    assert generate.main(["--verify"], repository) == 0


def test_generator_that_fails_is_a_problem(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "pyproject.toml").write_text(
        '[[tool.textmill.generators]]\ncommand = ["-c", "raise SystemExit(3)"]\nwrites = ["made.txt"]\n'
    )
    assert generate.main([], repository) == 1
    assert capsys.readouterr().out.splitlines()[0] == "-c raise SystemExit(3) ended with 3"


def test_checks_tell_what_fails_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for folder in ("textmill", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").write_text(
        "[tool.textmill]\nsizes = {}\ncalled-from-outside = {}\npurity = { libraries = [] }\n"
    )
    (tmp_path / "textmill" / "utils.py").write_text("import os  # noqa\ndef lost(): pass\n" + "\n" * 300)
    (tmp_path / "tests" / "test_x.py").write_text("sleep(1)\n")
    (tmp_path / "README.md").write_text("[x](y.md) in /" + "root/x\n")
    (tmp_path / "requirements.in").write_text("flask\n")
    programs = {"good tool": ("python", "-c", ""), "bad tool": ("python", "-c", "raise SystemExit('mended nothing')")}
    assert checks_command.main(tmp_path, programs) == 10
    shown = capsys.readouterr().out
    assert re.findall(r"^ok +(.*?)  ", shown, re.MULTILINE) == ["good tool"]
    assert "\ntextmill/utils.py:1: os is not on the list of pure modules\n" in shown
    assert shown.endswith("\nbad tool:\nmended nothing\n")


def test_wheel_asks_for_what_the_tree_is_locked_to() -> None:
    wanted = (tree.ROOT / "requirements.in").read_text("utf-8").splitlines()
    project = tree.settings()["project"]
    assert {*project["dependencies"], *project["optional-dependencies"]["kubernetes"]} <= set(wanted)

"""A client that a generator makes of /openapi.json, unmodified, does the main job against gunicorn.

The generator fails on anything in the document that it cannot read, so an address that it leaves out is noticed.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client import cli
from typer.testing import CliRunner

from tests.api import artefacts, live
from tests.api.conftest import Real

CONFIG = Path(__file__).with_name("generated_client.yaml")
NAME = "generated_textmill"
Module = Any


@pytest.fixture(scope="module")
def api(real: Real, tmp_path_factory: pytest.TempPathFactory) -> Iterator[live.Api]:
    """Run the API."""
    with live.serve(tmp_path_factory.mktemp("api"), real[0]) as running:
        yield running


@pytest.fixture(scope="module")
def generated(api: live.Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Module]:
    """Make a client of what the API says of itself, and import it."""
    folder = tmp_path_factory.mktemp("client")
    document = folder / "openapi.json"
    document.write_bytes(api.call("GET", "/openapi.json").body)
    arguments = ["generate", "--path", str(document), "--config", str(CONFIG), "--output-path", str(folder / NAME)]
    done = CliRunner().invoke(cli.app, [*arguments, "--meta", "none", "--fail-on-warning"])
    assert done.exit_code == 0, done.output
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(NAME)
    finally:
        sys.path.remove(str(folder))
        for name in [one for one in sys.modules if one.partition(".")[0] == NAME]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def done(api: live.Api) -> dict[str, Any]:
    """Put a table on the volume and return the status that speaks of it."""
    return artefacts.finished(api.root)


def call(operation: str, *given: Any, **named: Any) -> Any:
    """Call an operation of the generated client and return what it makes of the answer."""
    return importlib.import_module(f"{NAME}.api.default.{operation}").sync(*given, **named)


def test_every_operation_is_in_the_client(generated: Module, api: live.Api) -> None:
    paths = json.loads(api.call("GET", "/openapi.json").body)["paths"]
    wanted = sum(len(methods) for methods in paths.values())

    assert len(list((Path(str(generated.__file__)).parent / "api" / "default").glob("[a-z]*.py"))) == wanted


@pytest.mark.parametrize("form", [True, False], ids=["form", "body"])
def test_client_sends_a_file_and_gets_its_words(
    generated: Module, api: live.Api, real: Real, done: dict[str, Any], form: bool
) -> None:
    models, types = (importlib.import_module(f"{NAME}.{one}") for one in ("models", "types"))
    name = f"made-{form}".lower()
    file = types.File(payload=io.BytesIO(b"the mill and the word"), file_name="a.txt")
    with generated.Client(base_url=f"http://127.0.0.1:{api.port}") as client:
        made = call("upload", client=client, body=models.Form(file=file) if form else file, name=name)
        answer = real[1].patch(f"{live.REQUESTS}/{name}/status", {"status": done})
        seen = call("get_request", name, client=client)
        words = call("get_words", name, client=client, limit=2)
        listed = call("list_requests", client=client, limit=500)
        missing = call("get_request", "missing", client=client)
        gone = importlib.import_module(f"{NAME}.api.default.delete_request").sync_detailed(name, client=client)

    assert (made.name, made.phase, made.input_.bytes_) == (name, "Pending", 21)
    assert answer.status == 200
    assert (seen.phase, seen.result.tokens) == ("Succeeded", 7)
    assert [(one.word, one.count) for one in words] == [(one["word"], one["count"]) for one in artefacts.ROWS[:2]]
    assert name in {one.name for one in listed.items}
    assert isinstance(missing, models.Problem)
    assert missing.reason == "RequestMissing"
    assert gone.status_code == 204

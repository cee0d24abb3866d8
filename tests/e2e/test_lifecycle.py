"""A release's life: upgraded while it works, uninstalled without loss, installed again on what was kept."""

from __future__ import annotations

import json
import re
import shutil
import threading
from itertools import count
from pathlib import Path

from tests.e2e import processes, release
from tests.e2e.kube import get, kubectl, run
from tests.e2e.release import CHART, Release

LINE = "words that are at work while all else is replaced\n"
MIB = 1 << 20
YOUNG = "retries"
"""A field that an older definition is without."""


def standing(mill: Release) -> set[str]:
    """The uids of the release's own pods, but for workers and those that are on their way out."""
    pods = (pod["metadata"] for pod in mill.pods(f"app.kubernetes.io/instance=textmill,!{release.STAGE}"))
    return {meta["uid"] for meta in pods if "deletionTimestamp" not in meta}


def older_chart(folder: Path) -> Path:
    """Return the chart as it was before the definition knew a field."""
    chart = Path(shutil.copytree(CHART, folder / "textmill"))
    template = chart / "templates" / "crd.yaml"
    text, times = re.subn(rf"^( *){YOUNG}:\n(?:\1 .*\n)+", "", template.read_text("utf-8"), flags=re.MULTILINE)
    assert times == 1
    template.write_text(text, "utf-8")
    return chart


def test_upgrade_renews_the_definition(mill: Release, tmp_path: Path) -> None:
    body = {"apiVersion": "textmill.dev/v1", "kind": "ProcessingRequest", "metadata": {"name": "young"}}
    asked = json.dumps(body | {"spec": {"input": {"inline": "one two"}, YOUNG: 3}})
    release.install(mill.namespace, verb="upgrade", chart=older_chart(tmp_path))
    assert f'unknown field "spec.{YOUNG}"' in mill.kubectl("apply", "--filename=-", text=asked, ok=False)
    mill.create("old", {"inline": "one two three"})
    assert mill.ended("old")["phase"] == "Succeeded"
    release.install(mill.namespace, verb="upgrade")
    mill.kubectl("apply", "--filename=-", text=asked)
    assert mill.ended("young")["result"]["tokens"] == 2
    assert (mill.request("young")["spec"][YOUNG], mill.status("old")["result"]["tokens"]) == (3, 3)


def test_upgrade_refuses_nobody_and_loses_nothing(mill: Release) -> None:
    file = mill.put("upgrade.txt", LINE, 32 * MIB)
    mill.create("over", {"path": file.name, "bytes": file.stat().st_size})
    held = processes.freeze(mill.worker_of("over"))
    before = standing(mill)
    over, sent = threading.Event(), []

    def send() -> None:
        for index in count():
            if over.is_set():
                return
            mill.upload(f"upgrade-{index}", f"words of upgrade {index}\n".encode())
            sent.append(f"upgrade-{index}")

    sender = threading.Thread(target=send)
    sender.start()
    try:
        levels = ("--set=api.logLevel=DEBUG", "--set=operator.logLevel=DEBUG")
        release.install(mill.namespace, *levels, verb="upgrade")
    finally:
        over.set()
        sender.join()
        processes.thaw(held)
    assert not before & standing(mill), "a part was not replaced"
    assert len(sent) > 3
    assert [mill.ended(name)["result"]["tokens"] for name in sent] == [4] * len(sent)
    status = mill.ended("over", patience=300)
    assert (status["starts"], status.get("attempts", 0)) == (2, 0), "the worker that was at work was not waited for"
    assert status["result"]["tokens"] == 10 * file.stat().st_size // len(LINE)


def test_uninstall_keeps_definition_requests_and_data(mill: Release) -> None:
    mill.upload("kept", b"kept over the uninstall\n")
    result = mill.ended("kept")["result"]
    run("helm", "uninstall", "textmill", f"--namespace={mill.namespace}", "--wait", "--timeout=5m")
    assert get("crd", "processingrequests.textmill.dev")["status"]["acceptedNames"]["kind"] == "ProcessingRequest"
    assert mill.status("kept")["result"] == result
    assert kubectl("get", "pvc", "textmill-data", f"--namespace={mill.namespace}", "--output=name")
    release.install(mill.namespace)
    code, table = mill.call("GET", "/requests/kept/words?format=csv")
    assert (code, table.decode().splitlines()[0], len(table.decode().splitlines())) == (200, "word,count", 5)
    mill.upload("again", b"at work again\n")
    assert mill.ended("again")["phase"] == "Succeeded"

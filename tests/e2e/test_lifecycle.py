"""A release's life: upgraded while it works, uninstalled without loss, installed again on what was kept."""

from __future__ import annotations

import threading
from itertools import count

from tests.e2e import release
from tests.e2e.kube import get, kubectl, run
from tests.e2e.release import Release


def standing(mill: Release) -> set[str]:
    """The uids of the release's own pods, but for those that are on their way out."""
    pods = (pod["metadata"] for pod in mill.pods("app.kubernetes.io/instance=textmill"))
    return {meta["uid"] for meta in pods if "deletionTimestamp" not in meta}


def test_upgrade_refuses_nobody_and_loses_nothing(mill: Release) -> None:
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
    assert not before & standing(mill), "a part was not replaced"
    assert len(sent) > 3
    assert [mill.ended(name)["result"]["tokens"] for name in sent] == [4] * len(sent)


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

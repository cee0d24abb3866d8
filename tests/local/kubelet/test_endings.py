"""How containers end, and what their pod's status says of it."""

from __future__ import annotations

import pytest

from local import objects
from local.objects import Json
from tests.local.cluster import Space, ending


@pytest.mark.parametrize(
    ("script", "phase", "code", "reason"),
    [
        ("exit 0", "Succeeded", 0, "Completed"),
        ("exit 3", "Failed", 3, "Error"),
        ("kill -9 $$$$", "Failed", 137, "Error"),
        ("kill -15 $$$$", "Failed", 143, "Error"),
    ],
)
async def test_exit_code_becomes_the_phase(space: Space, script: str, phase: str, code: int, reason: str) -> None:
    await space.run("one", script)
    pod = await space.ended("one")
    assert pod["status"]["phase"] == phase
    assert (ending(pod)["exitCode"], ending(pod)["reason"]) == (code, reason)


async def test_succeeded_pod_has_a_whole_status(space: Space) -> None:
    await space.run("one", "exit 0")
    status = (await space.ended("one"))["status"]
    shown = {one["type"]: (one["status"], one.get("reason")) for one in status["conditions"]}
    assert shown == {
        "PodScheduled": ("True", None),
        "Initialized": ("True", "PodCompleted"),
        "ContainersReady": ("False", "PodCompleted"),
        "Ready": ("False", "PodCompleted"),
    }
    assert status["hostIP"] == status["podIP"] == "127.0.0.1"
    (container,) = status["containerStatuses"]
    assert (container["ready"], container["started"], container["restartCount"]) == (False, False, 0)
    assert set(container["state"]["terminated"]) == {"exitCode", "reason", "startedAt", "finishedAt", "containerID"}


async def test_termination_message_is_read_from_its_file(space: Space) -> None:
    container = {"terminationMessagePath": "/run/last-words", "args": ["/run/last-words"]}
    container["command"] = ["sh", "-c", 'printf "from $0" > "$0"; printf " and $WORDS" > "$WORDS"']
    await space.run("one", "", container={**container, "env": [{"name": "WORDS", "value": "/run/last-words"}]})
    words = ending(await space.ended("one"))["message"]
    assert words.startswith(" and /")
    assert words.endswith(".message")


async def test_termination_message_is_cut_at_its_limit(space: Space) -> None:
    await space.run("one", "head -c 5000 /dev/zero | tr '\\0' x > $F", container={"env": [message_file()]})
    assert ending(await space.ended("one"))["message"] == "x" * 4096


def message_file() -> Json:
    """A variable with the place of the termination message."""
    return {"name": "F", "value": "/dev/termination-log"}


@pytest.mark.parametrize(("code", "message"), [(1, "the end\n"), (0, None)])
async def test_failed_container_falls_back_to_its_log(space: Space, code: int, message: str | None) -> None:
    policy = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    await space.run("one", f"echo the end; exit {code}", container=policy)
    assert ending(await space.ended("one")).get("message") == message


async def test_command_that_is_not_there_is_a_start_error(space: Space) -> None:
    await space.run("one", "", container={"command": ["no-such-command"]})
    terminated = ending(await space.ended("one"))
    assert (terminated["exitCode"], terminated["reason"]) == (128, "StartError")
    assert 'exec: "no-such-command"' in terminated["message"]


async def test_pod_fails_with_any_of_its_containers(space: Space) -> None:
    second = {"name": "second", "image": "words", "command": ["sh", "-c", "exit 7"]}
    first = {"name": "first", "image": "words", "command": ["sh", "-c", "exit 0"]}
    await space.run("one", "", containers=[first, second])
    pod = await space.ended("one")
    codes = {one["name"]: one["state"]["terminated"]["exitCode"] for one in pod["status"]["containerStatuses"]}
    assert (pod["status"]["phase"], codes) == ("Failed", {"first": 0, "second": 7})


async def test_init_containers_run_before_the_others(space: Space) -> None:
    init = {"name": "before", "image": "words", "command": ["sh", "-c", 'echo first > "$HOME/order"']}
    await space.run("one", 'cat "$HOME/order" > $F', container={"env": [message_file()]}, initContainers=[init])
    pod = await space.ended("one")
    assert ending(pod)["message"] == "first\n"
    assert pod["status"]["initContainerStatuses"][0]["ready"] is True


async def test_failed_init_container_fails_the_pod(space: Space) -> None:
    init = {"name": "before", "image": "words", "command": ["sh", "-c", "exit 5"]}
    await space.run("one", "exit 0", initContainers=[init])
    pod = await space.ended("one")
    assert pod["status"]["phase"] == "Failed"
    assert pod["status"]["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert objects.condition_true(pod, "Initialized") is False


async def test_failed_container_restarts_on_failure(space: Space) -> None:
    script = 'echo x >> "$HOME/tries"; test $(wc -l < "$HOME/tries") -gt 2'
    await space.run("one", script, restartPolicy="OnFailure")
    pod = await space.ended("one")
    assert pod["status"]["phase"] == "Succeeded"
    (container,) = pod["status"]["containerStatuses"]
    assert container["restartCount"] == 2
    assert container["lastState"]["terminated"]["exitCode"] == 1


async def test_container_over_its_memory_is_oom_killed(space: Space) -> None:
    script = "import time; x = bytearray(200_000_000); time.sleep(60)"
    limit = {"resources": {"limits": {"memory": "64Mi"}}, "command": ["python3", "-c", script]}
    await space.run("one", "", container=limit)
    terminated = ending(await space.ended("one"))
    assert (terminated["exitCode"], terminated["reason"]) == (137, "OOMKilled")


async def test_memory_of_children_counts(space: Space) -> None:
    script = "sh -c 'python3 -c \"import time; x = bytearray(200_000_000); time.sleep(60)\"; true'; true"
    await space.run("one", script, container={"resources": {"limits": {"memory": "64Mi"}}})
    assert ending(await space.ended("one"))["reason"] == "OOMKilled"


async def test_pod_past_its_deadline_fails(space: Space) -> None:
    await space.run("one", "exec sleep 60", activeDeadlineSeconds=1)
    status = (await space.ended("one"))["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["message"] == "Pod was active on the node longer than the specified deadline"

"""Ends that are told: to receivers of every kind, signed, never twice once it is known that they were taken."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from aiohttp import web

from tests.operator.conftest import NOW, Operator
from tests.operator.fake_api import Killed
from tests.operator.receiver import SECRET, SECRETS, Receiver, answering, messaging, receiving, told, with_ended
from textmill import notices
from textmill_operator import paths
from textmill_operator.errors import Refused


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Give a receiver on loopback."""
    async with receiving() as found:
        yield found


async def test_end_is_told_signed_and_then_the_request_settles(operator: Operator, receiver: Receiver) -> None:
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/hooks?x=1")
    assert operator.request("a")["status"]["settled"] is False
    async with messaging(operator) as attempt:
        await attempt()
    ((headers, content),) = receiver.taken
    wanted = notices.headers(headers["webhook-id"], int(NOW), content, notices.keys(SECRET))
    assert {name: headers[name] for name in wanted} == wanted
    assert headers["webhook-id"] == "msg_uid-a"
    assert b'"request.succeeded"' in content
    assert (told(operator)["settled"], "deliveredAt" in told(operator)) == (True, True)


async def test_failed_attempts_are_repeated_under_one_identity(operator: Operator, receiver: Receiver) -> None:
    receiver.answer = answering(500)
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        await attempt()
        assert told(operator)["message"] == "The receiver answered with status 500"
        operator.now += 60
        receiver.answer = answering(200)
        await attempt()
        operator.now += 3600
        await operator.round()
    assert {headers["webhook-id"] for headers, _ in receiver.taken} == {"msg_uid-a"}
    assert len({content for _, content in receiver.taken}) == 1
    assert (len(receiver.taken), told(operator)["attempts"], told(operator)["settled"]) == (2, 2, True)


async def test_redirect_is_not_followed(operator: Operator, receiver: Receiver) -> None:
    receiver.answer = answering(307, Location=f"http://127.0.0.1:{receiver.port}/elsewhere")
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        await attempt()
    assert len(receiver.taken) == 1
    assert told(operator)["message"] == "The receiver answered with status 307"


async def test_gone_is_taken_as_said(operator: Operator, receiver: Receiver) -> None:
    receiver.answer = answering(410)
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        await attempt()
    assert (told(operator)["settled"], told(operator)["attempts"]) == (True, 1)
    assert told(operator)["message"] == "Given up: The receiver answered with status 410."


async def test_receiver_that_never_answers_holds_up_no_round(receiver: Receiver) -> None:
    operator, end = Operator(patient=0.3), asyncio.Event()

    async def never(_: web.Request) -> web.StreamResponse:
        await end.wait()
        return web.Response()

    receiver.answer = never
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        waiting = asyncio.create_task(attempt())
        await receiver.came.wait()
        operator.submit("b")
        for _ in range(6):
            assert await operator.round()
            operator.finish_jobs()
        assert operator.request("b")["status"]["phase"] == "Succeeded"
        await waiting
    end.set()
    assert told(operator)["message"] == "no answer within 0.3 s"
    assert len(receiver.taken) == 1


async def test_attempt_that_outlasts_its_time_is_not_doubled(operator: Operator, receiver: Receiver) -> None:
    end = asyncio.Event()

    async def late(_: web.Request) -> web.StreamResponse:
        await end.wait()
        return web.Response()

    receiver.answer = late
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        waiting = asyncio.create_task(attempt())
        await receiver.came.wait()
        operator.now += 3600
        for _ in range(3):
            await operator.round()
        assert told(operator)["attempts"] == 1
        end.set()
        await waiting
    assert (len(receiver.taken), told(operator)["settled"]) == (1, True)


async def test_endless_answer_is_not_read(operator: Operator, receiver: Receiver) -> None:
    async def endless(call: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(call)
        while True:
            await response.write(b"x" * 65_536)

    receiver.answer = endless
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        await attempt()
    assert told(operator)["settled"] is True


async def test_pause_that_the_receiver_asks_for_is_kept(operator: Operator, receiver: Receiver) -> None:
    receiver.answer = answering(503, **{"Retry-After": "120"})
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        await attempt()
        operator.now += 119
        await operator.round()
    assert (len(receiver.taken), told(operator)["attempts"]) == (1, 1)


async def test_death_between_delivery_and_status_repeats_the_same_message(
    operator: Operator, receiver: Receiver
) -> None:
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:

        async def dies(call: web.Request) -> web.StreamResponse:
            operator.api.dead = True
            return await answering(204)(call)

        receiver.answer = dies
        with pytest.raises(Killed):
            await attempt()
    assert (told(operator)["settled"], told(operator)["attempts"]) == (False, 1)
    operator.restart()
    receiver.answer = answering(204)
    async with messaging(operator) as attempt:
        await operator.round()
        assert len(receiver.taken) == 1, "not before its time"
        operator.now += 60
        await attempt()
    first, second = receiver.taken
    assert (first[0]["webhook-id"], first[1]) == (second[0]["webhook-id"], second[1])
    assert told(operator)["settled"] is True


async def test_death_before_the_attempt_is_written_tells_nobody(operator: Operator, receiver: Receiver) -> None:
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:
        operator.see()
        operator.api.dead = True
        with pytest.raises(Killed):
            await attempt()
    assert receiver.taken == []


async def test_status_that_cannot_be_written_at_once_repeats_nothing(operator: Operator, receiver: Receiver) -> None:
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    async with messaging(operator) as attempt:

        async def changes(call: web.Request) -> web.StreamResponse:
            path = paths.request("ns", "a")
            operator.api.seed(path, operator.api.objects[path])  # somebody changed the priority
            return await answering(204)(call)

        receiver.answer = changes
        await attempt()
        for _ in range(4):
            operator.now += 60
            await operator.round()
    assert (len(receiver.taken), told(operator)["settled"]) == (1, True)


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        (None, "the Secret hook is not there"),
        ("whsec_%%%", "what follows whsec_ in the secret is no base64"),
        ("\N{SNOWMAN}", "the Secret hook: its key secret holds no text"),
    ],
)
async def test_secret_that_cannot_be_used_is_told_and_tried_again(
    operator: Operator, receiver: Receiver, secret: str | None, message: str
) -> None:
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/", secret)
    async with messaging(operator) as attempt:
        await attempt()
    assert (told(operator)["message"], told(operator)["settled"], receiver.taken) == (message, False, [])


async def test_secret_that_may_not_be_read_says_so(operator: Operator, receiver: Receiver) -> None:
    await with_ended(operator, f"http://127.0.0.1:{receiver.port}/")
    operator.api.refuse = lambda _, path: Refused("403 secrets is forbidden") if path == SECRETS else None
    async with messaging(operator) as attempt:
        await attempt()
    assert "may not be read" in told(operator)["message"]


async def test_address_on_loopback_is_refused_unless_allowed(receiver: Receiver) -> None:
    operator = Operator(networks="")
    await with_ended(operator, f"http://localhost:{receiver.port}/")
    async with messaging(operator) as attempt:
        await attempt()
    assert (receiver.taken, told(operator)["settled"]) == ([], True)
    assert "is no public address" in told(operator)["message"]


async def test_nobody_there_is_no_answer(operator: Operator) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        await with_ended(operator, f"http://127.0.0.1:{port}/secret-path")
        async with messaging(operator) as attempt:
            await attempt()
    assert told(operator)["message"] == "no answer: ClientConnectorError"

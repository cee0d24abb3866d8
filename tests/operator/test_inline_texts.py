"""Inline texts stay in the API: the operator keeps their sizes and digests, and fetches them as a Job is made."""

from __future__ import annotations

import base64
import itertools
import json
import pickle

import pytest

from tests.operator.conftest import Operator
from tests.operator.fake_api import Body, Killed
from textmill import reuse
from textmill.request import Input, Kept, Spec

TEXT = "ä" * 16_000


def texts(job: Body) -> list[str]:
    """Return the texts that a tokenizer is given."""
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    orders = [json.loads(after) for name, after in itertools.pairwise(arguments) if name == "--order"]
    return [base64.b64decode(order["value"]).decode() for order in orders]


def test_store_keeps_size_and_digest_of_a_text(operator: Operator) -> None:
    for number in range(100):
        operator.submit(f"r{number}", input={"inline": TEXT}, suspend=True)
    operator.see()
    assert len(pickle.dumps(operator.store.picture())) < 100 * 2000
    one = operator.store.request("uid-r0")
    assert one
    assert (one.size, one.spec.input.inline) == (32_000, Kept.of(TEXT))
    assert reuse.key(one.spec) == reuse.key(Spec(Input(inline=TEXT)))


async def test_tokenizer_is_given_the_texts(operator: Operator) -> None:
    operator.submit("a", input={"inline": TEXT})
    operator.submit("b", input={"inline": ""})
    await operator.round()
    await operator.round()
    (job,) = operator.jobs()
    assert sorted(texts(job)) == ["", TEXT]


@pytest.mark.parametrize("after", [True, False])
async def test_job_that_is_made_again_is_given_the_texts(operator: Operator, after: bool) -> None:
    operator.submit("a", input={"inline": TEXT})
    await operator.round()
    operator.api.fail_at, operator.api.fail_after = len(operator.api.log) + (1 if after else 2), after
    with pytest.raises(Killed):
        await operator.round()
    assert operator.jobs() == []
    operator.restart()
    await operator.round()
    (job,) = operator.jobs()
    assert texts(job) == [TEXT]

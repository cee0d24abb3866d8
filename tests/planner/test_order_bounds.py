"""A batch is filled by a bound on each order's bytes; no order may be longer than its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.planner.build import planned, request
from textmill.actions import Launch
from textmill.limits import Limits
from textmill.request import Input

TEXT = st.text(max_size=300) | st.text('"\\\x00\n\x1f', max_size=300)
INPUTS = st.one_of(
    st.builds(lambda text: Input(path=text, bytes=1), TEXT),
    st.builds(lambda text: Input(inline=text), TEXT),
    st.builds(
        lambda digest: Input(upload=digest, bytes=1, sha256=digest),
        st.text("0123456789abcdef", min_size=64, max_size=64),
    ),
    st.just(Input(config_map=("texts", "a.txt"))),
)


@given(st.lists(st.tuples(INPUTS, TEXT), min_size=1, max_size=6), st.integers(400, 9000))
def test_orders_of_a_batch_stay_within_the_bound(given: list[tuple[Input, str]], bound: int) -> None:
    limits = Limits(order_bytes=bound)
    lent = {f"u{n}": None for n in range(len(given))}  # looked up, and nothing known
    requests = [request(f"u{n}", given=source, encoding=name) for n, (source, name) in enumerate(given)]
    for action in planned(*requests, lent=lent, limits=limits).actions:
        assert isinstance(action, Launch)
        taken = [len(order.text().encode()) + 1 for order in action.job.orders]
        assert len(taken) == 1 or sum(taken) <= bound

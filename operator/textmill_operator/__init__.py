"""The operator: it watches (kopf), plans (`textmill.planner`) and acts, as the one writer of every request's status.

One way through: `watch` and `audit` fill the `store`; `loop` takes a picture of it, plans, and hands the
actions to the `executor`; what the API answers goes back into the store. Only the holder of the Lease
(`lease`) plans and acts.
"""

"""A Job controller that speaks only the Kubernetes API.

Its heart, `sync`, is a pure function from a Job, its pods and the time to a plan; the controller around
it watches, acts on the plan and writes the status. Where it knows a field it does with it what the real
controller does, under the same names; a field that it does not support makes the Job fail with a reason,
never run as if the field were not there.
"""

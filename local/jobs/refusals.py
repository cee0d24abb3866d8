"""What this controller will not run, and says so.

A field that is not honoured would be a lie about how the Job runs; so the Job fails at once, with the
reason and a sentence that names the field. What a real API server refuses at admission is refused here
too, for a server that did not look. Pure.
"""

from collections.abc import Iterator

from local import objects
from local.jobs import model, policy

UNSUPPORTED = "UnsupportedByLocalController"
INVALID = "InvalidJob"


def find(job: model.Job) -> tuple[str, str] | None:
    """The first thing that cannot be done, as a reason and a sentence."""
    for sentence in _unsupported(job):
        return UNSUPPORTED, sentence
    for sentence in _invalid(job):
        return INVALID, sentence
    return None


def _unsupported(job: model.Job) -> Iterator[str]:
    if job.spec.get("manualSelector"):
        yield "spec.manualSelector: pods are selected by the Job's own labels only"
    if job.spec.get("successPolicy"):
        yield "spec.successPolicy is not supported here"


def _invalid(job: model.Job) -> Iterator[str]:
    if objects.spec(job.template).get("restartPolicy") not in ("Never", "OnFailure"):
        found = objects.spec(job.template).get("restartPolicy")
        yield f"spec.template.spec.restartPolicy is {found!r}: a Job's pods need Never or OnFailure"
    for name in ("parallelism", "completions", "backoffLimit", "backoffLimitPerIndex", "maxFailedIndexes"):
        value = job.spec.get(name)
        if value is not None and (not isinstance(value, int) or value < 0):
            yield f"spec.{name} is {value!r}: it must be a whole number, 0 or more"
    yield from _invalid_indexed(job)
    yield from _invalid_policy(job)


def _invalid_indexed(job: model.Job) -> Iterator[str]:
    if job.spec.get("completionMode") not in (None, "NonIndexed", "Indexed"):
        yield f"spec.completionMode is {job.spec['completionMode']!r}: it must be NonIndexed or Indexed"
    if job.indexed and job.spec.get("completions") is None:
        yield "spec.completions is missing: an Indexed Job needs it"
    if job.per_index_limit is not None and not job.indexed:
        yield "spec.backoffLimitPerIndex needs completionMode Indexed"
    if job.max_failed_indexes is not None and job.per_index_limit is None:
        yield "spec.maxFailedIndexes needs backoffLimitPerIndex"


def _invalid_policy(job: model.Job) -> Iterator[str]:
    if job.rules and job.restarts_in_place:
        yield "spec.podFailurePolicy needs restartPolicy Never"
    if job.spec.get("podFailurePolicy") and job.spec.get("podReplacementPolicy") == "TerminatingOrFailed":
        yield "spec.podReplacementPolicy must be Failed where podFailurePolicy is used"
    known = (policy.FAIL_JOB, policy.FAIL_INDEX, policy.IGNORE, policy.COUNT)
    for position, rule in enumerate(job.rules):
        where = f"spec.podFailurePolicy.rules[{position}]"
        if rule.get("action") not in known:
            yield f"{where}.action is {rule.get('action')!r}: it must be one of {', '.join(known)}"
        if rule.get("action") == policy.FAIL_INDEX and job.per_index_limit is None:
            yield f"{where}.action FailIndex needs backoffLimitPerIndex"
        if bool(rule.get("onExitCodes")) == bool(rule.get("onPodConditions")):
            yield f"{where} needs exactly one of onExitCodes and onPodConditions"

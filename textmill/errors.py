"""The reasons for which a request can fail, in one table, and the domain's own errors.

A reason is the CamelCase word that a person meets in a condition, an event, a log line and a metric, so each
exists once, here, with the sentence that says what to do about it. Whether trying again can help belongs to
the reason and not to the place that raises it: the planner reads it from here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why a request failed; the value is the word shown to people."""

    INPUT_MISSING = "InputMissing"
    INPUT_NOT_ALLOWED = "InputNotAllowed"
    INPUT_CHANGED = "InputChanged"
    DIGEST_MISMATCH = "DigestMismatch"
    NOT_TEXT = "NotText"
    INPUT_DAMAGED = "InputDamaged"
    INPUT_TOO_LARGE = "InputTooLarge"
    OOM_KILLED = "OOMKilled"
    EVICTED = "Evicted"
    POD_LOST = "PodLost"
    REPORT_BROKEN = "ReportBroken"
    WORKER_FAILED = "WorkerFailed"
    ARTEFACT_INVALID = "ArtefactInvalid"
    IMAGE_NOT_PULLABLE = "ImageNotPullable"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    QUOTA_EXCEEDED = "QuotaExceeded"
    POD_REFUSED = "PodRefused"
    VOLUME_MISSING = "VolumeMissing"
    VOLUME_FULL = "VolumeFull"
    INTERNAL_ERROR = "InternalError"
    STATUS_REFUSED = "StatusRefused"
    VOLUME_UNAVAILABLE = "VolumeUnavailable"


class Wait(StrEnum):
    """What a request waits for that has not failed; the value is the word shown to people."""

    QUEUED = "Queued"
    UNSCHEDULABLE = "Unschedulable"
    NOT_STARTED = "ContainerNotStarted"
    TERMINATING = "PodTerminating"
    JOB_SUSPENDED = "JobSuspended"
    LOG_UNREADABLE = "LogUnreadable"


class Advice(NamedTuple):
    """What a reason means for the planner (may another try help?) and for a person (what to do)."""

    retryable: bool
    hint: str


ADVICE: dict[Reason, Advice] = {
    Reason.INPUT_MISSING: Advice(False, "Check spec.input: upload the content first, or put the file or key there."),
    Reason.INPUT_NOT_ALLOWED: Advice(False, "Name a regular file beneath drop/, with no symbolic link on the way."),
    Reason.INPUT_CHANGED: Advice(True, "The file changed while it was read; leave it alone until the request ends."),
    Reason.DIGEST_MISMATCH: Advice(
        False, "Send an upload again, which replaces what lies there; else correct the file or spec.input.sha256."
    ),
    Reason.NOT_TEXT: Advice(
        False, "Set spec.encoding to the file's encoding, or spec.errors to replace; a binary file is not counted."
    ),
    Reason.INPUT_DAMAGED: Advice(False, "The file is cut off or damaged; send it again, whole, or as plain text."),
    Reason.INPUT_TOO_LARGE: Advice(
        False, "The content is past the operator's limits; send it as plain text, or raise them if it is no bomb."
    ),
    Reason.OOM_KILLED: Advice(True, "Raise the workers' memory limit, or lower the shard size."),
    Reason.EVICTED: Advice(True, "The node was short of resources; see the node's events."),
    Reason.POD_LOST: Advice(True, "A pod vanished before its report was read; see who deletes pods or nodes."),
    Reason.REPORT_BROKEN: Advice(True, "The worker's report could not be read whole; see the pod's log."),
    Reason.WORKER_FAILED: Advice(True, "The worker ended with an error; its last words are in the message."),
    Reason.ARTEFACT_INVALID: Advice(True, "Files on the volume do not match their manifest; check the volume."),
    Reason.IMAGE_NOT_PULLABLE: Advice(False, "Check the operator's image setting and the pull secrets."),
    Reason.DEADLINE_EXCEEDED: Advice(False, "Raise spec.timeoutSeconds in a new request, or look for what was slow."),
    Reason.QUOTA_EXCEEDED: Advice(False, "Raise the namespace's quota, or wait for other pods to end."),
    Reason.POD_REFUSED: Advice(False, "See the Job's events: the namespace's admission rules refuse the worker's pod."),
    Reason.VOLUME_MISSING: Advice(False, "Create the claim in the request's namespace; its name is a setting."),
    Reason.STATUS_REFUSED: Advice(
        False, "See which admission rule or old definition refuses the status; then create the request anew."
    ),
    Reason.VOLUME_FULL: Advice(True, "Free space on the claim: delete finished requests, or enlarge it."),
    Reason.INTERNAL_ERROR: Advice(
        False, "The operator could not work with this request, and its log says why; make the request again."
    ),
    Reason.VOLUME_UNAVAILABLE: Advice(True, "The volume or its node is in trouble; see the node's log."),
}


WAIT_ADVICE: dict[Wait, str] = {
    Wait.QUEUED: "It starts by itself once a pod is free.",
    Wait.UNSCHEDULABLE: "It starts by itself once a node has room for it; see kubectl describe pod.",
    Wait.NOT_STARTED: "It starts by itself once that is mended; see kubectl describe pod.",
    Wait.TERMINATING: "If its node is gone, delete the node; the pod is replaced after a grace in any case.",
    Wait.JOB_SUSPENDED: "The request's time stands still; it goes on when the Job's spec.suspend is false.",
    Wait.LOG_UNREADABLE: "It is tried again; see whether the pod's node answers.",
}
"""What to do about each, or that nothing need be done."""


def advice(reason: str) -> str:
    """Return what to do about a reason, empty where it is none of ours."""
    if reason in ADVICE:
        return ADVICE[Reason(reason)].hint
    return WAIT_ADVICE[Wait(reason)] if reason in WAIT_ADVICE else ""


class DomainError(Exception):
    """Base of the errors that this room raises."""


class SealBroken(DomainError):
    """A worker's report is missing, cut or altered."""


class BadObject(DomainError):
    """A Kubernetes object that claims to be ours cannot be read."""

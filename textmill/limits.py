"""The numbers by which the planner decides; sizes in bytes, times in seconds.

The defaults suit a small cluster. The operator reads them from its settings; tests pass their own.
"""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Limits:
    """Bounds and delays.

    pods: worker pods at once over all namespaces (a sharded Job counts with its parallelism); namespace_pods: those of
    one namespace, 0 for no such bound. starts: about how many requests one plan starts. small_bytes: inputs up to this
    size share a pod; batch_members and batch_bytes bound such a batch. order_bytes: command line of a batch (Linux
    allows 2 MiB); report_bytes: its report lines, which must stay far below the 10 MiB that a kubelet keeps of a log.
    shard_bytes: bigger inputs are cut into shards of about this size, at most max_shards, shard_pods of them at once.
    gather: how long small inputs that do not fill a pod wait at most, while gather_pods tokenizers of their kind have
    begun within that time and are still at work. follow_members: a batch of at least so many goes from its tokenizer to
    its count without a write between. retry_delay: before the first retry, doubled each time up to retry_ceiling.
    pod_grace: how long a Job may be without any pod before its events are read; podless_grace: how long before it is
    given up and its requests queue again. image_grace, claim_grace: how long an image may fail to be pulled, a claim be
    missing, before the request fails. input_grace, volume_grace: how long an input may be missing, a volume be full or
    in trouble, before that ends the request or counts as an attempt. log_patience: how long the log of a pod that ended
    well may be unreadable before its work is done again. terminating_grace: how long a pod may stay after it should
    have been gone before it counts as lost. keep_failed: how long a Job that failed stays, for its log. orphan_grace:
    how long a pod whose Job is not there any more counts as at work. progress_every: how long a pod runs before its log
    is looked at for how far it is, and how often then at most; 0 never. notify_attempts, notify_timeout, notify_delay:
    how often the end of a request is told to whoever asked, how long an attempt may last, and the pause after the
    first, doubled each time up to notify_ceiling.
    """

    pods: int = 8
    namespace_pods: int = 0
    starts: int = 2000
    small_bytes: int = 1 * MIB
    batch_members: int = 200
    batch_bytes: int = 64 * MIB
    order_bytes: int = 512 * KIB
    report_bytes: int = 960 * KIB
    shard_bytes: int = 256 * MIB
    max_shards: int = 1000
    shard_pods: int = 8
    gather: float = 5.0
    gather_pods: int = 2
    follow_members: int = 20
    retry_delay: float = 5.0
    retry_ceiling: float = 300.0
    pod_grace: float = 10.0
    podless_grace: float = 60.0
    image_grace: float = 900.0
    claim_grace: float = 900.0
    input_grace: float = 30.0
    volume_grace: float = 900.0
    log_patience: float = 120.0
    terminating_grace: float = 300.0
    keep_failed: float = 600.0
    orphan_grace: float = 300.0
    progress_every: float = 2.0
    notify_attempts: int = 12
    notify_timeout: float = 10.0
    notify_delay: float = 5.0
    notify_ceiling: float = 3600.0

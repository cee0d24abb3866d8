"""What keeps a pod from running here.

The reason of each class is the one that the pod's status or event shows, and where the real kubelet has a
word for it, it is that one. Retryable means that waiting may help.
"""

from local.errors import LocalError


class PodTrouble(LocalError):
    """The base of what is wrong with one pod."""

    reason = "PodTrouble"


class PodRefused(PodTrouble):
    """The pod asks for what this kubelet cannot honour; it will never run here."""

    reason = "UnsupportedByLocalKubelet"


class ConfigMissing(PodTrouble):
    """A ConfigMap, a Secret or a key of one is not there yet."""

    reason = "CreateContainerConfigError"
    retryable = True


class MountFailed(PodTrouble):
    """A volume cannot be had at its path, for now."""

    reason = "FailedMount"
    retryable = True


class ImageUnknown(PodTrouble):
    """No folder was given for the image."""

    reason = "ErrImagePull"
    retryable = True


class StartFailed(PodTrouble):
    """The command could not be started."""

    reason = "StartError"

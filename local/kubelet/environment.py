"""What a container's process finds in its environment, and its command with the variables put in.

Follows the real kubelet: variables in their order, each may refer to earlier ones as `$(NAME)`,
`$$(NAME)` stays as `$(NAME)`, an unknown one stays as it is written. One thing differs here, for want of
mount namespaces: a value or argument that equals the container's terminationMessagePath becomes the path
of this pod's own file on the host. Pure: configuration comes as an argument.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local import objects, quantity
from local.kubelet.errors import ConfigMissing, PodRefused
from local.objects import Json

DEFAULT_MESSAGE_PATH = "/dev/termination-log"
_SUBSCRIPT = re.compile(r"metadata\.(annotations|labels)\['([^']+)'\]")

Config = Callable[[str, str], Json | None]


def expand(text: str, known: Mapping[str, str]) -> str:
    """Put variables in place of their references."""

    done: list[str] = []
    at, last = 0, text.rfind(")")
    while (dollar := text.find("$", at)) >= 0:
        done.append(text[at:dollar])
        follows = text[dollar + 1 : dollar + 2]
        if follows == "(" and dollar < last:
            at = text.index(")", dollar) + 1
            done.append(known.get(text[dollar + 2 : at - 1], text[dollar:at]))
        else:
            done.append("$")
            at = dollar + 1 + (follows == "$")
    return "".join([*done, text[at:]])


def field(path: str, pod: Json) -> str:
    """The value of a fieldRef."""
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        found = objects.annotations(pod) if subscript.group(1) == "annotations" else objects.labels(pod)
        return str(found.get(subscript.group(2), ""))
    if path in ("metadata.annotations", "metadata.labels"):
        found = objects.annotations(pod) if path.endswith("annotations") else objects.labels(pod)
        return "\n".join(f'{name}="{value}"' for name, value in sorted(found.items()))
    simple: dict[str, Any] = {
        "metadata.name": objects.name(pod),
        "metadata.namespace": objects.namespace(pod),
        "metadata.uid": objects.uid(pod),
        "spec.nodeName": objects.spec(pod).get("nodeName"),
        "spec.serviceAccountName": objects.spec(pod).get("serviceAccountName") or "default",
        "status.podIP": objects.status(pod).get("podIP") or "127.0.0.1",
        "status.hostIP": objects.status(pod).get("hostIP") or "127.0.0.1",
        "status.podIPs": objects.status(pod).get("podIP") or "127.0.0.1",
        "status.hostIPs": objects.status(pod).get("hostIP") or "127.0.0.1",
    }
    if path not in simple:
        raise PodRefused(f"fieldRef {path!r} is not known here")
    return str(simple[path] or "")


def resource(reference: Mapping[str, Any], container: Json, node: Mapping[str, int]) -> str:
    """The value of a resourceFieldRef; a limit that is not set is what the node has."""
    group, _, name = str(reference.get("resource")).partition(".")
    if group not in ("limits", "requests") or name not in ("cpu", "memory"):
        raise PodRefused(f"resourceFieldRef {reference.get('resource')!r} is not known here")
    found = ((container.get("resources") or {}).get(group) or {}).get(name)
    divisor = quantity.parse(str(reference.get("divisor") or "1")) or quantity.parse("1")
    if found is None:
        amount = quantity.parse(f"{node[name]}m" if name == "cpu" else str(node[name]))
    else:
        amount = quantity.parse(found)
    return str(quantity.whole(str(amount / divisor)))


def build(
    container: Json, pod: Json, base: Mapping[str, str], config: Config, node: Mapping[str, int]
) -> dict[str, str]:
    """All variables of a container: the image's, then envFrom, then env."""
    found = dict(base)
    found["HOSTNAME"] = str(objects.spec(pod).get("hostname") or objects.name(pod))
    for source in container.get("envFrom") or []:
        found.update(_all_from(source, config))
    for variable in container.get("env") or []:
        name, source = str(variable.get("name")), variable.get("valueFrom")
        if not source:
            found[name] = expand(str(variable.get("value") or ""), found)
            continue
        value = _one_from(source, container, pod, config, node)
        if value is not None:
            found[name] = value
    return found


def _all_from(source: Mapping[str, Any], config: Config) -> dict[str, str]:
    prefix = str(source.get("prefix") or "")
    for kind, field_name in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
        reference = source.get(field_name)
        if reference:
            obj = config(kind, str(reference.get("name")))
            if obj is None:
                if reference.get("optional"):
                    return {}
                raise ConfigMissing(f'{kind.lower()} "{reference.get("name")}" not found')
            return {prefix + name: value for name, value in text_of(obj).items()}
    raise PodRefused(f"envFrom {sorted(source)} is not known here")


def _one_from(
    source: Mapping[str, Any], container: Json, pod: Json, config: Config, node: Mapping[str, int]
) -> str | None:
    if source.get("fieldRef"):
        return field(str(source["fieldRef"].get("fieldPath")), pod)
    if source.get("resourceFieldRef"):
        return resource(source["resourceFieldRef"], container, node)
    for kind, field_name in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        reference = source.get(field_name)
        if reference:
            obj = config(kind, str(reference.get("name")))
            value = None if obj is None else text_of(obj).get(str(reference.get("key")))
            if value is None and not reference.get("optional"):
                what = f'{kind.lower()} "{reference.get("name")}"'
                missing = f"{what} not found" if obj is None else f"couldn't find key {reference.get('key')} in {what}"
                raise ConfigMissing(missing)
            return value
    raise PodRefused(f"valueFrom {sorted(source)} is not known here")


def text_of(obj: Json) -> dict[str, str]:
    """The text of a ConfigMap or Secret, by key."""
    return {name: content.decode(errors="replace") for name, content in bytes_of(obj).items()}


def bytes_of(obj: Json) -> dict[str, bytes]:
    """The content of a ConfigMap or Secret, by key."""
    encoded = obj.get("data") if obj.get("kind") == "Secret" else obj.get("binaryData")
    plain = obj.get("stringData") if obj.get("kind") == "Secret" else obj.get("data")
    found = {str(name): str(text).encode() for name, text in (plain or {}).items()}
    found.update({str(name): base64.b64decode(text) for name, text in (encoded or {}).items()})
    return found


def command(container: Json, variables: Mapping[str, str], message_file: str) -> list[str]:
    """The command line: command and args, with variables and the message file put in."""
    words: Sequence[str] = [*(container.get("command") or []), *(container.get("args") or [])]
    return [own_message(container, expand(str(word), variables), message_file) for word in words]


def own_message(container: Json, value: str, message_file: str) -> str:
    """The pod's own file, where a value is the path at which a container would find it."""
    path = container.get("terminationMessagePath") or DEFAULT_MESSAGE_PATH
    return message_file if value == path else value

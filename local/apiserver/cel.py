"""The one door to the CEL library: compile an expression over typed variables, then evaluate it on plain values.

The library (CEL-C++) is young, so nothing else may import it. Of Kubernetes' own functions `find`, `findAll` and
`isQuantity` are added; an expression that needs another one does not compile, and its CRD is refused. An optional
`oldSelf` is bound by a comprehension over one element, since the library takes no optional from outside.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings

DYN: Final = "dyn"
TYPES: Final[Mapping[str, cel.Type]] = {
    "string": cel.Type.STRING,
    "integer": cel.Type.INT,
    "number": cel.Type.DOUBLE,
    "boolean": cel.Type.BOOL,
    "array": cel.Type.LIST,
    "object": cel.Type.MAP,
    "timestamp": cel.Type.TIMESTAMP,
    DYN: cel.Type.DYN,
}
QUANTITY = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?\d+))?")
OPTIONAL = "[oldSelfPresent ? optional.of(oldSelfValue) : optional.none()].map(oldSelf, ({}))[0]"

Evaluate = Callable[[Mapping[str, Any]], Any]


class CelError(Exception):
    """An expression that does not compile or does not evaluate; `rules` turns it into causes."""

    reason = "ExpressionInvalid"
    hint = "correct the expression in the CRD"
    retryable = False


def _find(text: str, pattern: str) -> str:
    match = re.search(pattern, text)
    return match.group(0) if match else ""


def _find_all(text: str, pattern: str) -> list[str]:
    return [match.group(0) for match in re.finditer(pattern, text)]


def _functions() -> list[cel.FunctionDecl]:
    string = cel.Type.STRING
    return [
        cel.FunctionDecl("find", [cel.Overload("string_find", string, [string, string], True, _find)]),
        cel.FunctionDecl(
            "findAll",
            [cel.Overload("string_find_all", cel.Type.List(string), [string, string], True, _find_all)],
        ),
        cel.FunctionDecl(
            "isQuantity",
            [cel.Overload("is_quantity", cel.Type.BOOL, [string], False, lambda text: bool(QUANTITY.fullmatch(text)))],
        ),
    ]


@functools.cache
def _environment(kind: str) -> cel.Env:
    own = TYPES.get(kind, cel.Type.DYN)
    variables = {"self": own, "oldSelf": own, "oldSelfValue": own, "oldSelfPresent": cel.Type.BOOL}
    return cel.NewEnv(
        variables=variables, extensions=[ext_optional.ExtOptional(), ext_strings.ExtStrings()], functions=_functions()
    )


def compile_expression(text: str, kind: str, wanted: str, *, optional_old: bool = False) -> Evaluate:
    """A function from variables to a value; `kind` is the type of self, `wanted` that of the result."""
    try:
        expression = _environment(kind).compile(OPTIONAL.format(text) if optional_old else text)
    except RuntimeError as error:
        raise CelError(f"compilation failed: {str(error).partition(' [INVALID_ARGUMENT]')[0]}") from error
    if expression.return_type() not in (TYPES[wanted], cel.Type.DYN):
        raise CelError(f"must evaluate to a {wanted}, not {expression.return_type().name().lower()}")

    def evaluate(variables: Mapping[str, Any]) -> Any:
        value = expression.eval(data=dict(variables))
        if value.type() == cel.Type.ERROR:
            raise CelError(str(value.value()))
        return value.plain_value()

    return evaluate


def variables(value: Any, old: Any, *, has_old: bool, optional_old: bool) -> dict[str, Any]:
    """What an expression sees."""
    value, old = _without_nul(value), _without_nul(old)
    if optional_old:
        return {"self": value, "oldSelfPresent": has_old, "oldSelfValue": old if has_old else value}
    return {"self": value, "oldSelf": old} if has_old else {"self": value}


def _without_nul(value: Any) -> Any:
    """The value with another control character for each NUL: the library cuts strings there, and rules would pass."""
    if isinstance(value, str):
        return value.replace("\0", "\1")
    if isinstance(value, dict):
        return {key: _without_nul(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nul(inner) for inner in value]
    return value

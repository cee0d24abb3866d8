"""A property that is computed once for each object, for what every plan asks of every request.

`functools.cached_property` does the same and takes a lock to do it until Python 3.11, which was half of what it cost to
plan for a request for the first time. No lock is needed: what is computed here depends on frozen fields alone, so it
is the same whoever computes it. An object's own `__dict__` is asked first, so from then on it is a plain attribute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class cached(Generic[Owner, Value]):  # noqa: N801 - it is used as a decorator, as property is
    """Decorates a method without arguments."""

    def __init__(self, compute: Callable[[Owner], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, one: None, owner: type[Any]) -> cached[Owner, Value]: ...
    @overload
    def __get__(self, one: Owner, owner: type[Any]) -> Value: ...

    def __get__(self, one: Owner | None, owner: type[Any]) -> cached[Owner, Value] | Value:
        """Compute the value and leave it with the object."""
        if one is None:
            return self
        value = one.__dict__[self._name] = self._compute(one)
        return value

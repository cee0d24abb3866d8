"""What Textmill promises, foldered by behaviour.

`tree/` tests the tree itself: its checks, its locks, its scripts. `system/` alone needs packages of Debian. A
folder needs no `__init__.py`; this one keeps a stray package called `tests` from standing in the way.
"""

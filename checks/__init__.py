"""The checks of `make lint` that no tool brings, each a plain function that is tested.

A check takes a file's path and text and yields problems; it opens nothing itself, so its tests need no tree.
`tree.py` lists the files, `__main__.py` runs everything. What a tool can check (ruff, mypy, import-linter)
is set up in pyproject.toml and not written again here. Nothing of the product imports this package.
"""

"""One-purpose commands behind the Makefile's longer recipes.

A recipe of more than five lines moves here, where it can be typed and tested. Nothing of the product
imports this package, and no script is needed to run the product. `prepare.py` alone must also work on a
Python that is too old for the rest.
"""

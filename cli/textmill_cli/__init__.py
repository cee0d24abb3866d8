"""The command line `textmill`, the one part that is installed as a wheel, together with the domain.

Like the operator's, its folder holds one package of a name of its own: `cli` alone would claim a word in everybody's
site-packages.
"""

"""The image's way in: names each command of the image, and checks an installation from outside.

It starts the other rooms as processes and speaks HTTP to them, and imports none of them, so that `--help` answers
at once and a fault in one room cannot stop the commands of another.
"""

"""Documents whose text lies within a format: PDF, DOCX, EPUB and HTML, told by their first bytes and read in a child.

Parsers of such formats are large, partly native, and fed by strangers. So the worker itself only looks at the head
(`kinds.py`); the parsing goes on in a process of its own (`child.py` starts it, `__main__.py` is it) that has limits
on memory, time and files (`sandbox.py`) and gives back plain text through a pipe. What comes out is text like any
other to the rest of the worker. PDF and HTML need the packages of requirements-documents.in.
"""

"""What the Jobs run: the tokenizer and the word count, on files alone.

This room knows nothing of Kubernetes and opens no network. It reads an input from the volume, writes its artefacts
back under a temporary name, renames them, and tells its result on standard output. Everything streams: memory is
bounded by a setting and not by the size of the input. Orders and reports are the domain's (`textmill.orders`,
`textmill.reports`).
"""

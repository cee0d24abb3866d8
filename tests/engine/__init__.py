"""The engines: the compiled one and the reference give the same words, ids, rows and bytes."""

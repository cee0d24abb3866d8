"""The Job controller: its one pure function over tables and histories, and the whole of it on a running cluster."""

"""Pure parts of the domain that no other folder is about."""

"""The command line, by its real process against a real stack, and in this process against answers made up."""

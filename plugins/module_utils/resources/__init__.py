"""The kinds of resources: the only code that calls AWS, one kind per file."""

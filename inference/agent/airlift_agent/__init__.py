"""The release agent: makes the host run what the release document says, and nothing else."""

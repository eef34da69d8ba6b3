"""Whether a call may be made: identity and resource policies, permissions boundaries and their conditions."""

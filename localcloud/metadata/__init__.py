"""The instance metadata service, version 2, at 169.254.169.254 for each instance."""

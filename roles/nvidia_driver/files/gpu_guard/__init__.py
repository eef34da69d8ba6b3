"""Says whether the GPUs of this host can be used, and will be tomorrow."""

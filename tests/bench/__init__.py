"""Provisioning measured beside the stock modules, in one run on one machine. `make bench` runs it."""

"""Carries plans out, with threads, clocks and calls to AWS. Nothing else does."""

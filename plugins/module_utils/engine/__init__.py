"""The edge of the engine: the only code that runs plans, with threads, clocks and calls to AWS."""

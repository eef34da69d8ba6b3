"""The inside of the engine image: one model, OpenAI's HTTP API on port 8000, ``/health`` and ``/metrics``."""

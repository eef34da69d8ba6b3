"""How all tests run."""

from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("airlift", deadline=None)
settings.load_profile("airlift")

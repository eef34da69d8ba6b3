"""The embedded AWS: moto in a process of ours, with real programs behind what moto only pretends."""

"""The owner's options as a graph of wanted resources. Pure."""

"""Container images: named by what they are built from, built once, pushed with a login kept nowhere."""

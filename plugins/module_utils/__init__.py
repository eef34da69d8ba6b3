"""What the modules and plugins of the collection share."""

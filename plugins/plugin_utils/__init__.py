"""Code that the collection's controller-side plugins share."""

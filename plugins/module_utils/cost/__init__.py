"""What a stack costs a month, before it is there."""

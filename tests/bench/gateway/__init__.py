"""What the edge adds to an answer, beside another gateway in front of the same upstream."""

"""Where models come from: one file per kind of source. What they give is published content-addressed."""

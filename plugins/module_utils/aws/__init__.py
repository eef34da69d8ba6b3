"""How AWS is reached, as whom, and in which words its errors are told."""

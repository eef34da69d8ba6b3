"""Long prompts side by side through the edge, half of whose clients leave: what is lost, what stays."""

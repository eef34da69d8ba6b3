"""What the agent asks AWS; the wording of AWS's errors is the collection's."""

"""Commands on hosts that are reached by no port, through SSM Run Command."""

"""What is published and released, and the way of its bytes: for the modules here and the agent on the hosts.

Nothing in this package imports Ansible or anything outside of it, since the agent carries a copy.
"""

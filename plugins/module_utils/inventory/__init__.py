"""Instances of a stack as Ansible's hosts, and the SSH host keys they are known by."""

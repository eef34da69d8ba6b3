"""EC2: instances are systemd containers, VPCs are Docker networks."""

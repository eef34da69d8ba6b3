"""ELBv2's data plane: HAProxy carries what moto's load balancers describe."""

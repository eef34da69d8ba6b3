"""ECR's data plane: Debian's docker-registry under the registry's own name, with TLS and ECR's rules."""

"""SSM Run Command's data plane: AWS-RunShellScript really runs in the instance's container."""

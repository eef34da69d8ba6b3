"""The policy of whoever runs Airlift, made from what the embedded AWS's IAM was asked."""

"""What a client sees of the endpoint: requests over verified TLS, and the checks that it is OpenAI's API."""

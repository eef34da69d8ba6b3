"""Who we are to AWS, and in one sentence why AWS will not say."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import AirliftError

_WRONG_KEY = "Check access_key and secret_key, the profile, or the AWS_ variables of the environment."

_BY_CODE = {
    "ExpiredToken": ("The AWS credentials have expired.", "Sign in again (aws sso login, or new keys)."),
    "ExpiredTokenException": (
        "The AWS credentials have expired.",
        "Sign in again (aws sso login, or new keys).",
    ),
    "RequestExpired": (
        "AWS calls the request too old.",
        "Set this machine's clock: it must be right to 5 minutes.",
    ),
    "InvalidClientTokenId": ("AWS does not know this access key.", _WRONG_KEY),
    "UnrecognizedClientException": ("AWS does not know this access key.", _WRONG_KEY),
    "SignatureDoesNotMatch": ("The secret key does not belong to the access key.", _WRONG_KEY),
    "IncompleteSignature": ("The AWS credentials are incomplete.", _WRONG_KEY),
    "AccessDenied": ("AWS denies even sts:GetCallerIdentity.", "Ask who manages the account."),
}

_BY_EXCEPTION = {
    "NoCredentialsError": (
        "No AWS credentials were found.",
        "Set access_key and secret_key, a profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    "PartialCredentialsError": ("Only one half of the AWS credentials is set.", _WRONG_KEY),
    "CredentialRetrievalError": ("The AWS credentials could not be retrieved.", "Sign in again."),
    "SSOTokenLoadError": ("There is no valid AWS SSO session.", "Run: aws sso login"),
    "UnauthorizedSSOTokenError": ("The AWS SSO session has expired.", "Run: aws sso login"),
    "TokenRetrievalError": ("The AWS SSO session has expired.", "Run: aws sso login"),
}

_UNREACHABLE = {
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ConnectionClosedError",
    "ProxyConnectionError",
    "SSLError",
    "HTTPClientError",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials these are: the account's 12 digits and the ARN of the caller."""

    account_id: str
    arn: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn``, ``aws-us-gov``: the second word of every ARN."""
        return self.arn.split(":")[1]


def explain(error: Exception, region: str, endpoint_url: str | None, known_region: bool) -> AirliftError:
    """Return one clear sentence for what kept us from AWS; ``error`` is botocore's."""
    name = type(error).__name__
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = str(response.get("Error", {}).get("Code", ""))
        message = str(response.get("Error", {}).get("Message", ""))
        if code in _BY_CODE:
            return AirliftError(*_BY_CODE[code])
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        where = f" at {endpoint_url}" if endpoint_url else ""
        said = f"{code or status} {message}".rstrip(" .")
        return AirliftError(f"AWS{where} did not say who we are: {said}.")
    if name in _BY_EXCEPTION:
        return AirliftError(*_BY_EXCEPTION[name])
    if name in _UNREACHABLE:
        return _unreachable(error, region, endpoint_url, known_region)
    return AirliftError(f"AWS could not be asked who we are: {error}.")


def _unreachable(error: Exception, region: str, endpoint_url: str | None, known_region: bool) -> AirliftError:
    if endpoint_url:
        return AirliftError(
            f"Nothing answers at the AWS endpoint {endpoint_url}.",
            "Start what should listen there, or correct airlift_endpoint_url (or AWS_ENDPOINT_URL).",
        )
    if not known_region:
        return AirliftError(
            f"There is no AWS region {region}.", "Correct region (airlift_region), such as eu-central-1."
        )
    return AirliftError(
        f"AWS cannot be reached in {region}: {error}.",
        "Check this machine's network, DNS and proxy settings.",
    )

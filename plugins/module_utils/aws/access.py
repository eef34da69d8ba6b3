"""Who we are to AWS, and in one sentence why AWS will not say."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import AirliftError
from .errors import code_of, is_no_answer, message_of, no_credentials, unreachable
from .remedies import WRONG_KEY

_EXPIRED = ("The AWS credentials have expired.", "Sign in again (aws sso login, or new keys).")
_UNKNOWN_KEY = ("AWS does not know this access key.", WRONG_KEY)

NOT_KNOWN_HERE = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"})
"""What AWS answers where it does not know the key: also a right key, in a region that is not enabled."""

_BY_CODE = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": (
        "AWS calls the request too old.",
        "Set this machine's clock: it must be right to 5 minutes.",
    ),
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "UnrecognizedClientException": _UNKNOWN_KEY,
    "AuthFailure": _UNKNOWN_KEY,
    "SignatureDoesNotMatch": ("The secret key does not belong to the access key.", WRONG_KEY),
    "IncompleteSignature": ("The AWS credentials are incomplete.", WRONG_KEY),
    "AccessDenied": ("AWS denies even sts:GetCallerIdentity.", "Ask who manages the account."),
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


def region_not_enabled(region: str, account_id: str) -> AirliftError:
    """Return what to say where the key is right, and the account has not enabled ``region``.

    https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
    """
    return AirliftError(
        f"The region {region} is not enabled for the account {account_id}.",
        "Enable it (AWS console: Account, AWS Regions; it takes minutes), or set airlift_region to another.",
    )


def access_error(error: Exception, region: str, endpoint_url: str | None, known_region: bool) -> AirliftError:
    """Return one clear sentence for what kept us from AWS; ``error`` is botocore's."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        if (code := code_of(error)) in _BY_CODE:
            return AirliftError(*_BY_CODE[code])
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        where = f" at {endpoint_url}" if endpoint_url else ""
        said = f"{code or status} {message_of(error)}".rstrip(" .")
        return AirliftError(f"AWS{where} did not say who we are: {said}.")
    if known := no_credentials(error) or unreachable(error, endpoint_url):
        return AirliftError(*known)
    if not is_no_answer(error):
        return AirliftError(f"AWS could not be asked who we are: {error}.")
    if not known_region:
        return AirliftError(
            f"There is no AWS region {region}.", "Correct region (airlift_region), such as eu-central-1."
        )
    return AirliftError(
        f"AWS cannot be reached in {region}: {error}.",
        "Check this machine's network, DNS and proxy settings.",
    )

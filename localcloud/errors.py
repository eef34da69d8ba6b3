"""The one exception that reaches a user, as one sentence."""


class LocalcloudError(Exception):
    """Something that localcloud cannot do.

    `str(error)` is the whole sentence: what failed, why, and what to do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy

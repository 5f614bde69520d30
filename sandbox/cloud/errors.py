"""The one exception: what AWS, or the provider in front of it, refuses."""

from __future__ import annotations

import uuid


class CloudError(Exception):
    """A refusal. With an operation it reads as the AWS SDK prints it, without one as the provider's own check."""

    def __init__(self, message: str, *, code: str = "", service: str = "", operation: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.service = service
        self.operation = operation

    def __str__(self) -> str:
        if not self.operation:
            return self.message
        head = f"operation error {self.service}: {self.operation}, https response error StatusCode:"
        if not self.code:
            return f"{head} 0, RequestID: , {self.message}"
        return f"{head} 400, RequestID: {uuid.uuid4()}, api error {self.code}: {self.message}"


def unreachable(service: str, operation: str, endpoint: str) -> CloudError:
    """What a call to a dead region ends with once its retries are spent."""
    message = f'RequestError: send request failed, Post "https://{endpoint}/": dial tcp: i/o timeout'
    return CloudError(message, service=service, operation=operation)

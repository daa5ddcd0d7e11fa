"""The transport adapter that stands between a requests session and the mock markets."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from requests import ConnectionError, PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse


class Answer(NamedTuple):
    """Hold what a market says to a request."""

    status: int
    headers: dict[str, str]
    body: bytes


Face = Callable[[PreparedRequest], Answer]


def compact(value: Any) -> str:
    """Return JSON without spaces, letters of any alphabet as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Offline(HTTPAdapter):
    """Make responses out of answers, as if urllib3 had brought them."""

    def respond(self, request: PreparedRequest, answer: Answer) -> Response:
        """Return an answer as a response to the request."""
        raw = HTTPResponse(
            body=BytesIO(answer.body),
            headers=answer.headers,
            status=answer.status,
            reason=HTTPStatus(answer.status).phrase,
            preload_content=False,
            request_method=request.method,
            request_url=request.url,
        )
        return self.build_response(request, raw)


class Markets(Offline):
    """Answer each request by the face of its host; nothing ever reaches the network.

    Mount it on "https://". A host without a face is a ConnectionError.
    """

    def __init__(self, faces: Mapping[str, Face]) -> None:
        super().__init__()
        self._faces = dict(faces)

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Response:
        """Return the answer of the host's face."""
        host = urlsplit(request.url or "").hostname or ""
        if host not in self._faces:
            raise ConnectionError(f"no mock market at {host}", request=request)
        return self.respond(request, self._faces[host](request))

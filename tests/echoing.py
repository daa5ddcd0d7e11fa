"""A bot whose markets, once a file says so, tell in their errors what they were sent.

The file says `keyed` for requests with a key only, `all` for every one.
"""

import json
import logging
import os
import sys
from pathlib import Path

from requests import ConnectionError

import main
from local.faults import Faulty
from local.markets import Answer

TEMPERS = ("refuse", "complain", "echo")


class Echoing(Faulty):
    """Pass requests on, or answer them with their own address and headers, in turn three ways."""

    def __init__(self, inner, switch):
        super().__init__(inner)
        self._switch, self._turn = switch, 0

    def send(self, request, *args, **kwargs):
        if not self._broken(request):
            return super().send(request, *args, **kwargs)
        self._turn += 1
        words = f"{request.method} {request.url} {dict(request.headers)} {request.body}"
        logging.getLogger("library").debug("sent %s", words)
        temper = TEMPERS[self._turn % len(TEMPERS)]
        if temper == "refuse":
            raise ConnectionError(words, request=request)
        fields = {"code": -1022, "msg": words, "message": words, "error": words}
        told = {**fields, "status": {"error_code": 1001, "error_message": words}}
        status = 400 if temper == "complain" else 200
        body = json.dumps(told).encode()
        return self.respond(request, Answer(status, {"Content-Type": "application/json"}, body))

    def _broken(self, request):
        said = self._switch.read_text("utf-8") if self._switch.exists() else ""
        return said == "all" or (said and any("key" in name.lower() for name in request.headers))


def live(switch):
    """Be the bot until told to end."""
    opened = main.open_markets
    main.open_markets = lambda **kept: Echoing(opened(**kept), Path(switch))
    status = main.main([])
    logging.shutdown()
    os._exit(status)


if __name__ == "__main__":
    live(sys.argv[1])

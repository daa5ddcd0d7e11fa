"""What says that an answer is being made, taken away at the next start where a kill left it."""

import json
import threading

from bot import Reply
from db import Db
from post import Post, Thread

LEFT = "interim"


class Interim:
    """Keep written down which chats show a passing message of ours, one each."""

    def __init__(self, post: Post, db: Db) -> None:
        self._post, self._db, self._lock = post, db, threading.Lock()
        self._left: dict[str, tuple[int, Thread]] = {}

    def note(self, thread: Thread, reply: Reply) -> None:
        """Note a passing message that was just sent, or that its answer has come."""
        chat, shown = str(thread.chat), reply.passing and not reply.edit
        if not shown and self._left.get(chat, (0, None))[1] is not thread:
            return
        with self._lock:
            self._left.pop(chat, None)
            if shown and thread.message:
                self._left[chat] = thread.message, thread
            left = {chat: message for chat, (message, _) in self._left.items()}
            self._db.keep_note(LEFT, json.dumps(left) if left else "")

    def sweep(self) -> None:
        """Delete what an earlier run left; its answers are made anew."""
        left = json.loads(self._db.note(LEFT) or "{}")
        for chat, message in left.items():
            self._post.quietly(self._post.api.delete_message, int(chat), message)
        if left:
            self._db.keep_note(LEFT, "")

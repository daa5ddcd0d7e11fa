"""Files of the local Telegram, kept in memory, and a picture's size from its header."""

import mimetypes
import secrets
import struct
from dataclasses import dataclass, field
from pathlib import PurePath

KEPT_BYTES = 200 * 2**20
PHOTO_BYTES = 10 * 2**20
PHOTO_SIDES = 10_000
PHOTO_RATIO = 20
NO_FRAME = (0xC4, 0xC8, 0xCC)


@dataclass(frozen=True, eq=False)
class File:
    """An uploaded file; kind is photo or document, width and height are a photo's pixels."""

    id: str
    kind: str
    name: str
    data: bytes = field(repr=False)
    width: int = 0
    height: int = 0

    @property
    def mime(self) -> str:
        if self.kind == "photo":
            return "image/png" if self.data.startswith(b"\x89PNG") else "image/jpeg"
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def suffix(self) -> str:
        """The ending of the file's name, found from its content if a photo has none."""
        ending = PurePath(self.name).suffix
        return ending or (
            mimetypes.guess_extension(self.mime) or "" if self.kind == "photo" else ""
        )

    @property
    def path(self) -> str:
        """The file_path of getFile."""
        return f"{self.kind}s/{self.id}{self.suffix}"


class Files:
    """Uploaded files by id; the oldest go when there are more than KEPT_BYTES of them."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._size = 0

    def add(self, kind: str, name: str, data: bytes) -> File:
        """Keep an upload and return it with a new file_id."""
        width, height = (image_size(data) or (0, 0)) if kind == "photo" else (0, 0)
        file = File(secrets.token_urlsafe(24), kind, name, data, width, height)
        self._files[file.id] = file
        self._size += len(data)
        while self._size > KEPT_BYTES and len(self._files) > 1:
            self._size -= len(self._files.pop(next(iter(self._files))).data)
        return file

    def get(self, file_id: str) -> File | None:
        """The file of this file_id, if it is still kept."""
        return self._files.get(file_id)

    def at(self, path: str) -> File | None:
        """The file of this file_path, if it is still kept."""
        file = self.get(PurePath(path).stem)
        return file if file and file.path == path else None


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG picture in pixels; None for anything else."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    return _jpeg_size(data) if data[:2] == b"\xff\xd8" else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in NO_FRAME:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None

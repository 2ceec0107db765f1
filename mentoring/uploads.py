"""How large an upload may be, decided while it comes in and before anything of it is kept.

The first handler of FILE_UPLOAD_HANDLERS. Files beyond the limit are read to their end and thrown away, in
pieces: neither memory nor the disk ever holds more than the limit, and the page can say what was wrong beside
the field (`was_too_large`), with everything else that was sent.
"""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

MEGABYTE = 1_000_000
USUAL_LIMIT = 5 * MEGABYTE
# Pages that take more, by the name of their view. All files of one request share its limit.
LIMITS = {
    "transfer:import-new": 64 * MEGABYTE,
}
REFUSED = "holdfast.too_large_uploads"


class LimitedUploadHandler(FileUploadHandler):
    chunk_size = 64 * 2**10

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        assert self.request is not None
        self.received += len(raw_data)
        if self.received > limit_of(self.request):
            self.request.META.setdefault(REFUSED, set()).add(self.field_name)
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> UploadedFile | None:
        return None  # the handlers after this one keep the file


def limit_of(request: HttpRequest) -> int:
    """In bytes. The view is known here: Django resolves an address before anything reads what was posted."""
    match: Any = request.resolver_match
    return LIMITS.get(match.view_name, USUAL_LIMIT) if match else USUAL_LIMIT


def was_too_large(request: HttpRequest, field: str) -> bool:
    """Whether a file for this field came and was thrown away. Ask only after reading request.FILES."""
    return field in request.META.get(REFUSED, ())

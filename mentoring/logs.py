import logging
import re

SECRET = re.compile(r"/(feeds|join|invitations|confirm|your-data/file)/[^\s\"']+")


class HideTokens(logging.Filter):
    """An address with a token in it is a permission, and no log may give it away."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if SECRET.search(message):
            record.msg, record.args = SECRET.sub(r"/\1/…", message), ()
        return True

import logging
import re

FEED = re.compile(r"/feeds/[^\s\"']+")


class HideFeeds(logging.Filter):
    """The address of a private feed is a permission, and no log may give it away."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "/feeds/" in message:
            record.msg, record.args = FEED.sub("/feeds/…", message), ()
        return True

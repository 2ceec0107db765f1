from tests.running import catcher, site

__all__ = ["catcher", "site"]

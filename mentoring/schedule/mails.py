"""What is said by mail about sessions: one function a message."""

import uuid


def about(session_id: uuid.UUID) -> str:
    return f"session:{session_id}"

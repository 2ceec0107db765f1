"""What is said by mail about sessions: one function a message."""

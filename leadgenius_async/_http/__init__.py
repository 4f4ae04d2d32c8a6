"""One request's way to the wire: deadline, credentials, retry, permit, send, read, decode."""

"""Decisions a lawyer can read: given what happened in a case, a request is expected to be allowed or refused."""

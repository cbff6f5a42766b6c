"""The verifier that ships alone: it reads copies of a log and reports. Standard library, and `cryptography` for signatures."""
